// Placement in a fleet, driven at random: three proxies on one real Redis that is stopped, killed,
// flushed; origins that come, go, restart and are cordoned. By a seed: what holds all the time, and
// what holds at rest.
#include <memory>
#include <set>
#include <string>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <gtest/gtest.h>

#include "tests/support/placement_at_rest.h"

namespace srsproxy {
namespace {

class PlacementModelTest : public PlacementAtRest {
 protected:
  void Start(FaultRelay::Options faults) {
    faults.faulty = false;
    for (const char* id : {"one", "two", "three"}) {
      proxies_.push_back(std::make_unique<FleetMember>(
          FleetMember::Options{server_.port(), id, random_(), faults}, placements_));
    }
    for (const char* server = kServers; *server != '\0'; ++server) Register(*server);
    WaitForRest();
  }

  void Fault() {
    const size_t dice = Random(100'000);
    if (dice < 100 && !is_away()) server_.Command({"SCRIPT", "FLUSH"});
    if (dice >= 100 && dice < 150 && !is_away())
      server_.Command({"CLIENT", "KILL", "TYPE", "normal"});
    if (dice >= 150 && dice < 165 && !is_away()) server_.Command({"FLUSHALL"});
    if (dice >= 165 && dice < 180 && !is_away()) Stop();
    if (dice >= 180 && dice < 190 && !is_away()) Crash();
    if (dice >= 190 && dice < 230) AnyProxy().relay().ResetAll();
    if (resumes_at_ == step_) Resume();
  }

  void Step() {
    if (faults_) Fault();
    EndLost();
    const size_t dice = Random(10'000);
    if (dice < 3'800) return Pick();
    if (dice < 6'400) {
      if (!sessions_.empty()) MarkLive(Random(sessions_.size()));
      return;
    }
    if (dice < 9'500) {
      if (!sessions_.empty()) End(Random(sessions_.size()));
      return;
    }
    if (dice < 9'800) return Move();
    if (dice < 9'900) return Release();
    if (dice < 9'930) return Cordon(AnyServer());
    if (dice < 9'945) return Deregister(AnyServer());
    if (dice < 9'960) return servers_[AnyServer()].pid == 0 ? Register(AnyServer()) : void();
    if (dice < 9'970) return Restart(AnyServer());
    Beat();
  }

  // New streams go to one origin, which may take them, and viewers to their publisher.
  void CheckPlacement() {
    const bool faults = std::exchange(faults_, false);
    const size_t before = sessions_.size();
    for (const StreamKey& key : keys_) {
      std::set<std::string> origins;  // Their servers.
      for (const Session& session : sessions_) {
        if (session.key == key && session.live && session.role == Role::kPublisher) {
          origins.insert(session.origin_id.substr(0, 1));
        }
      }
      if (origins.empty()) continue;
      for (size_t i = 0; i < proxies_.size(); ++i) {
        origins.insert(Pick(i, key, Role::kViewer).substr(0, 1));
      }
      EXPECT_EQ(origins.size(), 1u)
          << key.ToString() << ": " << absl::StrJoin(origins, " ") << " " << About(key);
    }
    const StreamKey anew{"v.com", "new", absl::StrCat(step_)};
    std::set<std::string> servers;
    for (size_t i = 0; i < proxies_.size(); ++i) {
      const std::string id = Pick(i, anew, Role::kViewer);
      ASSERT_FALSE(id.empty());
      servers.insert(id.substr(0, 1));
      EXPECT_TRUE(servers_[id[0]].pid > 0 && !servers_[id[0]].cordoned) << id;
    }
    EXPECT_EQ(servers.size(), 1u) << absl::StrJoin(servers, " ");
    while (sessions_.size() > before) sessions_.pop_back();
    faults_ = faults;
  }

  void Drive(int64_t steps) {
    constexpr int64_t kRestPeriod = 2'500;
    for (step_ = 1; step_ <= steps && !HasFailure(); ++step_) {
      SCOPED_TRACE(absl::StrCat("seed ", seed_, ", step ", step_));
      Step();
      if (step_ % kRestPeriod != 0) continue;
      WaitForRest();
      if (!HasFailure()) CheckPlacement();
      for (const auto& proxy : proxies_) proxy->relay().SetFaulty(faults_);
    }
    SCOPED_TRACE(absl::StrCat("seed ", seed_));
    sessions_.clear();
    WaitForRest();
  }
};

#ifdef __SANITIZE_THREAD__
constexpr int64_t kSlowness = 10;
#else
constexpr int64_t kSlowness = 1;
#endif

TEST_F(PlacementModelTest, WhileRedisIsThere) {
  Start({});
  Drive(NumberFrom("SRSPROXY_MODEL_STEPS", 10'000 / kSlowness));
}

TEST_F(PlacementModelTest, WhileAnythingHappensToRedis) {
  Start({.bytes = 4'000'000});
  faults_ = true;
  for (const auto& proxy : proxies_) proxy->relay().SetFaulty(true);
  Drive(NumberFrom("SRSPROXY_MODEL_STEPS", 40'000 / kSlowness));
}

}  // namespace
}  // namespace srsproxy
