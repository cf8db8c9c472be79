// Proxies of a fleet, driven at random, with a Redis that is cut off, stopped, flushed: by a seed.
// What holds all the time, and what holds at rest.
#include <functional>
#include <latch>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/support/placement_watch.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {
namespace {

class FleetModelTest : public testing::Test {
 protected:
  struct Proxy {
    Proxy(const RedisServer& server, const Clock& clock, Placements& placements,
          const std::string& name)
        : watcher(placements),
          redis(server, clock, 1000, name),
          subscription(redis.streams()->Subscribe(watcher)) {}
    Watcher watcher;
    RedisProxy redis;
    Subscription subscription;
  };
  struct Session {
    size_t proxy = 0;
    StreamKey key;
    Role role = Role::kViewer;
    std::unique_ptr<StreamHold> hold = nullptr;
    bool marked = false;
  };

  FleetModelTest() {
    for (const char* name : {"one:1", "two:1", "three:1"}) {
      proxies_.push_back(std::make_unique<Proxy>(server_, clock_, placements_, name));
    }
    for (const char* vhost : {"v.com", "w.com"}) {
      for (const char* stream : {"a", "b", "c", "d"}) keys_.push_back({vhost, "live", stream});
    }
  }
  ~FleetModelTest() override {
    for (const auto& proxy : proxies_) proxy->redis.streams()->Stop();
    sessions_.clear();
  }

