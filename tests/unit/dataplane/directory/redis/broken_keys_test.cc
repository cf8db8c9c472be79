// Every key that there is, holding what no proxy writes: nothing crashes, no stream goes elsewhere,
// and what was found is logged once.
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_replace.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/redis/fleet_connection.h"
#include "dataplane/protocol/redis/go_records.h"
#include "tests/support/claim_now.h"
#include "tests/support/origin_records.h"
#include "tests/support/redis_server.h"
#include "tests/support/wait_until.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis {
namespace {

enum class Poison : uint8_t { kOtherType, kNonsense, kHuge };
constexpr auto NamesOf(Poison) {
  return EnumNames<Poison>({{Poison::kOtherType, "other type"},
                            {Poison::kNonsense, "nonsense"},
                            {Poison::kHuge, "huge"}});
}

#ifdef __SANITIZE_THREAD__
constexpr size_t kHuge = 1024 * 1024;  // What is moved about is no matter of threads.
#else
constexpr size_t kHuge = 8 * 1024 * 1024;
#endif

// A proxy as main makes it, as far as Redis goes.
class Proxy {
 public:
  Proxy(std::string id, uint16_t port) : metrics_("test") {
    Config config;
    config.id = std::move(id);
    config.redis_host = "127.0.0.1";
    config.redis_port = port;
    config.max_streams = 1000;
    config.connect_timeout = absl::Seconds(10);
    fleet_ = FleetConnection::Make(config, clock_, metrics_, logger_).value();
    EXPECT_TRUE(fleet_->Start().ok());
    WaitUntil([this] { return streams().state() == StoreState::kSynced; }, "it is synced");
  }
  ~Proxy() { fleet_->Stop(); }

  RedisStreamDirectory& streams() { return fleet_->streams(); }
  RedisOriginStore& origins() { return fleet_->origins().origins(); }
  RedisSessionIndex& sessions() { return fleet_->origins().sessions(); }

  // The origin where it is. A slow Redis may be taken for one that has gone.
  std::string Claim(const StreamKey& key, const std::string& origin, Role role) {
    absl::StatusOr<ClaimOutcome> outcome;
    const auto is_answered = [&] {
      outcome = ClaimNow(streams(),
                         {.key = key, .origin_id = origin, .role = role, .other_vhost_origin = ""});
      return !absl::IsUnavailable(outcome.status());
    };
    WaitUntil(is_answered, "it is placed");
    if (!outcome.ok()) return outcome.status().ToString();
    hold_ = std::move(outcome->hold);
    return outcome->mapping.origin_id;
  }
  // Of the last claim.
  absl::Status MarkLive() { return MarkLiveNow(*hold_); }
  testing::LogLines& lines() { return lines_; }
  std::string metrics() { return metrics_.Serialize(); }

 private:
  Clock clock_;
  testing::LogLines lines_;
  Logger logger_{lines_.Options()};
  Metrics metrics_;
  std::unique_ptr<FleetConnection> fleet_;
  std::unique_ptr<StreamHold> hold_;
};

class BrokenKeysTest : public ::testing::TestWithParam<Poison> {
 protected:
  void SetUp() override {
    first_ = std::make_unique<Proxy>("first", server_.port());
    Register();
    EXPECT_EQ(first_->Claim(kCam, "a-svc-1", Role::kPublisher), "a-svc-1");
    EXPECT_TRUE(first_->MarkLive().ok());
    first_->sessions().PutHls("an-id", kCam);
    WaitUntil([this] { return first_->origins().IsIdle() && first_->streams().IsIdle(); },
              "all is written");
  }

  // As an origin does that is alive; what was passed over of it is written anew.
  void Register() {
    for (const char* server : {"a", "b"}) first_->origins().PutRecord(Record(server));
    WaitUntil([this] { return first_->origins().IsIdle(); }, "they are written");
  }

