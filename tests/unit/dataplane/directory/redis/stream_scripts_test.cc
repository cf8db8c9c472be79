// What the scripts about streams do in a real Redis: seen by their answers, by the feed, and by the
// keys that a Go proxy reads.
#include "dataplane/directory/redis/stream_scripts.h"

#include <latch>
#include <optional>
#include <string>
#include <vector>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/kept_pin.h"
#include "tests/support/redis_server.h"
#include "tests/support/wait_until.h"

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr char kKey[] = "v.com/live/cam";
constexpr char kMapping[] = "srs-proxy-url:v.com/live/cam";
constexpr char kRecord[] = "srs-proxy-x-url:v.com/live/cam";
constexpr char kUnpinned[] = "srs-proxy-x-unpinned:v.com/live/cam";

// Two proxies, `one:1` and `two:1`, that live.
class StreamScriptsTest : public ::testing::Test, public LinkObserver {
 protected:
  StreamScriptsTest() {
    for (const char* proxy : {"one:1", "two:1"}) Announce(proxy);
    client_->command().Open(*this);
    WaitUntil([&] { return connected_.load(); }, "connected");
  }
  ~StreamScriptsTest() override { client_->Stop(); }

  void OnConnected(const ServerInfo&) override { connected_ = true; }
  void OnLost(const absl::Status&) override {}

  void Announce(const std::string& proxy) {
    server_.Command({"SET", "srs-proxy-x-proxy:" + proxy, "now"});
  }
  void Die(const std::string& proxy) { server_.Command({"DEL", "srs-proxy-x-proxy:" + proxy}); }

  struct Raw {
    absl::Status status;
    std::string what;
    RecordAnswer answer;
    PinAnswer pin;
  };
  Raw Run(std::string_view script, const std::vector<std::string>& arguments,
          ScriptRunner::Caller caller = {}) {
    std::latch answered(1);
    Raw raw;
    runner_.Run(
        script, arguments,
        [&](const absl::StatusOr<ScriptRunner::Answer>& answer) {
          raw.status = answer.status();
          if (answer.ok()) {
            raw.what = std::string(answer->what);
            if (script == "pin") {
              raw.pin = ReadPinAnswer(*answer).value();
            } else if (auto read = ReadRecordAnswer(key_, *answer); read.ok()) {
              raw.answer = *std::move(read);
            } else {
              raw.status = read.status();
            }
          }
          answered.count_down();
        },
        caller);
    answered.wait();
    return raw;
  }
  // A session more of `proxy`, which has those of `use`.
  RecordAnswer Claim(const std::string& origin, Role role, StreamUse use,
                     ScriptRunner::Caller caller = {}, uint64_t replaces = 0) {
    const ClaimRequest request{.key = key_,
                               .origin_id = origin,
                               .role = role,
                               .replaces_version = replaces,
                               .other_vhost_origin = ""};
    const Raw raw = Run("claim", ClaimArguments(request, use, kCap), caller);
    EXPECT_TRUE(raw.status.ok()) << raw.status;
    return raw.answer;
  }
  RecordAnswer View(const std::string& origin, ScriptRunner::Caller caller = {}) {
    return Claim(origin, Role::kViewer, {.sessions = 1}, caller);
  }
  RecordAnswer Publish(const std::string& origin, ScriptRunner::Caller caller = {}) {
    const RecordAnswer claimed =
        Claim(origin, Role::kPublisher, {.publishers = 1, .sessions = 1}, caller);
    return Use({.publishers = 1, .sessions = 1}, caller,
               Acceptance{Role::kPublisher, claimed.record.version, claimed.record.origin_id});
  }
  RecordAnswer Use(const StreamUse& use, ScriptRunner::Caller caller = {},
                   const std::optional<Acceptance>& asks = std::nullopt) {
    const Raw raw = Run("use", UseArguments(key_, use, asks, kCap), caller);
    EXPECT_TRUE(raw.status.ok()) << raw.status;
    return raw.answer;
  }
  RecordAnswer Move(const std::string& origin, uint64_t driver = 0) {
    return Run("move", MoveArguments({.key = key_, .origin_id = origin}), {.driver = driver})
        .answer;
  }

