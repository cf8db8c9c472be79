// Origins that proxies share through a real Redis.
#include "dataplane/directory/redis/redis_origin_store.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <absl/strings/match.h>
#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/redis/go_records.h"
#include "tests/support/fault_relay.h"
#include "tests/support/origin_records.h"
#include "tests/support/redis_origins.h"
#include "tests/support/redis_server.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

LoadReport Load(int64_t streams) {
  LoadReport load;
  load.cpu_ratio = 0.25;
  load.streams = streams;
  return load;
}

constexpr char kGoServer[] =
    R"({"ip":"10.0.0.7","server_id":"go","service_id":"svc","pid":"1","rtmp":["1935"],)"
    R"("update_at":"2026-11-30T12:00:00.123456789Z"})";

// What a store reports.
class Reports final : public OriginStoreObserver {
 public:
  void OnRecordsPut(std::span<const OriginRecord> records, bool alive) override {
    for (const OriginRecord& record : records) {
      Add(absl::StrCat(alive ? "put " : "found ", record.registration.Id()));
    }
  }
  void OnRecordRemoved(std::string_view id, const OriginEnd& end) override {
    Add(absl::StrCat(end.at_once ? "kicked " : "removed ", ToAbsl(id),
                     end.successor.empty() ? "" : " for " + end.successor));
  }
  void OnBeats(std::span<const OriginBeat> beats) override {
    for (const OriginBeat& beat : beats) {
      Add(absl::StrCat(beat.registered ? "registered " : "heartbeat ", beat.origin_id, " ",
                       beat.load.streams.value_or(-1)));
    }
  }
  void OnOriginsInUse(std::span<const std::string> ids) override {
    for (const std::string& id : ids) Add("used " + id);
  }

  std::vector<std::string> all() {
    const std::lock_guard lock(mutex_);
    return lines_;
  }
  bool Wait(const std::string& line) {
    return Eventually([&] {
      const auto lines = all();
      return std::find(lines.begin(), lines.end(), line) != lines.end();
    });
  }

 private:
  void Add(std::string line) {
    const std::lock_guard lock(mutex_);
    lines_.push_back(std::move(line));
  }

  std::mutex mutex_;
  std::vector<std::string> lines_;
};

class RedisOriginStoreTest : public ::testing::Test {
 protected:
  std::unique_ptr<RedisOrigins> Join(const std::string& id) {
    return std::make_unique<RedisOrigins>(
        RedisOrigins::Options{.port = server_.port(), .id = id, .log = lines_.Options().sink});
  }
  std::string Get(std::string_view key) {
    const Reply reply = server_.Command({"GET", key});
    return std::string(reply.AsOptionalText()->value_or(""));
  }
  int64_t Ttl(std::string_view key) { return *server_.Command({"TTL", key}).AsInteger(); }
  // Commands of `name`, or all, since the server's start.
  int64_t Calls(const std::string& name) {
    const Reply reply = server_.Command({"INFO", "commandstats"});
    const std::string text(*reply.AsText());
    const std::string head = "cmdstat_" + name + ":calls=";
    const size_t at = text.find(head);
    if (at == std::string::npos) return 0;
    int64_t calls = 0;
    EXPECT_TRUE(absl::SimpleAtoi(
        text.substr(at + head.size(), text.find(',', at) - at - head.size()), &calls));
    return calls;
  }
  int64_t AllCalls() {
    const Reply reply = server_.Command({"INFO", "stats"});
    const std::string text(*reply.AsText());
    const std::string head = "total_commands_processed:";
    const size_t at = text.find(head) + head.size();
    int64_t calls = 0;
    EXPECT_TRUE(absl::SimpleAtoi(text.substr(at, text.find('\r', at) - at), &calls));
    return calls;
  }
  static absl::StatusOr<OriginOverrides> Decide(OriginStore& store, const std::string& server,
                                                OverridesChange change) {
    std::promise<absl::StatusOr<OriginOverrides>> answer;
    store.ChangeOverrides(server, std::move(change), [&](absl::StatusOr<OriginOverrides> decided) {
      answer.set_value(std::move(decided));
    });
    return answer.get_future().get();
  }
  static OverridesChange Cordon() {
    OverridesChange change;
    change.admin_state = FieldChange<AdminState>::Set(AdminState::kCordoned);
    return change;
  }

  RedisServer server_;
  testing::LogLines lines_;
};

