// The surroundings of a way to an origin: origins that a test plays, and a balancer that offers
// them one after another.
#pragma once

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/balance/start_settle.h"
#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/proxy/upstream/upstream_needs.h"
#include "tests/unit/dataplane/net/run_task.h"
#include "tests/unit/dataplane/proxy/counted_lease.h"
#include "tests/unit/dataplane/proxy/scripted_peer.h"

namespace srsproxy::testing {

// Offers its origins in their order, but for those that were tried in vain.
class ListBalancer final : public Balancer {
 public:
  struct Report {
    std::string origin_id;
    ConnectOutcome outcome;
    bool operator==(const Report&) const = default;
  };

  void Add(const std::string& id, uint16_t port) {
    auto origin = std::make_shared<Origin>();
    origin->id = origin->registration.server = id;
    origins_.push_back({std::move(origin), {Transport::kTcp, "127.0.0.1", port}});
  }

  void Pick(PickRequest request, PickCallback done) override {
    ++picks;
    if (holds) {
      held.push_back({std::move(request), std::move(done)});
    } else {
      Answer(request, done);
    }
  }
  void Answer(const PickRequest& request, PickCallback& done) {
    const auto& tried = request.excluded;
    const auto is_new = [&tried](const Offered& one) {
      return std::find(tried.begin(), tried.end(), one.origin->id) == tried.end();
    };
    const auto at = std::find_if(origins_.begin(), origins_.end(), is_new);
    if (at == origins_.end()) {
      return done(ProxyFailure(absl::StatusCode::kUnavailable, "there is no other origin"));
    }
    Placement placement;
    placement.origin = at->origin;
    placement.endpoint = at->endpoint;
    placement.strategy = "random";
    placement.lease = std::make_unique<CountedLease>(leases);
    done(std::move(placement));
  }
  PickExplanation Explain(const PickRequest&) const override { return {}; }
  void ReportConnect(std::string_view id, ConnectOutcome outcome) override {
    reports.push_back({std::string(id), outcome});
  }

  int picks = 0;
  int leases = 0;  // That are held.
  std::vector<Report> reports;
  bool holds = false;  // Answers when the test does.
  std::vector<std::pair<PickRequest, PickCallback>> held;

 private:
  struct Offered {
    std::shared_ptr<const Origin> origin;
    Endpoint endpoint;
  };
  std::vector<Offered> origins_;
};

class UpstreamFixture : public ::testing::Test {
 protected:
  using Plan = ScriptedPeer::Plan;

  // An origin that plays `plans`, one for each connection in turn.
  class FakeOrigin {
   public:
    FakeOrigin(net::asio::io_context& io, std::vector<Plan> plans)
        : acceptor_(io, {net::asio::ip::address_v4::loopback(), 0}), plans_(std::move(plans)) {
      net::asio::co_spawn(io, Accept(), net::asio::detached);
    }
    uint16_t port() const { return port_; }
    size_t accepted() const { return peers_.size(); }
    const std::string& received(size_t connection) const {
      return peers_.at(connection)->received();
    }
    // From now on connections are refused.
    void StopListening() {
      boost::system::error_code ignored;
      acceptor_.close(ignored);
    }

   private:
    net::Task<void> Accept() {
      while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(net::kNoThrow);
        if (error) co_return;
        peers_.push_back(std::make_unique<ScriptedPeer>(std::move(socket)));
        const size_t number = peers_.size() - 1;
        Plan plan = number < plans_.size() ? plans_[number] : Plan{};
        net::asio::co_spawn(acceptor_.get_executor(), peers_.back()->Play(std::move(plan)),
                            net::asio::detached);
      }
    }

    tcp::acceptor acceptor_;
    const uint16_t port_ = acceptor_.local_endpoint().port();
    const std::vector<Plan> plans_;
    std::vector<std::unique_ptr<ScriptedPeer>> peers_;
  };

  // Is there until the end.
  FakeOrigin& Listen(std::vector<Plan> plans = {}) {
    return *fakes_.emplace_back(std::make_unique<FakeOrigin>(io(), std::move(plans)));
  }

  UpstreamFixture() {
    Config config;
    config.connect_timeout = config.handshake_timeout = config.write_timeout = absl::Seconds(60);
    config_.Set(std::move(config));
    closed_.close();
    full_.listen(0);
    for (int i = 0; i < 4; ++i) {
      ahead_.emplace_back(io());
      ahead_.back().async_connect(full_.local_endpoint(), [](const auto&) {});
    }
  }

  net::asio::io_context& io() { return worker_.io(); }
  uint16_t refusing() const { return closed_port_; }
  // What is sent there is dropped by the kernel.
  uint16_t silent() const { return full_.local_endpoint().port(); }
  static Endpoint At(uint16_t port) { return {Transport::kTcp, "127.0.0.1", port}; }
  static PickRequest Wanted() {
    return {{"v.com", "live", "cam"}, Protocol::kHttpFlv, Role::kViewer, {}};
  }

  template <typename T>
  T Run(net::Task<T> task) {
    return net::testing::RunTask(io(), scope_, std::move(task));
  }
  // Ends the task once it waits.
  template <typename T>
  net::Task<T> CancelWhile(net::Task<T> task) {
    net::asio::post(io(), [this] { scope_.Cancel(Side::kClient, absl::OkStatus()); });
    co_return co_await std::move(task);
  }
  void RunReady() {
    io().restart();
    io().poll();
  }
  // Lets the peers go on until `done`.
  template <typename Done>
  void Until(Done done) {
    io().restart();
    while (!done()) ASSERT_EQ(io().run_one_for(std::chrono::seconds(60)), 1U);
  }

  net::CancelScope scope_;  // Outlives the coroutines, which may go with their worker.
  Clock clock_;
  Logger logger_{{.sink = [](std::string_view) {}}};
  Metrics metrics_{"test"};
  LiveConfig config_{Config{}};
  MemoryOriginStore store_;
  OriginRegistry registry_{clock_, store_};
  net::DialRules dial_rules_{config_};
  HopGuard hop_guard_{BootId{1}, clock_, logger_};
  OriginConnections connections_{clock_};
  ListBalancer balancer_;
  net::Worker worker_{0};
  tcp::acceptor closed_{worker_.io(), {net::asio::ip::address_v4::loopback(), 0}};
  const uint16_t closed_port_ = closed_.local_endpoint().port();
  tcp::acceptor full_{worker_.io(), {net::asio::ip::address_v4::loopback(), 0}};
  std::vector<tcp::socket> ahead_;
  std::vector<std::unique_ptr<FakeOrigin>> fakes_;
  const SessionContext context_{worker_, clock_, logger_, metrics_, metrics_.AddWorker()};
  const UpstreamNeeds upstream_{.context = context_,
                                .balancer = balancer_,
                                .origins = registry_,
                                .dial_rules = dial_rules_,
                                .hop_guard = hop_guard_,
                                .connections = connections_,
                                .proxy_started = clock_.Now() - StartSettle::kWindow};
};

}  // namespace srsproxy::testing