  size_t Random(size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random_);
  }
  bool Chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }
  const StreamKey& AnyKey() { return keys_[Random(keys_.size())]; }
  std::string AnyOrigin() { return std::string(1, static_cast<char>('a' + Random(4))); }
  redis::RedisStreamDirectory& Streams(size_t proxy) { return *proxies_[proxy]->redis.streams(); }

  void Claim() {
    const size_t proxy = Random(proxies_.size());
    Session session{
        .proxy = proxy, .key = AnyKey(), .role = Chance(0.4) ? Role::kPublisher : Role::kViewer};
    const auto mapping = Streams(proxy).Find(session.key);
    const uint64_t replaces = mapping.has_value() && Chance(0.1) ? mapping->version : 0;
    const ClaimRequest request{.key = session.key,
                               .origin_id = AnyOrigin(),
                               .role = session.role,
                               .replaces_version = replaces,
                               .inherits = Chance(0.2),
                               .unless_live = Chance(0.5)};
    std::latch answered(1);
    Streams(proxy).Claim(request, [&](absl::StatusOr<ClaimOutcome> outcome) {
      if (outcome.ok()) {
        placements_.See(session.key, outcome->mapping.version, outcome->mapping.origin_id);
        session.hold = std::move(outcome->hold);
      } else {
        EXPECT_TRUE(absl::IsUnavailable(outcome.status())) << outcome.status();
      }
      answered.count_down();
    });
    answered.wait();
    if (session.hold != nullptr) sessions_.push_back(std::move(session));
  }
  void MarkLive() {
    if (sessions_.empty()) return;
    Session& session = sessions_[Random(sessions_.size())];
    if (std::exchange(session.marked, true)) return;
    std::latch answered(1);
    absl::Status accepted;
    session.hold->MarkLive([&](absl::Status status) {
      accepted = std::move(status);
      answered.count_down();
    });
    answered.wait();
    if (!accepted.ok()) {
      EXPECT_TRUE(absl::IsAborted(accepted)) << accepted;
      End(static_cast<size_t>(&session - sessions_.data()));
    }
  }
  void End(size_t index) {
    std::swap(sessions_[index], sessions_.back());
    sessions_.pop_back();
  }
  void Move() {
    const MoveRequest request{.key = AnyKey(), .origin_id = AnyOrigin()};
    Answered<MoveOutcome>(
        [&](auto done) { Streams(Random(proxies_.size())).Move(request, std::move(done)); });
  }
  void Release() {
    const ReleaseRequest request{.key = AnyKey(), .force = Chance(0.2)};
    Answered<StreamMapping>(
        [&](auto done) { Streams(Random(proxies_.size())).Release(request, std::move(done)); });
  }
  template <typename Outcome, typename Ask>
  void Answered(Ask ask) {
    std::latch answered(1);
    ask([&](const absl::StatusOr<Outcome>&) { answered.count_down(); });
    answered.wait();
  }

  void Step() {
    const size_t dice = Random(1000);
    if (dice < 380) return Claim();
    if (dice < 640) return MarkLive();
    if (dice < 940) {
      if (!sessions_.empty()) End(Random(sessions_.size()));
      return;
    }
    if (dice < 980) return Move();
    if (dice < 992) return Release();
    if (dice < 996) server_.Command({"SCRIPT", "FLUSH"});
    if (dice == 996 && faults_) server_.Command({"CLIENT", "KILL", "TYPE", "normal"});
    if (dice == 997 && faults_ && Chance(0.3)) {
      server_.Command({"FLUSHALL"});
      for (const auto& proxy : proxies_) proxy->redis.Announce();
    }
  }

  // Nothing is under way any more: all copies are what Redis has.
  void CheckAtRest() {
    for (const auto& proxy : proxies_) {
      proxy->redis.Announce();
      WaitUntil([&] { return proxy->redis.streams()->state() == StoreState::kSynced; }, "synced");
    }
    for (int i = 0; i < 2; ++i) {
      for (const auto& proxy : proxies_) proxy->redis.Settle();
    }
    for (const StreamKey& key : keys_) CheckStream(key);
    for (const auto& proxy : proxies_) {
      for (const char* origin : {"a", "b", "c", "d"}) {
        EXPECT_EQ(static_cast<size_t>(proxy->watcher.load(origin)),
                  proxy->redis.streams()->CountsOf(origin).in_use);
      }
    }
  }
  std::string FedOf(const StreamKey& key) {
    std::string text;
    const redis::Reply entries = server_.Command({"XRANGE", "srs-proxy-x-feed", "-", "+"});
    const auto items = entries.AsArray().value();
    for (const redis::Reply& item : items) {
      const auto entry = redis::ReadStreamEntry(item).value();
      const redis::FeedEntry fed{.kind = "stream", .fields = entry.fields};
      if (fed.Get("key") != key.ToString()) continue;
      absl::StrAppend(&text, "  fed ", std::string(fed.Get("number")), " by ",
                      std::string(fed.Get("by")), " ", std::string(fed.Get("reason")), " ",
                      std::string(fed.Get("origin")), " v", std::string(fed.Get("version")), " r",
                      std::string(fed.Get("revision")), " live ", std::string(fed.Get("live")),
                      " used ", std::string(fed.Get("used")), " removed ",
                      std::string(fed.Get("removed")), "\n");
    }
    return text.size() > 2500 ? text.substr(text.size() - 2500) : text;
  }
  void CheckStream(const StreamKey& key) {
    const std::string record = "srs-proxy-x-url:" + key.ToString();
    const redis::Reply fields =
        server_.Command({"HMGET", record, "origin", "version", "fed", "used", "live"});
    const auto values = fields.AsArray().value();
    const auto text = [&](size_t i) {
      return std::string(values[i].AsOptionalText().value().value_or(""));
    };
    const bool exists = !text(0).empty();
    if (exists) {
      const redis::Reply mapped = server_.Command({"GET", "srs-proxy-url:" + key.ToString()});
      EXPECT_EQ(mapped.AsOptionalText().value().value_or("(none)"), "srs-proxy-server:" + text(0))
          << record;
    }
    for (size_t i = 0; i < proxies_.size(); ++i) {
      const auto mapping = Streams(i).Find(key);
      size_t here = 0;
      for (const Session& session : sessions_)
        here += session.proxy == i && session.key == key ? 1 : 0;
      // Provisional: known to who uses it, unless what it uses was released.
      if (text(2) != "1" && (here == 0 || !mapping.has_value())) continue;
      SCOPED_TRACE(absl::StrCat(record, " at ", i, " with ", here, ":\n",
                                proxies_[i]->watcher.LastOf(key), FedOf(key)));
      ASSERT_EQ(mapping.has_value(), exists) << record << " at " << i << " with " << here;
      if (!exists) continue;
      EXPECT_EQ(mapping->origin_id, text(0)) << record << " at " << i;
      EXPECT_EQ(absl::StrCat(mapping->version), text(1)) << record << " at " << i;
      EXPECT_EQ(mapping->publisher_live, text(4) == "1") << record << " at " << i;
      EXPECT_EQ(mapping->in_use(), text(3) == "1") << record << " at " << i;
    }
  }

  void Drive(int64_t steps) {
    for (int64_t step = 1; step <= steps && !HasFailure(); ++step) {
      SCOPED_TRACE(absl::StrCat("seed ", seed_, ", step ", step));
      Step();
      if (step % 500 == 0) CheckAtRest();
    }
    SCOPED_TRACE(absl::StrCat("seed ", seed_));
    sessions_.clear();
    CheckAtRest();
    for (size_t i = 0; i < proxies_.size(); ++i) {
      for (const StreamMapping& mapping : Streams(i).List("", 100).mappings) {
        EXPECT_FALSE(mapping.in_use())
            << mapping.key.ToString() << " at " << i << ":\n"
            << proxies_[i]->watcher.LastOf(mapping.key) << FedOf(mapping.key);
      }
      EXPECT_EQ(Streams(i).in_use(), 0u);
    }
  }

  const int64_t seed_ = NumberFrom("SRSPROXY_MODEL_SEED", 20261130);
  std::mt19937_64 random_{static_cast<uint64_t>(seed_)};
  bool faults_ = false;
  Clock clock_;
  RedisServer server_;
  Placements placements_;
  std::vector<std::unique_ptr<Proxy>> proxies_;
  std::vector<StreamKey> keys_;
  std::vector<Session> sessions_;
};

TEST_F(FleetModelTest, WhileRedisIsThere) { Drive(NumberFrom("SRSPROXY_MODEL_STEPS", 2500)); }

TEST_F(FleetModelTest, WhileRedisIsCutOffAndFlushed) {
  faults_ = true;
  Drive(NumberFrom("SRSPROXY_MODEL_STEPS", 2500));
}

}  // namespace
}  // namespace srsproxy
