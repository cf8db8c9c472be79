// What every OriginStore has to keep, whatever it is made of.
#include <atomic>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <thread>

#include <gtest/gtest.h>
#include <stdlib.h>

#include "dataplane/core/origin_store.h"
#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/late_origin_store.h"
#include "tests/support/origin_records.h"
#include "tests/support/redis_origins.h"
#include "tests/support/redis_server.h"

namespace srsproxy {
namespace {

struct Implementation {
  const char* name;
  std::function<std::shared_ptr<OriginStore>()> make;
};

class OriginStoreContractTest : public testing::TestWithParam<Implementation> {
 protected:
  static OverridesChange Weight(std::optional<double> weight) {
    OverridesChange change;
    change.weight = FieldChange<double>::To(weight);
    return change;
  }
  // Returns the answer, however late it comes.
  absl::StatusOr<OriginOverrides> ChangeOverrides(const std::string& server,
                                                  OverridesChange change) {
    std::promise<absl::StatusOr<OriginOverrides>> answer;
    store_->ChangeOverrides(
        server, std::move(change),
        [&](absl::StatusOr<OriginOverrides> decided) { answer.set_value(std::move(decided)); });
    return answer.get_future().get();
  }

  std::shared_ptr<OriginStore> store_ = GetParam().make();
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
  EXPECT_EQ(a.lease_digests, (std::vector<std::string>{"newer", "older"}));
  EXPECT_EQ(a.source, "10.0.0.9");
  EXPECT_EQ(a.registered_at, absl::FromUnixSeconds(1'700'000'000));
}

TEST_P(OriginStoreContractTest, RemovesRecords) {
  store_->PutRecord(Record("a", "10.0.0.1"));
  store_->RemoveRecord("none-svc-1", {});
  EXPECT_EQ(store_->Records().size(), 1u);
  store_->RemoveRecord("a-svc-1", {});
  EXPECT_TRUE(store_->Records().empty());
}

TEST_P(OriginStoreContractTest, ChangesTheFieldsThatADecisionNames) {
  OverridesChange first;
  first.admin_state = FieldChange<AdminState>::Set(AdminState::kCordoned);
  first.weight = FieldChange<double>::Set(0.5);
  ASSERT_TRUE(ChangeOverrides("a", first).ok());
  OverridesChange second;
  second.weight = FieldChange<double>::Clear();
  second.zone = FieldChange<std::string>::Set("west");
  OriginOverrides both;
  both.admin_state = AdminState::kCordoned;
  both.zone = "west";
  EXPECT_EQ(*ChangeOverrides("a", second), both);
  EXPECT_EQ(store_->Overrides("a"), both);
  EXPECT_EQ(store_->Overrides("b"), OriginOverrides{});
}

TEST_P(OriginStoreContractTest, KeepsDecisionsWhenRecordsGo) {
  store_->PutRecord(Record("a", "10.0.0.1"));
  ASSERT_TRUE(ChangeOverrides("a", Weight(2)).ok());
  store_->RemoveRecord("a-svc-1", {});
  EXPECT_EQ(store_->Overrides("a").weight, 2);
}

TEST_P(OriginStoreContractTest, ForgetsAServerAboutWhichNothingIsDecided) {
  ASSERT_TRUE(ChangeOverrides("a", Weight(2)).ok());
  EXPECT_EQ(store_->AllOverrides().size(), 1u);
  EXPECT_EQ(*ChangeOverrides("a", Weight(std::nullopt)), OriginOverrides{});
  EXPECT_TRUE(store_->AllOverrides().empty());
  EXPECT_TRUE(ChangeOverrides("b", {}).ok());
  EXPECT_TRUE(store_->AllOverrides().empty());
}

TEST_P(OriginStoreContractTest, DecisionsThatAreMadeAtOnceLoseNothing) {
  constexpr int kRounds = 30;
  const auto decide = [this](auto change) {
    for (int i = 1; i <= kRounds; ++i) ASSERT_TRUE(ChangeOverrides("a", change(i)).ok());
  };
  std::thread other(decide, [](int i) { return Weight(i); });
  decide([](int i) {
    OverridesChange change;
    change.capacity = FieldChange<int64_t>::Set(i);
    return change;
  });
  other.join();
  EXPECT_EQ(store_->Overrides("a").weight, kRounds);
  EXPECT_EQ(store_->Overrides("a").capacity, kRounds);
}

TEST_P(OriginStoreContractTest, ADrainKeepsItsStart) {
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  OverridesChange drain;
  drain.made_at = start;
  drain.admin_state = FieldChange<AdminState>::Set(AdminState::kDraining);
  EXPECT_EQ(ChangeOverrides("a", drain)->drain, OriginDrain{.started_at = start});
  drain.made_at += absl::Seconds(5);
  drain.drain_deadline = FieldChange<absl::Time>::Set(start + absl::Hours(1));
  const OriginDrain with_deadline{.started_at = start, .deadline = start + absl::Hours(1)};
  EXPECT_EQ(ChangeOverrides("a", drain)->drain, with_deadline);
  EXPECT_EQ(ChangeOverrides("a", Weight(2))->drain, with_deadline) << "another field";
  OverridesChange end;
  end.admin_state = FieldChange<AdminState>::Clear();
  EXPECT_EQ(ChangeOverrides("a", end)->drain, std::nullopt);
}

TEST_P(OriginStoreContractTest, AWrongDecisionChangesNothing) {
  ASSERT_TRUE(ChangeOverrides("a", Weight(2)).ok());
  OverridesChange half_wrong = Weight(-1);
  half_wrong.zone = FieldChange<std::string>::Set("west");
  EXPECT_EQ(ChangeOverrides("a", half_wrong).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ChangeOverrides("", Weight(1)).status().code(), absl::StatusCode::kInvalidArgument);
  OriginOverrides before;
  before.weight = 2;
  EXPECT_EQ(store_->Overrides("a"), before);
  EXPECT_EQ(store_->AllOverrides().size(), 1u);
}

TEST_P(OriginStoreContractTest, CallsItsSubscriberBeforeWhoeverDecided) {
  std::vector<double> seen;
  Subscription subscription =
      store_->Subscribe([&](const std::string& server, const OriginOverrides& overrides) {
        EXPECT_EQ(server, "a");
        seen.push_back(overrides.weight.value_or(0));
      });
  for (int i = 1; i <= 3; ++i) {
    ASSERT_TRUE(ChangeOverrides("a", Weight(i)).ok());
    EXPECT_EQ(seen.size(), static_cast<size_t>(i));
  }
  EXPECT_FALSE(ChangeOverrides("a", Weight(-1)).ok());
  subscription = {};
  ASSERT_TRUE(ChangeOverrides("a", Weight(4)).ok());
  EXPECT_EQ(seen, (std::vector<double>{1, 2, 3}));
}

TEST_P(OriginStoreContractTest, AStoppedStoreAnswersCancelled) {
  store_->Stop();
  EXPECT_TRUE(absl::IsCancelled(ChangeOverrides("a", Weight(2)).status()));
  EXPECT_TRUE(store_->AllOverrides().empty());
  store_->Stop();
}

TEST_P(OriginStoreContractTest, StopAnswersWhatIsOpen) {
  constexpr int kDecisions = 50;
  std::atomic<int> answered{0};
  for (int i = 1; i <= kDecisions; ++i) {
    store_->ChangeOverrides("a", Weight(i), [&](const absl::StatusOr<OriginOverrides>& answer) {
      EXPECT_TRUE(answer.ok() || absl::IsCancelled(answer.status())) << answer.status();
      ++answered;
    });
  }
  store_->Stop();
  EXPECT_EQ(answered, kDecisions);
}

// A store and the folder that it may keep things in.
class StoreInFolder {
 public:
  StoreInFolder() {
    std::string path = testing::TempDir() + "origin_store_XXXXXX";
    folder_ = mkdtemp(path.data());
    store_ = *MemoryOriginStore::Open(*StateFile::Open(folder_, logger_), clock_, logger_);
  }
  ~StoreInFolder() {
    store_.reset();
    std::filesystem::remove_all(folder_);
  }
  OriginStore& store() { return *store_; }

 private:
  const Clock clock_;
  const Logger logger_{{.sink = [](std::string_view) {}}};
  std::string folder_;
  std::unique_ptr<MemoryOriginStore> store_;
};

// All keys of a test have a name of their own.
std::shared_ptr<OriginStore> StoreInRedis() {
  static RedisServer server;
  static int made = 0;
  auto proxy = std::make_shared<RedisOrigins>(
      RedisOrigins::Options{.port = server.port(), .key_prefix = "t" + std::to_string(++made)});
  return {proxy, &proxy->store()};
}

INSTANTIATE_TEST_SUITE_P(
    Stores, OriginStoreContractTest,
    testing::Values(Implementation{"memory", [] { return std::make_shared<MemoryOriginStore>(); }},
                    Implementation{"folder",
                                   [] {
                                     const auto folder = std::make_shared<StoreInFolder>();
                                     return std::shared_ptr<OriginStore>(folder, &folder->store());
                                   }},
                    Implementation{"late", [] { return std::make_shared<LateOriginStore>(); }},
                    Implementation{"redis", &StoreInRedis}),
    [](const auto& row) { return row.param.name; });

TEST(LateOriginStoreTest, ADecisionThatNobodyMadeYetIsCancelled) {
  LateOriginStore store;
  store.Hold(true);
  absl::Status answer;
  store.ChangeOverrides(
      "a", {}, [&](const absl::StatusOr<OriginOverrides>& decided) { answer = decided.status(); });
  store.Stop();
  EXPECT_TRUE(absl::IsCancelled(answer));
}

}  // namespace
}  // namespace srsproxy