  // By a caller that knows `copy`; without a server the copy alone is written.
  PinAnswer Pin(const std::optional<std::string>& server, const KeptPin& copy = {},
                const StreamKey& key = {"v.com", "live", "cam"}) {
    constexpr size_t kMaxPins = 2;
    return Run("pin", PinArguments(key, copy, kMaxPins, server)).pin;
  }
  std::string PinInRedis() {
    const Reply reply = server_.Command({"HGET", "srs-proxy-x-pins", kKey});
    return std::string(reply.AsOptionalText().value().value_or("(none)"));
  }
  // How many entries the feed has had.
  std::string Fed() {
    const Reply reply = server_.Command({"HGET", "srs-proxy-x-history", "fed"});
    return std::string(reply.AsOptionalText().value().value_or("0"));
  }

  bool Settles() { return Exists("srs-proxy-x-settle"); }
  void EndSettling() { server_.Command({"DEL", "srs-proxy-x-settle"}); }
  // As a proxy that is back does, which knew those to be alive.
  void BeginSettling(const std::vector<std::string>& proxies) {
    std::vector<std::string> arguments = {"1", "", "0"};
    arguments.insert(arguments.end(), proxies.begin(), proxies.end());
    Run("settle", arguments);
  }

  std::string Get(const std::string& key) {
    const Reply reply = server_.Command({"GET", key});
    return std::string(reply.AsOptionalText().value().value_or("(none)"));
  }
  int64_t Ttl(const std::string& key) { return server_.Command({"PTTL", key}).AsInteger().value(); }
  bool Exists(const std::string& key) {
    return server_.Command({"EXISTS", key}).AsInteger().value() == 1;
  }
  // The feed's entries since the last call: reason and origin.
  std::vector<std::string> TakeFed() {
    std::vector<std::string> fed;
    const Reply entries = server_.Command({"XRANGE", "srs-proxy-x-feed", "-", "+"});
    server_.Command({"DEL", "srs-proxy-x-feed"});
    const auto items = entries.AsArray().value();
    for (const Reply& entry : items) {
      const auto fields = entry.AsArray().value()[1].AsFields().value();
      const FeedEntry read{.kind = "stream", .fields = fields};
      fed.push_back(absl::StrCat(ToAbsl(read.Get("reason")), " ", ToAbsl(read.Get("origin"))));
    }
    return fed;
  }

  static constexpr size_t kCap = 5;
  static constexpr ScriptRunner::Caller kTwo{.proxy = "two:1"};

  const StreamKey key_ = *ReadStreamKey(kKey);
  RedisServer server_;
  Metrics metrics_{"test"};
  Logger logger_{LogOptions{}};
  std::atomic<bool> connected_{false};
  const std::unique_ptr<Client> client_ =
      Client::Make({.port = server_.port(), .deadline = absl::Minutes(1)}, AllScripts(), metrics_,
                   logger_)
          .value();
  ScriptRunner runner_{client_->command(), {.proxy = "one:1", .history = "h"}, logger_};
};