TEST_F(RedisOriginStoreTest, ARegistrationReachesTheOthersAndGoProxies) {
  const auto a = Join("a");
  const auto b = Join("b");
  Reports reports;
  const Subscription subscription = b->store().SubscribeRecords(reports);
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(b->WaitFor("one-svc-1"));
  EXPECT_THAT(b->store().Records(), ElementsAre(Record("one")));
  ASSERT_TRUE(reports.Wait("put one-svc-1"));
  const auto go = ParseGoServer(Get("srs-proxy-server:one-svc-1"));
  ASSERT_TRUE(go.ok()) << go.status();
  EXPECT_EQ(go->Id(), "one-svc-1");
  EXPECT_THAT(go->rtmp, ElementsAre("tcp://0.0.0.0:1935"));
  for (const char* key : {"srs-proxy-server:one-svc-1", "srs-proxy-x-origin:one-svc-1"}) {
    EXPECT_GT(Ttl(key), 295);
    EXPECT_LE(Ttl(key), 300);
  }
  a->store().RemoveRecord("one-svc-1", {.successor = "two-svc-1"});
  ASSERT_TRUE(reports.Wait("removed one-svc-1 for two-svc-1"));
  EXPECT_THAT(b->store().Records(), IsEmpty());
  EXPECT_EQ(Get("srs-proxy-server:one-svc-1"), "");
  EXPECT_EQ(Get("srs-proxy-x-origin:one-svc-1"), "");
}

TEST_F(RedisOriginStoreTest, NothingIsAskedOfTheListThatOnlyTheDriverWrites) {
  const auto a = Join("a");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(a->WaitIdle());
  EXPECT_EQ(*server_.Command({"EXISTS", "srs-proxy-all-servers"}).AsInteger(), 0);
}

TEST_F(RedisOriginStoreTest, WhoComesLaterReadsAll) {
  auto a = Join("a");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(Decide(a->store(), "one", Cordon()).ok());
  ASSERT_TRUE(a->WaitIdle());
  server_.Command({"SET", "srs-proxy-server:go-svc-1", kGoServer});
  server_.Command({"SET", "srs-proxy-all-servers", R"(["srs-proxy-server:go-svc-1"])"});
  a.reset();
  const auto b = Join("b");
  EXPECT_TRUE(b->store().Find("one-svc-1") == Record("one"));
  EXPECT_EQ(b->store().Overrides("one").admin_state, AdminState::kCordoned);
  const auto go = b->store().Find("go-svc-1");
  ASSERT_TRUE(go.has_value()) << "what only a Go proxy has written";
  EXPECT_EQ(go->registration.ip, "10.0.0.7");
}

TEST_F(RedisOriginStoreTest, DecisionsReachTheOthers) {
  const auto a = Join("a");
  const auto b = Join("b");
  std::atomic<int> reported{0};
  const Subscription subscription = b->store().Subscribe(
      [&](const std::string& server, const OriginOverrides&) { reported += server == "one"; });
  OverridesChange change = Cordon();
  change.weight = FieldChange<double>::Set(0.1);
  change.labels = FieldChange<std::map<std::string, std::string>>::Set({{"a \"b\"", "c"}});
  const auto decided = Decide(a->store(), "one", change);
  ASSERT_TRUE(decided.ok()) << decided.status();
  ASSERT_TRUE(Eventually([&] { return b->store().Overrides("one") == *decided; }));
  EXPECT_EQ(decided->weight, 0.1);
  EXPECT_TRUE(Eventually([&] { return reported == 1; }));
}

TEST_F(RedisOriginStoreTest, SignsOfLifeTravelOnceASecond) {
  const auto a = Join("a");
  const auto b = Join("b");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(b->WaitFor("one-svc-1"));
  Reports reports;
  const Subscription subscription = b->store().SubscribeRecords(reports);
  const int64_t before = Calls("xadd");
  for (int i = 0; i < 5; ++i) {
    a->store().RecordBeat({.origin_id = "one-svc-1", .registered = true});
    a->store().RecordBeat({.origin_id = "one-svc-1", .load = Load(i)});
  }
  a->store().Tick();
  ASSERT_TRUE(reports.Wait("heartbeat one-svc-1 4"));
  EXPECT_EQ(reports.all().size(), 1u);
  EXPECT_EQ(Calls("xadd"), before + 1);
}

TEST_F(RedisOriginStoreTest, AnUnknownOriginThatGivesASignOfLifeIsLookedUp) {
  const auto a = Join("a");
  const auto b = Join("b");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(b->WaitFor("one-svc-1"));
  b->store().RecordExpired("one-svc-1");
  EXPECT_FALSE(b->store().Find("one-svc-1").has_value());
  a->store().RecordBeat({.origin_id = "one-svc-1"});
  a->store().Tick();
  EXPECT_TRUE(b->WaitFor("one-svc-1"));
}

TEST_F(RedisOriginStoreTest, TheTtlIsRefreshedByWhoeverHearsItAndOnceOnly) {
  const auto a = Join("a");
  const auto b = Join("b");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(b->WaitFor("one-svc-1"));
  const auto beat_at_both = [&](absl::Duration passed) {
    for (RedisOrigins* proxy : {a.get(), b.get()}) {
      proxy->clock().Advance(passed);
      proxy->store().RecordBeat({.origin_id = "one-svc-1"});
    }
    Reports reports;
    const Subscription subscription = b->store().SubscribeRecords(reports);
    a->store().Tick();
    ASSERT_TRUE(reports.Wait("heartbeat one-svc-1 -1"));
    b->store().Tick();
  };
  server_.Command({"EXPIRE", "srs-proxy-x-origin:one-svc-1", "50"});
  server_.Command({"EXPIRE", "srs-proxy-server:one-svc-1", "50"});
  beat_at_both(absl::Seconds(90));
  EXPECT_LE(Ttl("srs-proxy-x-origin:one-svc-1"), 50);
  beat_at_both(absl::Seconds(20));
  EXPECT_TRUE(Eventually([&] {
    return Ttl("srs-proxy-x-origin:one-svc-1") > 290 && Ttl("srs-proxy-server:one-svc-1") > 290;
  }));
  beat_at_both(absl::Seconds(10));
  EXPECT_EQ(Calls("pexpire"), 2);
}

TEST_F(RedisOriginStoreTest, KeysThatAreGoneAreWrittenAgainWhenItsSignOfLifeComes) {
  const auto a = Join("a");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(a->WaitIdle());
  server_.Command({"DEL", "srs-proxy-server:one-svc-1"});
  a->clock().Advance(absl::Seconds(100));
  a->store().RecordBeat({.origin_id = "one-svc-1"});
  a->store().Tick();
  EXPECT_TRUE(Eventually([&] {
    a->store().Tick();
    return !Get("srs-proxy-server:one-svc-1").empty();
  }));
}

TEST_F(RedisOriginStoreTest, WhatIsInUseIsKept) {
  const auto a = Join("a");
  const auto b = Join("b");
  OriginRecord leaving = Record("one");
  leaving.lease_digests.clear();
  leaving.leaving = true;
  a->store().RecordLeaving(leaving);
  ASSERT_TRUE(b->WaitFor("one-svc-1"));
  EXPECT_TRUE(b->store().Find("one-svc-1")->leaving);
  EXPECT_LE(Ttl("srs-proxy-server:one-svc-1"), 60);
  server_.Command({"EXPIRE", "srs-proxy-server:one-svc-1", "20"});
  Reports reports;
  const Subscription subscription = b->store().SubscribeRecords(reports);
  a->clock().Advance(absl::Seconds(11));
  a->store().RecordInUse("one-svc-1");
  a->store().Tick();
  EXPECT_TRUE(reports.Wait("used one-svc-1"));
  EXPECT_TRUE(Eventually([&] { return Ttl("srs-proxy-server:one-svc-1") > 50; }));
}

TEST_F(RedisOriginStoreTest, AnEndGivesWayToANewerRegistration) {
  const auto a = Join("a");
  const auto b = Join("b");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(b->WaitFor("one-svc-1"));
  server_.Suspend();
  b->store().RemoveRecord("one-svc-1", {});
  OriginRecord newer = Record("one", "10.0.0.2");
  a->store().PutRecord(newer);
  server_.Resume();
  // Whoever came first: the registration stands, or has ended, for all alike.
  EXPECT_TRUE(Eventually([&] {
    const auto at_a = a->store().Find("one-svc-1");
    const auto at_b = b->store().Find("one-svc-1");
    return a->store().IsIdle() && b->store().IsIdle() && at_a == at_b &&
           at_a.has_value() == !Get("srs-proxy-x-origin:one-svc-1").empty();
  }));
}

TEST_F(RedisOriginStoreTest, WithoutRedisRegistrationsAreHeldAndDecisionsRefused) {
  const auto a = Join("a");
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(a->WaitIdle());
  server_.Kill();
  ASSERT_TRUE(Eventually([&] { return !a->store().HearsAll(); }));
  a->store().PutRecord(Record("two"));
  a->store().PutRecord(Record("two", "10.0.0.2"));
  a->store().PutRecord(Record("three"));
  a->store().RemoveRecord("three-svc-1", {});
  const auto refused = Decide(a->store(), "one", Cordon());
  EXPECT_TRUE(absl::IsUnavailable(refused.status())) << refused.status();
  EXPECT_EQ(a->store().Overrides("one"), OriginOverrides{});
  EXPECT_EQ(a->store().Records().size(), 2u);
  a->store().RecordBeat({.origin_id = "one-svc-1"});
  server_.Start();  // It has lost everything.
  ASSERT_TRUE(Eventually([&] { return a->store().HearsAll() && a->store().IsIdle(); }));
  EXPECT_TRUE(Eventually([&] { return !Get("srs-proxy-server:one-svc-1").empty(); }));
  EXPECT_THAT(Get("srs-proxy-server:two-svc-1"), HasSubstr("10.0.0.2"));
  EXPECT_EQ(Get("srs-proxy-server:three-svc-1"), "");
  EXPECT_TRUE(Decide(a->store(), "one", Cordon()).ok());
}

TEST_F(RedisOriginStoreTest, AfterAFlushAllIsWrittenAgain) {
  const auto a = Join("a");
  const auto b = Join("b");
  a->store().PutRecord(Record("one"));
  a->store().RecordBeat({.origin_id = "one-svc-1"});
  ASSERT_TRUE(b->WaitFor("one-svc-1"));
  a->clock().Advance(absl::Seconds(9));
  b->clock().Advance(absl::Seconds(9));
  server_.Command({"FLUSHALL"});
  EXPECT_TRUE(Eventually([&] { return !Get("srs-proxy-x-origin:one-svc-1").empty(); }));
  EXPECT_TRUE(b->store().Find("one-svc-1").has_value());
}

TEST_F(RedisOriginStoreTest, WhatOperatorsDecidedIsWrittenAgainAfterAFlush) {
  const auto a = Join("a");
  const auto b = Join("b");
  ASSERT_TRUE(Decide(a->store(), "one", Cordon()).ok());
  ASSERT_TRUE(Decide(a->store(), "two", Cordon()).ok());
  const auto knows = [&](RedisOrigins& proxy, const char* server) {
    return proxy.store().Overrides(server).admin_state == AdminState::kCordoned;
  };
  ASSERT_TRUE(Eventually([&] { return knows(*b, "one") && knows(*b, "two"); }));
  // As a script of an operator's would, that comes before any copy.
  server_.Command({"FLUSHALL"});
  OverridesChange later;
  later.weight = FieldChange<double>::Set(7);
  later.admin_state = FieldChange<AdminState>::Set(AdminState::kActive);
  ASSERT_TRUE(Decide(b->store(), "two", later).ok());
  const auto state = [&](const char* server) {
    const redis::Reply reply =
        server_.Command({"HGET", std::string("srs-proxy-x-server:") + server, "admin_state"});
    return std::string(reply.AsOptionalText().value().value_or(""));
  };
  EXPECT_TRUE(Eventually([&] { return state("one") == "cordoned"; }));
  EXPECT_TRUE(Eventually([&] { return a->store().Overrides("two").weight == 7; }));
  EXPECT_EQ(state("two"), "active") << "the copies are older";
  for (RedisOrigins* proxy : {a.get(), b.get()}) EXPECT_TRUE(knows(*proxy, "one"));
}

// Before the copies were written again.
TEST_F(RedisOriginStoreTest, ADecisionRightAfterAFlushKeepsTheOthers) {
  const auto a = Join("a");
  OverridesChange drain;
  drain.made_at = absl::FromUnixSeconds(1'000'000);
  drain.admin_state = FieldChange<AdminState>::Set(AdminState::kDraining);
  drain.zone = FieldChange<std::string>::Set("z 1");
  drain.labels = FieldChange<std::map<std::string, std::string>>::Set({{"rack", "7"}});
  ASSERT_TRUE(Decide(a->store(), "one", drain).ok());
  const OriginOverrides before = a->store().Overrides("one");
  server_.Command({"FLUSHALL"});
  OverridesChange weight;
  weight.weight = FieldChange<double>::Set(7);
  ASSERT_TRUE(Decide(a->store(), "one", weight).ok());
  OriginOverrides after = before;
  after.weight = 7;
  EXPECT_EQ(a->store().Overrides("one"), after);
  const auto b = Join("b");
  EXPECT_TRUE(Eventually([&] { return b->store().Overrides("one") == after; }));
}

// By a proxy that has not heard of it: its copy is of these data, and not of lost ones.
TEST_F(RedisOriginStoreTest, ADecisionBringsNothingBackThatWasCleared) {
  const auto a = Join("a");
  ASSERT_TRUE(Decide(a->store(), "one", Cordon()).ok());
  ASSERT_TRUE(Eventually([&] { return a->feed().position().number > 0; }));
  // As when it was cleared so long ago that nothing is left of it.
  server_.Command({"DEL", "srs-proxy-x-server:one"});
  OverridesChange weight;
  weight.weight = FieldChange<double>::Set(7);
  ASSERT_TRUE(Decide(a->store(), "one", weight).ok());
  OriginOverrides alone;
  alone.weight = 7;
  EXPECT_EQ(a->store().Overrides("one"), alone);
}

// Whatever the copy of a proxy says that has not heard of it.
TEST_F(RedisOriginStoreTest, WhatWasClearedRightBeforeAFlushStaysSo) {
  FaultRelay relay(server_.port(), 1, {.faulty = false});
  const auto a = Join("a");
  RedisOrigins b({.port = relay.port(), .id = "b"});
  ASSERT_TRUE(Decide(a->store(), "one", Cordon()).ok());
  ASSERT_TRUE(Eventually([&] { return b.store().Overrides("one").admin_state.has_value(); }));
  relay.SetCut(true);
  ASSERT_TRUE(Eventually([&] { return !b.store().HearsAll(); }));
  OverridesChange clears;
  clears.admin_state = FieldChange<AdminState>::Clear();
  ASSERT_TRUE(Decide(a->store(), "one", clears).ok());
  server_.Command({"FLUSHALL"});
  relay.SetCut(false);
  EXPECT_TRUE(Eventually([&] { return b.store().Overrides("one") == OriginOverrides{}; }));
  EXPECT_EQ(a->store().Overrides("one"), OriginOverrides{});
}

TEST_F(RedisOriginStoreTest, WhatWasClearedStaysSoWhateverCopiesSay) {
  const auto a = Join("a");
  const auto b = Join("b");
  ASSERT_TRUE(Decide(a->store(), "one", Cordon()).ok());
  ASSERT_TRUE(Eventually([&] { return b->store().Overrides("one").admin_state.has_value(); }));
  server_.Command({"FLUSHALL"});
  OverridesChange clears;
  clears.admin_state = FieldChange<AdminState>::Clear();
  clears.weight = FieldChange<double>::Set(7);
  ASSERT_TRUE(Decide(a->store(), "one", clears).ok());
  clears.weight = FieldChange<double>::Clear();
  ASSERT_TRUE(Decide(a->store(), "one", clears).ok());
  for (RedisOrigins* proxy : {a.get(), b.get()}) {
    EXPECT_TRUE(Eventually([&] { return proxy->store().Overrides("one") == OriginOverrides{}; }));
  }
}

TEST_F(RedisOriginStoreTest, WhatWasRemovedWhileAProxyWasCutOffIsGoneThere) {
  const auto a = Join("a");
  const auto b = Join("b");
  a->store().PutRecord(Record("one"));
  a->store().PutRecord(Record("two"));
  ASSERT_TRUE(b->WaitFor("two-svc-1"));
  // Its feed is behind, and what it missed is not there any more.
  server_.Command({"CLIENT", "PAUSE", "1"});
  b->store().OnLost();
  Reports reports;
  const Subscription subscription = b->store().SubscribeRecords(reports);
  server_.Command({"DEL", "srs-proxy-x-origin:one-svc-1", "srs-proxy-server:one-svc-1"});
  server_.Command({"HINCRBY", "srs-proxy-x-history", "fed", "5"});
  b->store().OnConnected();
  EXPECT_TRUE(reports.Wait("removed one-svc-1"));
  EXPECT_TRUE(b->store().Find("two-svc-1").has_value());
}

TEST_F(RedisOriginStoreTest, BrokenKeysArePassedOverLoggedOnceAndCounted) {
  server_.Command({"SET", "srs-proxy-x-origin:json-svc-1", "{broken"});
  server_.Command({"SET", "srs-proxy-server:json-svc-2", "[]"});
  server_.Command({"LPUSH", "srs-proxy-x-origin:list-svc-1", "x"});
  server_.Command({"LPUSH", "srs-proxy-server:list-svc-2", "x"});
  server_.Command({"SET", "srs-proxy-x-server:text", "x"});
  server_.Command({"SET", "srs-proxy-server:huge-svc-1", std::string(20'000'000, 'x')});
  server_.Command({"HSET", "srs-proxy-x-server:huge", "zone", std::string(20'000'000, 'x')});
  server_.Command(
      {"HSET", "srs-proxy-x-server:half", "revision", "1", "weight", "no", "zone", "w"});
  server_.Command({"SET", "srs-proxy-server:other-svc-1", kGoServer});
  server_.Command({"SET", "srs-proxy-server:go-svc-1", kGoServer});
  server_.Command({"SET", "srs-proxy-all-servers",
                   R"(["srs-proxy-server:json-svc-2","srs-proxy-server:list-svc-2",)"
                   R"("srs-proxy-server:huge-svc-1","srs-proxy-server:other-svc-1"])"});
  const auto a = Join("a");
  EXPECT_THAT(a->store().Ids(), ElementsAre("go-svc-1"));
  EXPECT_EQ(a->store().Overrides("half").zone, "w");
  EXPECT_EQ(a->store().Overrides("half").weight, std::nullopt);
  EXPECT_EQ(a->store().broken(), 9u);
  EXPECT_TRUE(Eventually([&] { return lines_.Count("is passed over") == 9; })) << lines_.text();
  EXPECT_EQ(lines_.Count("remedy"), 9);
  a->store().PutRecord(Record("one"));
  ASSERT_TRUE(a->WaitIdle());
  server_.Command({"DEL", "srs-proxy-x-history"});
  EXPECT_TRUE(Eventually([&] { return a->store().broken() == 18u; })) << lines_.text();
  EXPECT_EQ(lines_.Count("is passed over"), 9);
  ASSERT_TRUE(Decide(a->store(), "text", Cordon()).ok()) << "written in its place";
}

// 10,000 origins beat each 10 s, through 10 proxies. Of a tenth of them a tenth is asked: what the
// proxies cost whatever they hear is in that, too.
TEST_F(RedisOriginStoreTest, HeartbeatsOfALargeFleetCostLittle) {
  constexpr int kProxies = 10;
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
  constexpr int kOrigins = 1'000;
#else
  constexpr int kOrigins = 10'000;
#endif
  constexpr int kSeconds = 120;
  std::vector<std::unique_ptr<RedisOrigins>> proxies;
  for (int i = 0; i < kProxies; ++i) proxies.push_back(Join(absl::StrCat("p", i)));
  const auto id = [](int origin) { return absl::StrCat("o", origin, "-svc-1"); };
  for (int origin = 0; origin < kOrigins; ++origin) {
    proxies[0]->store().PutRecord(Record(absl::StrCat("o", origin)));
  }
  ASSERT_TRUE(Eventually([&] {
    proxies[0]->store().Tick();
    return proxies[0]->store().IsIdle();
  }));
  for (auto& proxy : proxies) {
    ASSERT_TRUE(Eventually([&] { return proxy->store().Ids().size() == kOrigins; }));
  }
  const int64_t before = AllCalls();
  for (int second = 0; second < kSeconds; ++second) {
    // An origin beats at another proxy each time.
    for (int origin = second % 10; origin < kOrigins; origin += 10) {
      proxies[(origin / 10 + second) % kProxies]->store().RecordBeat(
          {.origin_id = id(origin), .load = Load(origin)});
    }
    Reports last;
    const Subscription subscription = proxies[0]->store().SubscribeRecords(last);
    for (auto& proxy : proxies) {
      proxy->clock().Advance(absl::Seconds(1));
      proxy->store().Tick();
    }
    ASSERT_TRUE(Eventually([&] { return last.all().size() >= kOrigins / 10 * 9 / 10; }));
  }
  const int64_t each_second = (AllCalls() - before) / kSeconds;
  RecordProperty("commands_each_second", static_cast<int>(each_second));
  EXPECT_LT(each_second, kOrigins / 10);
  EXPECT_GT(Ttl("srs-proxy-x-origin:o5-svc-1"), 0);
}

}  // namespace
}  // namespace srsproxy::redis
