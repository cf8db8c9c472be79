// Runs one session between a client and an origin that tests play, without a proxy around it, and
// fails when the session leaves anything behind.
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/balance/start_settle.h"
#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/net/cancel_scope.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/tls.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "dataplane/proxy/upstream/upstream_needs.h"
#include "tests/support/certificates.h"
#include "tests/unit/dataplane/proxy/one_origin.h"
#include "tests/unit/dataplane/proxy/scripted_peer.h"

namespace srsproxy::testing {

class SessionFixture : public ::testing::Test {
 protected:
  using Plan = ScriptedPeer::Plan;
  // Runs the session of a client to its end.
  using Serve = std::function<net::Task<void>(net::Incoming client, net::CancelScope& scope)>;
  // A part of a run takes no longer; every timeout of the sessions is.
  static constexpr auto kLongestRun = std::chrono::seconds(10);
  // Of each buffer between the session and a client that stops reading: it is soon full.
  static constexpr int kFewBytes = 4096;

  static Config LongTimeouts() {
    Config config;
    config.connect_timeout = config.handshake_timeout = config.write_timeout = absl::Seconds(60);
    config.cluster_api = true;
    return config;
  }

  ~SessionFixture() override {
    origins_.reset();
    worker_.reset();  // What hangs is destroyed while everything else is there.
  }

  // Runs one session, and returns what the client received.
  std::string Run(const Serve& serve, Plan client, Plan origin) {
    tcp::acceptor front(io(), Loopback());
    tcp::socket socket(io(), tcp::v4());
    const bool deaf = client.leaving == Leaving::kStopsReading;
    if (deaf) socket.set_option(tcp::socket::receive_buffer_size(kFewBytes));
    socket.connect(front.local_endpoint());
    tcp::endpoint peer;
    tcp::socket accepted = front.accept(peer);
    if (deaf) accepted.set_option(tcp::socket::send_buffer_size(kFewBytes));
    ScriptedPeer client_peer(std::move(socket), client_tls_);
    session_ended_ = false;
    auto ended = [this, deaf, &client_peer](const std::exception_ptr& fault) {
      EXPECT_EQ(fault, nullptr);
      session_ended_ = true;
      if (deaf) client_peer.Leave();
      boost::system::error_code ignored;
      origins_->cancel(ignored);
    };
    net::Incoming incoming{std::move(accepted), peer};
    auto session = [&serve, &incoming](net::CancelScope& scope) {
      return serve(std::move(incoming), scope);
    };
    net::SpawnInScope(io().get_executor(), std::move(session), std::move(ended));
    Spawn(client_peer.Play(std::move(client)));
    Spawn(AcceptOrigins(std::move(origin)));
    const auto latest = std::chrono::steady_clock::now() + kLongestRun;
    io().restart();
    while (!session_ended_ || peers_ > 0) {
      if (std::chrono::steady_clock::now() > latest) {
        ADD_FAILURE() << "the session hangs: ended " << session_ended_ << ", peers " << peers_;
        break;
      }
      io().run_one_for(std::chrono::milliseconds(100));
      if (session_ended_) EndPooled();
    }
    io().poll();
    ExpectNothingIsLeft();
    return client_peer.received();
  }

  // A session each for a client and an origin that leave after each of their steps in each way, and
  // for an operator who ends it there.
  void RunAllEnds(const Serve& serve, const Script& client, const Script& origin) {
    for (const Leaving leaving : {Leaving::kCloses, Leaving::kResets}) {
      for (size_t step = 0; step <= client.size(); ++step) {
        SCOPED_TRACE("the client leaves after step " + std::to_string(step));
        Run(serve, {client, step, leaving}, {origin});
      }
      for (size_t step = 0; step <= origin.size(); ++step) {
        SCOPED_TRACE("the origin leaves after step " + std::to_string(step));
        Run(serve, {client}, {origin, step, leaving});
      }
    }
    auto kick = [this] {
      table_.KickAll(ProxyFailure(absl::StatusCode::kAborted, "an operator ended it"));
    };
    for (size_t step = 0; step <= client.size(); ++step) {
      SCOPED_TRACE("kicked after step " + std::to_string(step) + " of the client");
      Run(serve, {client, step, Leaving::kStays, kick}, {origin});
    }
    for (size_t step = 0; step < origin.size(); ++step) {
      SCOPED_TRACE("kicked after step " + std::to_string(step) + " of the origin");
      Run(serve, {client}, {origin, step, Leaving::kStays, kick});
    }
  }

  // From now on no peer has long for what is awaited of it.
  void ShortenTimeouts() {
    Config config = *config_.Get();
    config.connect_timeout = config.handshake_timeout = config.write_timeout =
        absl::Milliseconds(50);
    config_.Set(std::move(config));
  }

  // A session each for a client that does nothing more after some of its first steps, and for such
  // an origin: the deadlines end them all.
  void RunAllStalls(const Serve& serve, const Script& client, std::vector<size_t> client_steps,
                    const Script& origin, std::vector<size_t> origin_steps) {
    ShortenTimeouts();
    for (const size_t step : client_steps) {
      SCOPED_TRACE("the client stalls after step " + std::to_string(step));
      Run(serve, {client, step}, {origin});
    }
    for (const size_t step : origin_steps) {
      SCOPED_TRACE("the origin stalls after step " + std::to_string(step));
      Run(serve, {client}, {origin, step});
    }
  }

  // From now on the client speaks TLS, and the session has this for it.
  net::TlsContext UseTls() {
    std::signal(SIGPIPE, SIG_IGN);  // As the program does: OpenSSL writes to who has left.
    certificates_.Make("server");
    tls_.emplace(net::asio::ssl::context::tls_client);
    client_tls_ = &*tls_;
    auto server = net::LoadServerTls(certificates_.Cert("server"), certificates_.Key("server"));
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *server : nullptr;
  }

  // What is left of sessions on purpose is ended here.
  virtual void EndRest() {}

  net::asio::io_context& io() { return worker_->io(); }
  uint16_t origin_port() const { return origins_->local_endpoint().port(); }
  static tcp::endpoint Loopback() { return {net::asio::ip::address_v4::loopback(), 0}; }

  Clock clock_;
  Logger logger_{{.sink = [](std::string_view) {}}};
  Metrics metrics_{"test"};
  LiveConfig config_{LongTimeouts()};
  MemoryOriginStore store_;
  OriginRegistry registry_{clock_, store_};
  net::DialRules dial_rules_{config_};
  HopGuard hop_guard_{BootId{1}, clock_, logger_};
  OriginConnections connections_{clock_};
  std::mt19937_64 random_{1};
  std::unique_ptr<net::Worker> worker_ = std::make_unique<net::Worker>(0);
  std::optional<tcp::acceptor> origins_{std::in_place, worker_->io(), Loopback()};
  OneOrigin balancer_{origin_port()};
  SessionTable table_{worker_->io().get_executor()};
  const SessionContext context_{*worker_, clock_, logger_, metrics_, metrics_.AddWorker()};
  const UpstreamNeeds upstream_{.context = context_,
                                .balancer = balancer_,
                                .origins = registry_,
                                .dial_rules = dial_rules_,
                                .hop_guard = hop_guard_,
                                .connections = connections_,
                                .proxy_started = clock_.Now() - StartSettle::kWindow};

 private:
  net::Task<void> AcceptOrigins(Plan plan) {
    while (!session_ended_) {
      auto [error, socket] = co_await origins_->async_accept(net::kNoThrow);
      if (error) co_return;
      ScriptedPeer peer(std::move(socket));
      co_await peer.Play(plan);
    }
  }

  void Spawn(net::Task<void> peer) {
    ++peers_;
    auto left = [this](const std::exception_ptr&) { --peers_; };
    net::asio::co_spawn(io(), std::move(peer), std::move(left));
  }

  // The origin of a connection that is kept waits for its close.
  void EndPooled() {
    Endpoint origin{Transport::kTcp, "127.0.0.1", origin_port()};
    while (connections_.Take(origin).has_value()) {
    }
  }

  void ExpectNothingIsLeft() {
    EndRest();
    EXPECT_EQ(balancer_.leases, 0) << "a lease is held";
    EXPECT_EQ(table_.size(), 0U) << "a session is in the table";
    std::istringstream text(metrics_.Serialize());
    for (std::string line; std::getline(text, line);) {
      const bool gauge =
          line.starts_with("srsproxy_sessions{") || line.starts_with("srsproxy_connections{");
      EXPECT_TRUE(!gauge || line.ends_with(" 0")) << line;
    }
  }

  Certificates certificates_;
  std::optional<net::asio::ssl::context> tls_;
  net::asio::ssl::context* client_tls_ = nullptr;
  bool session_ended_ = false;
  int peers_ = 0;
};

}  // namespace srsproxy::testing