TEST_F(StreamScriptsTest, AViewersClaimIsProvisionalUntilMediaFlows) {
  const RecordAnswer placed = View("a");
  EXPECT_EQ(placed.step, RecordStep::kPlaced);
  EXPECT_FALSE(placed.record.flows);
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:a");
  for (const char* key : {kMapping, kRecord}) {
    EXPECT_GT(Ttl(key), 25'000) << key;
    EXPECT_LE(Ttl(key), 30'000) << key;
  }
  EXPECT_THAT(TakeFed(), IsEmpty());

  const RecordAnswer flows =
      Use({.sessions = 1}, {}, Acceptance{Role::kViewer, placed.record.version, "a"});
  EXPECT_EQ(flows.step, RecordStep::kFound);
  EXPECT_TRUE(flows.record.flows);
  for (const char* key : {kMapping, kRecord}) EXPECT_EQ(Ttl(key), -1) << key;
  EXPECT_THAT(TakeFed(), ElementsAre("media flows a"));

  EXPECT_EQ(Use({}).step, RecordStep::kRemoved);
  for (const char* key : {kMapping, kRecord, "srs-proxy-x-streams"}) {
    EXPECT_FALSE(Exists(key)) << key;
  }
  EXPECT_THAT(TakeFed(), ElementsAre("last session a"));
}

TEST_F(StreamScriptsTest, AProvisionalClaimIsRenewedByItsUser) {
  View("a");
  for (const char* key : {kMapping, kRecord}) server_.Command({"PEXPIRE", key, "500"});
  EXPECT_EQ(Use({.sessions = 1}).step, RecordStep::kFound);
  for (const char* key : {kMapping, kRecord}) EXPECT_GT(Ttl(key), 25'000) << key;
}

TEST_F(StreamScriptsTest, OfTwoProxiesTheFirstClaimWins) {
  const RecordAnswer first = View("a");
  const RecordAnswer second = View("b", kTwo);
  EXPECT_EQ(second.step, RecordStep::kFound);
  EXPECT_EQ(second.record.origin_id, "a");
  EXPECT_EQ(second.record.version, first.record.version);
  EXPECT_EQ(second.sessions, 2u);
  Use({});
  EXPECT_TRUE(Exists(kRecord)) << "the other proxy uses it";
  EXPECT_EQ(Use({}, kTwo).step, RecordStep::kRemoved);
}

TEST_F(StreamScriptsTest, APublishersMappingStaysIdle) {
  EXPECT_EQ(Publish("a").change.reason, StreamEventReason::kPublisherLive);
  const RecordAnswer ended = Use({});
  EXPECT_EQ(ended.step, RecordStep::kFound);
  EXPECT_FALSE(ended.record.live);
  EXPECT_FALSE(ended.record.used);
  EXPECT_THAT(TakeFed(), ElementsAre("to be published a", "publisher live a", "publisher ended a"));
  EXPECT_GT(server_.Command({"ZSCORE", "srs-proxy-x-streams", kKey}).AsText().value(), "1");
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:a");
}

TEST_F(StreamScriptsTest, OfTwoPublishersOnTwoOriginsOneIsAccepted) {
  const RecordAnswer first = Claim("a", Role::kPublisher, {.publishers = 1, .sessions = 1});
  const RecordAnswer second =
      Claim("b", Role::kPublisher, {.publishers = 1, .sessions = 1}, kTwo, first.record.version);
  EXPECT_EQ(second.step, RecordStep::kReplaced);
  const Acceptance asks{Role::kPublisher, second.record.version, "b"};
  EXPECT_TRUE(Use({.publishers = 1, .sessions = 1}, kTwo, asks).record.live);
  EXPECT_EQ(Use({.publishers = 1, .sessions = 1}, {},
                Acceptance{Role::kPublisher, first.record.version, "a"})
                .step,
            RecordStep::kRefused);
}

TEST_F(StreamScriptsTest, AMoveWaitsForPublishersOfAllProxies) {
  Publish("a");
  Claim("a", Role::kPublisher, {.publishers = 1, .sessions = 1}, kTwo);
  EXPECT_EQ(Move("b").step, RecordStep::kWaits);
  EXPECT_EQ(Use({}).record.origin_id, "a") << "another is on its way";
  const RecordAnswer moved = Use({}, kTwo);
  EXPECT_EQ(moved.record.origin_id, "b");
  EXPECT_EQ(moved.change.former_origin_id, "a");
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:b");
}

TEST_F(StreamScriptsTest, WhatADeadProxyHeldIsNothing) {
  Publish("a", kTwo);
  EXPECT_EQ(Move("b").step, RecordStep::kWaits);
  Die("two:1");
  EXPECT_EQ(Move("b").step, RecordStep::kMoved);
  EXPECT_TRUE(Exists("srs-proxy-x-uses:two:1")) << "it is still to be swept";
  const RecordAnswer swept = Use({}, kTwo);
  EXPECT_FALSE(swept.record.used);
  EXPECT_FALSE(Exists("srs-proxy-x-uses:two:1"));
}

// The settle time.

TEST_F(StreamScriptsTest, ANewRedisSettlesNothing) {
  View("a");
  EXPECT_FALSE(Settles());
}

TEST_F(StreamScriptsTest, WhoKnewAnotherHistoryBeginsASettleTime) {
  View("a");
  server_.Command({"FLUSHALL"});
  View("a");
  EXPECT_TRUE(Settles());
  EXPECT_GT(Ttl("srs-proxy-x-settle"), 0);
  EXPECT_LE(Ttl("srs-proxy-x-settle"), 5000);
  EndSettling();
  View("a");
  EXPECT_FALSE(Settles()) << "that history is known by now";
}

TEST_F(StreamScriptsTest, ASettleTimeEndsWhenAllHaveWrittenWhatTheyUse) {
  BeginSettling({"two:1"});
  const auto history =
      std::string(server_.Command({"HGET", "srs-proxy-x-history", "token"}).AsText().value());
  EXPECT_EQ(Run("settle", {"0", "another"}).what, "settles");
  EXPECT_EQ(Run("settle", {"0", history}).what, "settles") << "the other one is awaited";
  EXPECT_EQ(Run("settle", {"0", ""}, kTwo).what, "settles");
  EXPECT_EQ(Run("settle", {"0", history}, kTwo).what, "settled");
  EXPECT_FALSE(Settles());
  EXPECT_EQ(Run("settle", {"0", history, "0", "three:1"}).what, "settled");
  EXPECT_FALSE(Settles()) << "none begins by itself";
}

TEST_F(StreamScriptsTest, AProxyThatIsStillWritingKeepsItFromItsEnd) {
  BeginSettling({});
  server_.Command({"PEXPIRE", "srs-proxy-x-settle", "1000"});
  EXPECT_EQ(Run("settle", {"0", "", "1"}, kTwo).what, "settles");
  EXPECT_LE(Ttl("srs-proxy-x-settle"), 1000) << "it is not awaited";
  EXPECT_EQ(Run("settle", {"0", "", "0"}).what, "settles");
  EXPECT_LE(Ttl("srs-proxy-x-settle"), 1000) << "it does not ask for it";
  // Nothing to wait for a second.
  server_.Command({"PEXPIRE", "srs-proxy-x-settle", "60000"});
  EXPECT_EQ(Run("settle", {"0", "", "1"}).what, "settles");
  EXPECT_LE(Ttl("srs-proxy-x-settle"), 5000) << "so long from now";
}

TEST_F(StreamScriptsTest, WhatAnAwaitedProxyHeldCounts) {
  Publish("a", kTwo);
  Die("two:1");
  BeginSettling({"two:1"});
  const RecordAnswer seen = View("b");
  EXPECT_EQ(seen.publishers, 1u);
  server_.Command({"SREM", "srs-proxy-x-settle", "two:1"});
  EXPECT_EQ(View("b").publishers, 0u);
}

TEST_F(StreamScriptsTest, AMoveWaitsForTheEndOfTheSettleTime) {
  Publish("a");
  Use({});
  BeginSettling({});
  const RecordAnswer waits = Move("b");
  EXPECT_EQ(waits.step, RecordStep::kWaits);
  EXPECT_EQ(waits.record.origin_id, "a");
  EXPECT_EQ(Use({}).step, RecordStep::kSettles);
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:a");
  EndSettling();
  const RecordAnswer moved = Use({});
  EXPECT_EQ(moved.record.origin_id, "b");
  EXPECT_EQ(moved.change.reason, StreamEventReason::kMovedAtPublishersEnd);
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:b");
}

TEST_F(StreamScriptsTest, APublishersEndMovesNothingInTheSettleTime) {
  Publish("a");
  EXPECT_EQ(Move("b").step, RecordStep::kWaits);
  BeginSettling({});
  EXPECT_EQ(Use({}).step, RecordStep::kSettles);
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:a");
  EndSettling();
  EXPECT_EQ(Use({}).record.origin_id, "b");
}

TEST_F(StreamScriptsTest, NothingIsReplacedOrForgottenInTheSettleTime) {
  const RecordAnswer viewed = View("a");
  BeginSettling({});
  const RecordAnswer held = Claim("b", Role::kViewer, {.sessions = 2}, {}, viewed.record.version);
  EXPECT_EQ(held.step, RecordStep::kSettles);
  EXPECT_EQ(held.sessions, 1u) << "it does not count";
  EXPECT_EQ(Use({}).step, RecordStep::kSettles);
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:a");
  EndSettling();
  EXPECT_EQ(Claim("b", Role::kViewer, {.sessions = 1}, {}, viewed.record.version).step,
            RecordStep::kReplaced);
  EXPECT_EQ(Use({}).step, RecordStep::kRemoved);
}

TEST_F(StreamScriptsTest, AStreamFollowsItsOriginInTheSettleTime) {
  const RecordAnswer published = Publish("a");
  BeginSettling({});
  const ClaimRequest request{.key = key_,
                             .origin_id = "a2",
                             .role = Role::kViewer,
                             .replaces_version = published.record.version,
                             .inherits = true};
  const Raw raw = Run("claim", ClaimArguments(request, {.publishers = 1, .sessions = 2}, kCap));
  EXPECT_EQ(raw.answer.step, RecordStep::kReplaced);
}

TEST_F(StreamScriptsTest, NoDriverTakesBackWhatADeadProxyHeldInTheSettleTime) {
  Publish("a", kTwo);
  server_.Command({"SET", "srs-proxy-x-driver", "3 one:1"});
  BeginSettling({});
  Die("two:1");
  EXPECT_EQ(Use({}, {.proxy = "two:1", .driver = 3}).step, RecordStep::kSettles);
  EXPECT_TRUE(Exists("srs-proxy-x-uses:two:1"));
  EndSettling();
  EXPECT_EQ(Use({}, {.proxy = "two:1", .driver = 3}).step, RecordStep::kFound);
  EXPECT_FALSE(Exists("srs-proxy-x-uses:two:1"));
}

TEST_F(StreamScriptsTest, AVersionIsNeverUsedTwice) {
  uint64_t last = 0;
  for (int i = 0; i < 20; ++i) {
    const RecordAnswer placed = View("a");
    EXPECT_GT(placed.record.version, last);
    last = placed.record.version;
    Use({});
    if (i == 10) {
      server_.Command({"FLUSHALL"});
      Use({});
      EXPECT_TRUE(Settles());
      EndSettling();
    }
  }
  // A Redis whose clock is behind.
  View("a");
  const std::string ahead = absl::StrCat(last + 1'000'000'000);
  server_.Command({"HSET", kRecord, "version", ahead});
  // The next even one: the odd ones are of proxies without Redis.
  EXPECT_EQ(absl::StrCat(Move("b").record.version), absl::StrCat(last + 1'000'000'002));
}

TEST_F(StreamScriptsTest, AtTheCapTheOldestIdleMappingLeaves) {
  const auto publish_once = [&](int i) {
    const StreamKey key{"v.com", "live", absl::StrCat(i)};
    const ClaimRequest request{.key = key, .origin_id = "a", .role = Role::kPublisher};
    const Raw claimed =
        Run("claim", ClaimArguments(request, {.publishers = 1, .sessions = 1}, kCap));
    if (claimed.what == "full") return false;
    Run("use",
        UseArguments(key, {.publishers = 1, .sessions = 1},
                     Acceptance{Role::kPublisher, claimed.answer.record.version, "a"}, kCap));
    if (i < 100) Run("use", UseArguments(key, {}, std::nullopt, kCap));
    return true;
  };
  for (int i = 0; i < 7; ++i) EXPECT_TRUE(publish_once(i));
  EXPECT_EQ(server_.Command({"ZCARD", "srs-proxy-x-streams"}).AsInteger().value(), 5);
  EXPECT_FALSE(Exists("srs-proxy-x-url:v.com/live/1"));
  EXPECT_FALSE(Exists("srs-proxy-url:v.com/live/1"));
  EXPECT_TRUE(Exists("srs-proxy-x-url:v.com/live/2"));
  for (int i = 100; i < 105; ++i) EXPECT_TRUE(publish_once(i)) << i;
  EXPECT_FALSE(publish_once(106)) << "all are in use";
}

TEST_F(StreamScriptsTest, WhatAGoProxyHasPlacedIsTaken) {
  server_.Command({"SET", kMapping, "srs-proxy-server:go"});
  const RecordAnswer found = View("a");
  EXPECT_EQ(found.step, RecordStep::kFound);
  EXPECT_EQ(found.record.origin_id, "go");
  EXPECT_TRUE(found.record.flows) << "it has no other way to say so";
  EXPECT_EQ(Ttl(kMapping), -1);
  EXPECT_THAT(TakeFed(), ElementsAre("foreign go", "used go"));
  Use({});
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:go") << "it is Go's";
}

TEST_F(StreamScriptsTest, AGoProxysOverwriteCountsUnlessAPublisherIsLiveHere) {
  View("a");
  server_.Command({"SET", kMapping, "srs-proxy-server:go"});
  const RecordAnswer taken = Use({.sessions = 1});
  EXPECT_EQ(taken.record.origin_id, "go");
  EXPECT_THAT(TakeFed(), ElementsAre("foreign go"));

  const RecordAnswer live = Publish("go");
  server_.Command({"SET", kMapping, "srs-proxy-server:other"});
  EXPECT_EQ(Use({.publishers = 1, .live_publishers = 1, .sessions = 1, .live_origin = "go"})
                .record.origin_id,
            "go");
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:go") << "it is written back";
  server_.Command({"DEL", kMapping});
  Use({.publishers = 1, .live_publishers = 1, .sessions = 2, .live_origin = "go"});
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:go");
}

TEST_F(StreamScriptsTest, AGoProxyDropsAHostWithoutAPort) {
  server_.Command({"SET", "srs-proxy-url:__defaultVhost__/live/cam", "srs-proxy-server:go"});
  EXPECT_EQ(View("a").record.origin_id, "go");
}

TEST_F(StreamScriptsTest, ViewersOfAnotherVhostAreJoined) {
  const ClaimRequest elsewhere{.key = {"w.com", "live", "cam"}, .origin_id = "a"};
  Run("claim", ClaimArguments(elsewhere, {.sessions = 1}, kCap), kTwo);
  EXPECT_EQ(Publish("b").record.origin_id, "a") << "they wait for a publisher";
  EXPECT_LE(Ttl("srs-proxy-x-vhosts:live/cam"), 60'000);
}

TEST_F(StreamScriptsTest, KeysThatHoldWhatWeDoNotWriteAreHealed) {
  const auto broken = [&](std::initializer_list<std::string_view> command, const char* what) {
    server_.Command({"FLUSHALL"});
    Announce("one:1");
    server_.Command(command);
    EXPECT_EQ(Publish("a").record.origin_id, "a") << what;
    EXPECT_EQ(Get(kMapping), "srs-proxy-server:a") << what;
  };
  broken({"SET", kRecord, "text"}, "the record is a text");
  broken({"HSET", kRecord, "origin", "a", "version", "many"}, "its version is no number");
  broken({"HSET", kRecord, "version", "7", "revision", "1", "placed", "7", "claimed", "1"},
         "it has no origin");
  broken({"HSET", kRecord, "origin", std::string(100'000, 'x'), "version", "7", "revision", "1",
          "placed", "7", "claimed", "1"},
         "its origin is huge");
  broken({"RPUSH", kMapping, "x"}, "the mapping is a list");
  broken({"SET", kMapping, "nonsense"}, "the mapping names no server");
  broken({"SET", kMapping, "srs-proxy-server:" + std::string(100'000, 'x')}, "a huge name");
  for (const char* key : {"srs-proxy-x-history", "srs-proxy-x-streams", "srs-proxy-x-feed",
                          "srs-proxy-x-vhosts:live/cam", "srs-proxy-x-uses:one:1"}) {
    broken({"SET", key, "x"}, key);
  }
}

TEST_F(StreamScriptsTest, ADriverWhoseLeaseHasEndedChangesNothing) {
  Publish("a");
  Use({});
  server_.Command({"SET", "srs-proxy-x-driver", "8 two:1"});
  const Raw late = Run("move", MoveArguments({.key = key_, .origin_id = "b"}), {.driver = 7});
  EXPECT_TRUE(absl::IsFailedPrecondition(late.status)) << late.status;
  EXPECT_EQ(Get(kMapping), "srs-proxy-server:a");
  EXPECT_EQ(Move("b", 8).step, RecordStep::kMoved);
}

TEST_F(StreamScriptsTest, ReleasesWhatNobodyUses) {
  Publish("a");
  const auto release = [&](bool force) {
    return Run("release", ReleaseArguments({.key = key_, .force = force})).answer.step;
  };
  EXPECT_EQ(release(false), RecordStep::kUsed);
  EXPECT_EQ(release(true), RecordStep::kRemoved);
  EXPECT_EQ(release(true), RecordStep::kMissing);
  EXPECT_FALSE(Exists(kMapping));
  EXPECT_EQ(Use({.publishers = 1, .sessions = 1}).step, RecordStep::kMissing);
}

TEST_F(StreamScriptsTest, Pins) {
  EXPECT_EQ(Pin("").step, PinStep::kMissing);
  const PinAnswer pinned = Pin("server");
  EXPECT_EQ(pinned.step, PinStep::kPinned);
  EXPECT_EQ(PinInRedis(), absl::StrCat(pinned.pin.revision, " server"));
  EXPECT_EQ(Pin("server", {}, {"v.com", "live", "two"}).step, PinStep::kPinned);
  EXPECT_EQ(Pin("server", {}, {"v.com", "live", "three"}).step, PinStep::kFull);
  const PinAnswer other = Pin("other one");
  EXPECT_EQ(other.former_server, "server");
  EXPECT_EQ(other.pin.server, "other one");
  EXPECT_GT(other.pin.revision, pinned.pin.revision);
  EXPECT_EQ(Pin("other one").pin.revision, other.pin.revision) << "nothing has changed";
  const PinAnswer unpinned = Pin("");
  EXPECT_EQ(unpinned.step, PinStep::kUnpinned);
  EXPECT_EQ(unpinned.former_server, "other one");
  EXPECT_EQ(PinInRedis(), "(none)");
  EXPECT_EQ(Get(kUnpinned), absl::StrCat(unpinned.pin.revision));
  EXPECT_GT(Ttl(kUnpinned), 590'000);
  EXPECT_GT(Pin("server").pin.revision, unpinned.pin.revision);
  EXPECT_FALSE(Exists(kUnpinned));
}

TEST_F(StreamScriptsTest, ACopyOfAPinIsWrittenUnlessRedisHasALaterOne) {
  const KeptPin copy{"server", 7};
  EXPECT_EQ(Pin(std::nullopt, copy).step, PinStep::kPinned);
  EXPECT_EQ(PinInRedis(), "7 server");
  const std::string fed = Fed();
  EXPECT_EQ(Pin(std::nullopt, copy).pin.revision, 7u) << "another proxy's";
  EXPECT_EQ(Pin(std::nullopt, {"older", 6}).pin.server, "server");
  EXPECT_EQ(Pin(std::nullopt, {"", 6}).pin.server, "server");
  EXPECT_EQ(Pin(std::nullopt, {}).pin.server, "server") << "who knows nothing";
  EXPECT_EQ(PinInRedis(), "7 server");
  EXPECT_EQ(Fed(), fed) << "nothing has changed";
  EXPECT_EQ(Pin(std::nullopt, {"later", 8}).pin.server, "later");
  EXPECT_EQ(PinInRedis(), "8 later");
}

TEST_F(StreamScriptsTest, ACopyOfAPinThatWasRemovedRemovesIt) {
  Pin(std::nullopt, {"server", 7});
  EXPECT_EQ(Pin(std::nullopt, {"", 8}).step, PinStep::kUnpinned);
  EXPECT_EQ(PinInRedis(), "(none)");
  EXPECT_EQ(Pin(std::nullopt, {"server", 7}).step, PinStep::kUnpinned);
  EXPECT_EQ(PinInRedis(), "(none)") << "the copy is older";
  EXPECT_EQ(Pin(std::nullopt, {"server", 9}).step, PinStep::kPinned);
}

// Before any copy was written again.
TEST_F(StreamScriptsTest, APinOfAFlushedRedisIsChangedAsItsCallerKnowsIt) {
  constexpr uint64_t kFuture = 4'000'000'000'000'000;  // By a Redis whose clock was ahead.
  const PinAnswer unpinned = Pin("", {"server", kFuture});
  EXPECT_EQ(unpinned.step, PinStep::kUnpinned);
  EXPECT_EQ(unpinned.former_server, "server");
  EXPECT_EQ(Pin(std::nullopt, {"server", kFuture}).step, PinStep::kUnpinned);
  const PinAnswer other = Pin("other", unpinned.pin);
  EXPECT_GT(other.pin.revision, unpinned.pin.revision);
}

TEST_F(StreamScriptsTest, TheFeedIsNumberedWithoutGaps) {
  Publish("a");
  Use({});
  Move("b");
  const Reply entries = server_.Command({"XRANGE", "srs-proxy-x-feed", "-", "+"});
  int expected = 0;
  const auto items = entries.AsArray().value();
  for (const Reply& entry : items) {
    const auto fields = entry.AsArray().value()[1].AsFields().value();
    const FeedEntry read{.kind = "stream", .fields = fields};
    EXPECT_EQ(read.Get("number"), absl::StrCat(++expected));
    EXPECT_TRUE(read.Get("history").starts_with("h-"));
    EXPECT_EQ(read.Get("by"), "one:1");
    EXPECT_TRUE(ReadFedRecord(read).ok());
  }
  EXPECT_EQ(expected, 4);
}

}  // namespace
}  // namespace srsproxy::redis