  std::vector<std::string> KeysOf(KeyKind kind) {
    const Reply reply = server_.Command({"KEYS", keys_.Pattern(kind)});
    std::vector<std::string> found;
    const auto keys = reply.AsTexts().value();
    for (const std::string_view key : keys) found.emplace_back(key);
    if (found.empty()) found.push_back(keys_.Make(kind, HasName(kind) ? "v.com/live/x" : ""));
    return found;
  }

  void Write(const std::string& key, KeyKind kind, Poison poison) {
    const ValueType type = TypeOf(kind);
    if (poison == Poison::kOtherType) {
      server_.Command({"DEL", key});
      if (type == ValueType::kString) server_.Command({"LPUSH", key, "x"});
      if (type != ValueType::kString) server_.Command({"SET", key, "x"});
      return;
    }
    const std::string text = poison == Poison::kHuge ? std::string(kHuge, 'x') : "{broken";
    switch (type) {
      case ValueType::kString:
        server_.Command({"SET", key, text});
        break;
      case ValueType::kHash:
        WriteFields(key, text);
        break;
      case ValueType::kSet:
        server_.Command({"SADD", key, text});
        break;
      case ValueType::kSortedSet:
        server_.Command({"ZADD", key, "0", text});
        break;
      case ValueType::kStream:
        server_.Command({"XADD", key, "*", "{broken", text});
        break;
    }
  }
  // Each that there is, or one that is huge, and one more of a name that is none.
  void WriteFields(const std::string& key, const std::string& text) {
    const Reply reply = server_.Command({"HKEYS", key});
    const auto fields = reply.AsTexts().value();
    for (const std::string_view field : fields) {
      server_.Command({"HSET", key, field, text});
      if (text.size() == kHuge) break;
    }
    server_.Command({"HSET", key, "{broken", text});
  }

  std::string Get(KeyKind kind) {
    const Reply reply = server_.Command({"GET", keys_.Make(kind)});
    return std::string(reply.AsOptionalText().value_or(std::nullopt).value_or(""));
  }
  std::string Type(const std::string& key) { return server_.Command({"TYPE", key}).ToString(); }

  // With one more proxy, that comes now: all is as it was.
  void ExpectWhole(KeyKind kind) {
    Proxy late("late", server_.port());
    EXPECT_EQ(late.Claim(kCam, "b-svc-1", Role::kViewer), "a-svc-1") << "where its publisher is";
    EXPECT_EQ(late.Claim({"v.com", "live", absl::StrCat("new-", ++streams_)}, "b-svc-1",
                         Role::kPublisher),
              "b-svc-1");
    EXPECT_TRUE(late.MarkLive().ok());
    WaitUntil([&] { return late.origins().Find("a-svc-1").has_value(); }, "the origin is known");
    WaitUntil([&] { return IsLease(Get(KeyKind::kXDriver)); }, "one drives");
    WaitUntil(
        [&] {
          const auto list = ParseGoServerList(Get(KeyKind::kAllServers));
          return list.ok() && list->size() == 2;
        },
        "Go proxies find the servers");
    if (!HasName(kind) && IsOurs(kind)) ExpectType(kind);
  }
  static bool IsLease(const std::string& text) {
    return text.size() < 100 &&
           (absl::StrContains(text, " first:") || absl::StrContains(text, " late:"));
  }
  void ExpectType(KeyKind kind) {
    const std::string key = keys_.Make(kind);
    const std::string wanted(ToName(TypeOf(kind)));
    WaitUntil(
        [&] {
          const std::string type = Type(key);
          return absl::StrContains(type, wanted) || absl::StrContains(type, "none");
        },
        absl::StrCat(key, " can be written to"));
  }

  const StreamKey kCam{"v.com", "live", "cam"};
  const Keys keys_{""};
  RedisServer server_;
  std::unique_ptr<Proxy> first_;
  int streams_ = 0;
};

TEST_P(BrokenKeysTest, NoneMattersToAnyStream) {
  for (const auto& [kind, name] : kEnumTable<KeyKind>) {
    SCOPED_TRACE(absl::StrCat(std::string(name), " ", std::string(ToName(GetParam()))));
    const std::vector<std::string> keys = KeysOf(kind);
    for (const std::string& key : keys) Write(key, kind, GetParam());
    ExpectWhole(kind);
    ASSERT_FALSE(HasFailure()) << first_->lines().text();
    Register();
    for (const std::string& key : keys) {
      const std::string logged = absl::StrCat("name=", key, " ");
      EXPECT_LE(first_->lines().Count(logged), 1) << first_->lines().text();
    }
  }
  WaitUntil(
      [&] {
        return absl::StrContains(first_->metrics(),
                                 "srsproxy_redis_broken_keys_total{source=\"streams\"}");
      },
      "they are counted");
  EXPECT_THAT(first_->metrics(), ::testing::HasSubstr("srsproxy_fleet_streams{state=\"in_use\"}"));
}

// Longer than what is read at once: a proxy that comes knows all the rest.
TEST(TooLongKeysTest, AProxyIsReadyAndNamesThem) {
  constexpr char kUrl[] = "srs-proxy-url:v.com/live/long-";
  constexpr char kRecord[] = "srs-proxy-x-url:v.com/live/cam";
  RedisServer server;
  {
    Proxy first("first", server.port());
    first.origins().PutRecord(Record("a"));
    for (const char* stream : {"cam", "other"}) {
      EXPECT_EQ(first.Claim({"v.com", "live", stream}, "a-svc-1", Role::kPublisher), "a-svc-1");
      EXPECT_TRUE(first.MarkLive().ok());
    }
    WaitUntil([&] { return first.streams().IsIdle() && first.origins().IsIdle(); }, "all is there");
  }
  const auto run = [&](std::string_view script, std::string_view key) {
    const std::string source =
        absl::StrCat("local long = string.rep('x', 17000000) ", ToAbsl(script));
    ASSERT_TRUE(server.Command({"EVAL", source, "1", key}).ToStatus().ok());
  };
  for (const char* end : {"1", "2"})
    run("return redis.call('SET', KEYS[1], long)", absl::StrCat(kUrl, end));
  run("return redis.call('HSET', KEYS[1], 'cause', long)", kRecord);
  run("return redis.call('XADD', KEYS[1], '*', 'a', long, 'b', long)", "srs-proxy-x-feed");
  run("return redis.call('ZADD', KEYS[1], 0, long)", "srs-proxy-x-streams");
  Proxy late("late", server.port());
  EXPECT_TRUE(late.streams().Find({"v.com", "live", "other"}).has_value());
  // The first entry that follows is read.
  EXPECT_EQ(late.Claim({"v.com", "live", "new"}, "a-svc-1", Role::kPublisher), "a-svc-1");
  EXPECT_TRUE(late.MarkLive().ok());
  for (const char* name : {kRecord, "srs-proxy-x-feed", "srs-proxy-x-streams"}) {
    WaitUntil(
        [&] {
          return late.lines().Count(absl::StrCat("name=", name)) == 1 ||
                 late.lines().Count(absl::StrCat("name=\"", name)) == 1;
        },
        absl::StrCat(name, " is named"));
  }
  // By the proxy that drives.
  for (const char* end : {"1", "2"}) {
    WaitUntil(
        [&] {
          return server.Command({"EXISTS", absl::StrCat(kUrl, end)}).AsInteger().value() == 0;
        },
        "it is removed");
    WaitUntil([&] { return late.lines().Count(absl::StrCat("name=", kUrl, end)) == 1; },
              "it is named");
  }
  // Its use heals the record.
  EXPECT_EQ(late.Claim({"v.com", "live", "cam"}, "b", Role::kViewer), "a-svc-1")
      << "as what the Go proxy reads has it";
  WaitUntil([&] { return absl::StrContains(late.metrics(), "srsproxy_redis_broken_keys_total"); },
            "they are counted");
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenKeysTest, ::testing::Values(Poison::kOtherType, Poison::kNonsense, Poison::kHuge),
    [](const auto& poison) {
      return absl::StrReplaceAll(std::string(ToName(poison.param)), {{" ", "_"}});
    });

}  // namespace
}  // namespace srsproxy::redis
