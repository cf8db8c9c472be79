// What every OriginStore has to keep, whatever it is made of.
#include <functional>
#include <memory>

#include <gtest/gtest.h>

#include "dataplane/core/origin_store.h"
#include "dataplane/directory/memory_origin_store.h"

namespace srsproxy {
namespace {

struct Implementation {
  const char* name;
  std::function<std::unique_ptr<OriginStore>()> make;
};

class OriginStoreContractTest : public testing::TestWithParam<Implementation> {
 protected:
  static OriginRecord Record(const std::string& server, const std::string& ip) {
    OriginRecord record;
    record.registration.ip = ip;
    record.registration.server = server;
    record.registration.service = "svc";
    record.registration.pid = "1";
    record.registration.rtmp = {{Transport::kTcp, "", 1935}};
    record.registration.labels = {{"rack", "7"}};
    record.generation = 3;
    record.lease_id = "secret";
    record.source = "10.0.0.9";
    record.registered_at = absl::FromUnixSeconds(1'700'000'000);
    return record;
  }

  std::unique_ptr<OriginStore> store_ = GetParam().make();
};

TEST_P(OriginStoreContractTest, KeepsRecordsById) {
  EXPECT_TRUE(store_->Records().empty());
  store_->PutRecord(Record("a", "10.0.0.1"));
  store_->PutRecord(Record("b", "10.0.0.2"));
  store_->PutRecord(Record("a", "10.0.0.3"));
  const auto records = store_->Records();
  ASSERT_EQ(records.size(), 2u);
  const OriginRecord& a = records[0].registration.server == "a" ? records[0] : records[1];
  EXPECT_EQ(a.registration, Record("a", "10.0.0.3").registration);
  EXPECT_EQ(a.generation, 3u);
  EXPECT_EQ(a.lease_id, "secret");
  EXPECT_EQ(a.source, "10.0.0.9");
  EXPECT_EQ(a.registered_at, absl::FromUnixSeconds(1'700'000'000));
}

TEST_P(OriginStoreContractTest, RemovesRecords) {
  store_->PutRecord(Record("a", "10.0.0.1"));
  store_->RemoveRecord("none-svc-1");
  EXPECT_EQ(store_->Records().size(), 1u);
  store_->RemoveRecord("a-svc-1");
  EXPECT_TRUE(store_->Records().empty());
}

TEST_P(OriginStoreContractTest, KeepsOverridesWhenRecordsGo) {
  OriginOverrides wishes;
  wishes.admin_state = AdminState::kCordoned;
  wishes.weight = 0.5;
  EXPECT_EQ(store_->Overrides("a"), OriginOverrides{});
  store_->PutRecord(Record("a", "10.0.0.1"));
  ASSERT_TRUE(store_->SetOverrides("a", wishes).ok());
  store_->RemoveRecord("a-svc-1");
  EXPECT_EQ(store_->Overrides("a"), wishes);
  EXPECT_EQ(store_->Overrides("b"), OriginOverrides{});
  EXPECT_EQ(store_->AllOverrides().size(), 1u);
  ASSERT_TRUE(store_->SetOverrides("a", {}).ok());
  EXPECT_EQ(store_->Overrides("a"), OriginOverrides{});
  EXPECT_TRUE(store_->AllOverrides().empty());
}

INSTANTIATE_TEST_SUITE_P(Stores, OriginStoreContractTest,
                         testing::Values(Implementation{
                             "memory", [] { return std::make_unique<MemoryOriginStore>(); }}),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy
