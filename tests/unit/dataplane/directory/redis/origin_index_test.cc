// x-origins: who starts finds all registrations and decisions by it, and mends it.
#include "dataplane/directory/redis/origin_index.h"

#include <future>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <absl/strings/match.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/origin_records.h"
#include "tests/support/redis_origins.h"
#include "tests/support/redis_server.h"

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;

constexpr char kIndex[] = "srs-proxy-x-origins";
constexpr char kOne[] = "srs-proxy-x-origin:one-svc-1";
constexpr char kTwo[] = "srs-proxy-x-origin:two-svc-1";
constexpr char kDecided[] = "srs-proxy-x-server:one";

class OriginIndexTest : public ::testing::Test {
 protected:
  OriginIndexTest() {
    first_->store().PutRecord(Record("one"));
    first_->store().PutRecord(Record("two"));
    EXPECT_TRUE(first_->WaitIdle());
    OverridesChange change;
    change.zone = FieldChange<std::string>::Set("west");
    std::promise<absl::Status> decided;
    first_->store().ChangeOverrides(
        "one", change, [&](const auto& answer) { decided.set_value(answer.status()); });
    EXPECT_TRUE(decided.get_future().get().ok());
    EXPECT_TRUE(WaitIndexed({kOne, kTwo, kDecided, "complete"}));
  }

  std::unique_ptr<RedisOrigins> Join(const std::string& id) {
    return std::make_unique<RedisOrigins>(RedisOrigins::Options{.port = server_.port(), .id = id});
  }
  bool WaitIndexed(const std::set<std::string>& wanted) {
    return Eventually([&] {
      const Reply reply = server_.Command({"SMEMBERS", kIndex});
      const auto members = reply.AsTexts();
      return members.ok() && std::set<std::string>(members->begin(), members->end()) == wanted;
    });
  }
  bool HasScanned() {
    const Reply reply = server_.Command({"INFO", "commandstats"});
    return absl::StrContains(ToAbsl(reply.AsText().value()), "cmdstat_scan:");
  }

  RedisServer server_;
  std::unique_ptr<RedisOrigins> first_ = Join("first");
};

TEST_F(OriginIndexTest, WhoStartsLooksThroughNoOtherKeys) {
  server_.Command({"SET", "srs-proxy-server:go-svc-1",
                   R"({"ip":"10.0.0.7","server_id":"go","service_id":"svc","pid":"1",)"
                   R"("rtmp":["1935"],"update_at":"2026-11-30T12:00:00Z"})"});
  server_.Command({"SET", "srs-proxy-all-servers",
                   R"(["srs-proxy-server:one-svc-1","srs-proxy-server:go-svc-1","x"])"});
  server_.Command({"CONFIG", "RESETSTAT"});
  const auto late = Join("late");
  EXPECT_THAT(late->store().Ids(), ElementsAre("go-svc-1", "one-svc-1", "two-svc-1"));
  EXPECT_EQ(late->store().Overrides("one").zone, "west");
  EXPECT_FALSE(HasScanned());
}

TEST_F(OriginIndexTest, WhatHasEndedIsNoMemberAnyMore) {
  first_->store().RemoveRecord("one-svc-1", OriginEnd{});
  EXPECT_TRUE(WaitIndexed({kTwo, kDecided, "complete"}));
}

TEST_F(OriginIndexTest, WhatRedisHasExpiredIsDroppedByWhoReads) {
  server_.Command({"DEL", kTwo, "srs-proxy-server:two-svc-1"});
  const auto late = Join("late");
  EXPECT_THAT(late->store().Ids(), ElementsAre("one-svc-1"));
  EXPECT_TRUE(WaitIndexed({kOne, kDecided, "complete"}));
}

TEST_F(OriginIndexTest, OneThatIsMissingOrBrokenIsMadeAnew) {
  for (const bool is_broken : {false, true}) {
    server_.Command({"DEL", kIndex});
    if (is_broken) server_.Command({"SET", kIndex, "x"});
    const auto late = Join(is_broken ? "later" : "late");
    EXPECT_THAT(late->store().Ids(), ElementsAre("one-svc-1", "two-svc-1"));
    EXPECT_EQ(late->store().Overrides("one").zone, "west");
    EXPECT_TRUE(WaitIndexed({kOne, kTwo, kDecided, "complete"}));
  }
}

// A registration that comes first does not make it look whole.
TEST_F(OriginIndexTest, OneThatNamesSomeIsNotTakenForAll) {
  server_.Command({"DEL", kIndex});
  first_->store().PutRecord(Record("three"));
  ASSERT_TRUE(first_->WaitIdle());
  const auto late = Join("late");
  EXPECT_THAT(late->store().Ids(), ElementsAre("one-svc-1", "three-svc-1", "two-svc-1"));
}

}  // namespace
}  // namespace srsproxy::redis
