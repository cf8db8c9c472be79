// A fleet as a model has it: proxies, each with its balancer, registry and stores behind a relay
// that faults, on one real Redis; origins, sessions, operators; and what is done to them at random.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <future>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "tests/support/change_overrides.h"
#include "tests/support/fleet_member.h"
#include "tests/support/placement_watch.h"
#include "tests/support/redis_server.h"

namespace srsproxy {

class PlacementModel : public testing::Test {
 protected:
  static constexpr char kServers[] = "abcd";

  // As operators and the origins themselves have it.
  struct Server {
    int pid = 0;  // 0: it is not registered.
    bool cordoned = false;
    std::string lease = {};
    std::deque<std::string> log = {};  // What was done to it.

    void Note(std::string what) {
      if (log.size() == 8) log.pop_front();
      log.push_back(std::move(what));
    }
  };

  struct Session {
    size_t proxy = 0;
    StreamKey key;
    Role role = Role::kViewer;
    std::string origin_id;
    std::unique_ptr<StreamLease> lease;
    bool live = false;
    std::shared_ptr<std::atomic<bool>> lost = std::make_shared<std::atomic<bool>>(false);
  };

  PlacementModel() {
    for (const char* stream : {"a", "b", "c", "d", "e"}) keys_.push_back({"v.com", "live", stream});
    // Of which one is in both vhosts: it goes where the other's is, cordoned or not.
    for (const char* stream : {"e", "f", "g", "h"}) keys_.push_back({"w.com", "live", stream});
  }
  ~PlacementModel() override {
    for (const auto& proxy : proxies_) proxy->Stop();
    sessions_.clear();
  }

  size_t Random(size_t below) {
    return std::uniform_int_distribution<size_t>(0, below - 1)(random_);
  }
  bool Chance(double share) { return std::uniform_real_distribution<>(0, 1)(random_) < share; }
  FleetMember& AnyProxy() { return *proxies_[Random(proxies_.size())]; }
  char AnyServer() { return kServers[Random(std::size(kServers) - 1)]; }

  static std::string IdOf(char server, int pid) {
    return absl::StrCat(std::string(1, server), "-svc-", pid);
  }
  // What a server was before its restart is what it is now.
  static bool AreOne(const std::string& id, const std::string& other) { return id[0] == other[0]; }
  // Nullopt: there is none that new streams may go to.
  std::optional<std::string> AnyTarget() {
    std::vector<std::string> targets;
    for (const auto& [name, server] : servers_) {
      if (server.pid > 0 && !server.cordoned) targets.push_back(IdOf(name, server.pid));
    }
    if (targets.empty()) return std::nullopt;
    return targets[Random(targets.size())];
  }
  size_t CountTargets() const {
    size_t count = 0;
    for (const auto& [name, server] : servers_) count += server.pid > 0 && !server.cordoned;
    return count;
  }

  // Origins.

  void Register(char name) {
    servers_[name].pid = ++last_pid_;
    RegisterAgain(name);
  }
  void RegisterAgain(char name) {
    Server& server = servers_[name];
    OriginRegistration registration;
    registration.ip = absl::StrCat("10.0.0.", name - 'a' + 1);
    registration.server = std::string(1, name);
    registration.service = "svc";
    registration.pid = absl::StrCat(server.pid);
    registration.rtmp = {{Transport::kTcp, "", 1935}};
    const size_t proxy = Random(proxies_.size());
    const auto lease = proxies_[proxy]->registry().Register(registration, "10.0.0.1");
    server.Note(absl::StrCat(step_, " registered ", server.pid, " at ", proxy));
    ASSERT_TRUE(lease.ok()) << lease.status();
    server.lease = lease->lease_id;
  }
  // Its process ends, and with it the sessions there.
  void EndSessionsOn(char server) {
    for (size_t i = sessions_.size(); i-- > 0;) {
      if (sessions_[i].origin_id[0] == server) End(i);
    }
  }
  void Restart(char name) {
    EndSessionsOn(name);
    Register(name);
  }
  void Deregister(char name) {
    Server& server = servers_[name];
    if (server.pid == 0 || (!server.cordoned && CountTargets() < 3)) return;
    const size_t proxy = Random(proxies_.size());
    // Where it is not known yet, or not any more, an operator is told so.
    if (!proxies_[proxy]->registry().DeregisterOrigin(IdOf(name, server.pid)).ok()) return;
    server.Note(absl::StrCat(step_, " deregistered ", server.pid, " at ", proxy));
    EndSessionsOn(name);
    server.pid = 0;
  }
  void Cordon(char name) {
    Server& server = servers_[name];
    if (!server.cordoned && CountTargets() < 3) return;
    OverridesChange change;
    change.made_at = absl::Now();
    change.admin_state = server.cordoned ? FieldChange<AdminState>::Clear()
                                         : FieldChange<AdminState>::Set(AdminState::kCordoned);
    const auto decided =
        ChangeOverridesNow(AnyProxy().registry(), std::string(1, name), std::move(change));
    if (decided.ok()) {
      server.cordoned = !server.cordoned;
    } else {
      // Whether it was done is unknown: what is in force by then is found at rest.
      EXPECT_TRUE(faults_ && absl::IsUnavailable(decided.status())) << decided.status();
      in_doubt_.insert(name);
    }
  }
  // Heartbeats; an origin whose lease nobody knows registers again.
  void Beat() {
    for (auto& [name, server] : servers_) {
      if (server.pid == 0) continue;
      const auto reply = AnyProxy().registry().Heartbeat(server.lease, {});
      if (absl::IsNotFound(reply.status())) RegisterAgain(name);
    }
    for (const auto& proxy : proxies_) proxy->registry().Tick();
  }

  // Sessions.

  void Pick() {
    const size_t proxy = Random(proxies_.size());
    Pick(proxy, keys_[Random(keys_.size())], Chance(0.4) ? Role::kPublisher : Role::kViewer);
  }
  // The origin; empty: it was refused.
  std::string Pick(size_t proxy, const StreamKey& key, Role role) {
    const auto before = proxies_[proxy]->registry().snapshot();
    auto placement = proxies_[proxy]->Pick({key, Protocol::kRtmp, role, {}});
    if (!placement.ok()) {
      EXPECT_TRUE(faults_ && absl::IsUnavailable(placement.status())) << placement.status();
      return "";
    }
    const Origin& origin = *placement->origin;
    // What this proxy knew before the pick, and knows after it.
    const auto known = before->Find(origin.id);
    if (placement->reason == PickReason::kClaimed && known != nullptr && key.stream != "e") {
      EXPECT_TRUE(known->admin_state == AdminState::kActive ||
                  origin.admin_state == AdminState::kActive)
          << origin.id << " is cordoned, " << key.ToString();
      EXPECT_TRUE(HoldsLease(*known) || HoldsLease(origin)) << origin.id << " " << key.ToString();
    }
    EXPECT_NE(origin.health, OriginHealth::kDead) << origin.id << " " << key.ToString();
    if (servers_[origin.id[0]].pid == 0) {
      // Of a proxy that does not know it to be gone: nobody answers there.
      proxies_[proxy]->registry().ReportConnect(origin.id, ConnectOutcome::kRefused);
      placement->lease->Refused();
      return "";
    }
    Session& session = sessions_.emplace_back(Session{.proxy = proxy,
                                                      .key = key,
                                                      .role = role,
                                                      .origin_id = origin.id,
                                                      .lease = std::move(placement->lease)});
    session.lease->WhenLost([lost = session.lost](const absl::Status&) { *lost = true; });
    return session.origin_id;
  }
  void MarkLive(size_t index) {
    Session& session = sessions_[index];
    if (std::exchange(session.live, true)) return;
    std::promise<absl::Status> answer;
    session.lease->MarkLive(
        [&answer](absl::Status status) { answer.set_value(std::move(status)); });
    const absl::Status accepted = answer.get_future().get();
    if (accepted.ok()) return;
    EXPECT_TRUE(absl::IsAborted(accepted)) << accepted;
    End(index);
  }
  void End(size_t index) {
    std::swap(sessions_[index], sessions_.back());
    sessions_.pop_back();
  }
  // As sessions do that hear of it.
  void EndLost() {
    for (size_t i = sessions_.size(); i-- > 0;) {
      if (*sessions_[i].lost) End(i);
    }
  }

  // Operators.

  void Move() {
    const auto target = AnyTarget();
    if (!target.has_value()) return;
    std::promise<void> answered;
    AnyProxy().streams().Move({.key = keys_[Random(keys_.size())], .origin_id = *target},
                              [&](const absl::StatusOr<MoveOutcome>&) { answered.set_value(); });
    answered.get_future().get();
  }
  void Release() {
    std::promise<void> answered;
    AnyProxy().streams().Release(
        {.key = keys_[Random(keys_.size())]},
        [&](const absl::StatusOr<StreamMapping>&) { answered.set_value(); });
    answered.get_future().get();
  }

  // What happens to Redis.

  void Stop() {
    server_.Suspend();
    resumes_at_ = step_ + 1 + static_cast<int64_t>(Random(60));
  }
  void Crash() {
    server_.Kill();
    resumes_at_ = step_ + 1 + static_cast<int64_t>(Random(60));
    killed_ = true;
  }
  void Resume() {
    if (resumes_at_ == 0) return;
    resumes_at_ = 0;
    if (std::exchange(killed_, false)) return server_.Start();
    server_.Resume();
  }
  bool is_away() const { return resumes_at_ != 0; }

  const int64_t seed_ = NumberFrom("SRSPROXY_MODEL_SEED", 20261130);
  std::mt19937_64 random_{static_cast<uint64_t>(seed_)};
  bool faults_ = false;
  int64_t step_ = 0;
  int64_t resumes_at_ = 0;  // The step; 0: Redis is not away.
  bool killed_ = false;     // It is away because it has died.
  RedisServer server_;
  Placements placements_;
  std::vector<std::unique_ptr<FleetMember>> proxies_;
  std::vector<StreamKey> keys_;
  std::vector<Session> sessions_;
  std::map<char, Server> servers_;
  std::set<char> in_doubt_;  // Whether they are cordoned.
  int last_pid_ = 0;
};

}  // namespace srsproxy
