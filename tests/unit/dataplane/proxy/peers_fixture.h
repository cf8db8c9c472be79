// Runs sessions between a client and an origin that tests play, and fails when one of them leaves
// anything behind.
#pragma once

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ssl/context.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "tests/support/certificates.h"
#include "tests/unit/dataplane/proxy/one_origin.h"
#include "tests/unit/dataplane/proxy/scripted_peer.h"

namespace srsproxy::testing {

class PeersFixture : public ::testing::Test {
 protected:
  using Plan = ScriptedPeer::Plan;
  // Connects a client's socket to whoever serves it.
  using Front = std::function<void(tcp::socket& client)>;
  // A part of a run takes no longer; every timeout of the sessions is.
  static constexpr auto kLongestRun = std::chrono::seconds(60);
  // Of each buffer between the session and a client that stops reading: it is soon full.
  static constexpr int kFewBytes = 4096;

  static Config LongTimeouts() {
    Config config;
    config.connect_timeout = config.handshake_timeout = config.write_timeout = absl::Seconds(60);
    config.cluster_api = true;
    return config;
  }

  // What hangs is destroyed while everything else is there.
  void TearDown() override {
    origins_.reset();
    workers_.clear();
  }

  // Runs one session, and returns what the client received.
  std::string Run(const Front& front, Plan client, Plan origin) {
    tcp::socket socket(io(), tcp::v4());
    deaf_ = client.leaving == Leaving::kStopsReading;
    if (deaf_) socket.set_option(tcp::socket::receive_buffer_size(kFewBytes));
    front(socket);
    ScriptedPeer client_peer(std::move(socket), client_tls_);
    over_ = false;
    Spawn(client_peer.Play(std::move(client)));
    Spawn(AcceptOrigins(std::move(origin)));
    const auto latest = std::chrono::steady_clock::now() + kLongestRun;
    io().restart();
    while (!over_ || peers_ > 0) {
      if (std::chrono::steady_clock::now() > latest) {
        ADD_FAILURE() << "the session hangs: ended " << over_ << ", peers " << peers_;
        break;
      }
      io().run_one_for(std::chrono::milliseconds(100));
      if (!over_ && SessionEnded()) {
        over_ = true;
        boost::system::error_code ignored;
        origins_->cancel(ignored);
        if (deaf_) client_peer.Leave();
      }
      if (over_) EndPooled();
    }
    io().poll();
    ExpectNothingIsLeft();
    return client_peer.received();
  }

  // A session each for a client and an origin that leave after each of their steps in each way, and
  // for an operator who ends it there.
  void RunAllEnds(const Front& front, const Script& client, const Script& origin) {
    for (const Leaving leaving : {Leaving::kCloses, Leaving::kResets}) {
      for (size_t step = 0; step <= client.size(); ++step) {
        SCOPED_TRACE("the client leaves after step " + std::to_string(step));
        Run(front, {client, step, leaving}, {origin});
      }
      for (size_t step = 0; step <= origin.size(); ++step) {
        SCOPED_TRACE("the origin leaves after step " + std::to_string(step));
        Run(front, {client}, {origin, step, leaving});
      }
    }
    auto kick = [this] {
      table().KickAll(ProxyFailure(absl::StatusCode::kAborted, "an operator ended it"));
    };
    for (size_t step = 0; step <= client.size(); ++step) {
      SCOPED_TRACE("kicked after step " + std::to_string(step) + " of the client");
      Run(front, {client, step, Leaving::kStays, kick}, {origin});
    }
    for (size_t step = 0; step < origin.size(); ++step) {
      SCOPED_TRACE("kicked after step " + std::to_string(step) + " of the origin");
      Run(front, {client}, {origin, step, Leaving::kStays, kick});
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
  void RunAllStalls(const Front& front, const Script& client, std::vector<size_t> client_steps,
                    const Script& origin, std::vector<size_t> origin_steps) {
    ShortenTimeouts();
    for (const size_t step : client_steps) {
      SCOPED_TRACE("the client stalls after step " + std::to_string(step));
      Run(front, {client, step}, {origin});
    }
    for (const size_t step : origin_steps) {
      SCOPED_TRACE("the origin stalls after step " + std::to_string(step));
      Run(front, {client}, {origin, step});
    }
  }

  // From now on the client speaks TLS, and the other side has this certificate.
  void UseTls() {
    std::signal(SIGPIPE, SIG_IGN);  // As the program does: OpenSSL writes to who has left.
    certificates_.Make("server");
    tls_client_.emplace(net::asio::ssl::context::tls_client);
    client_tls_ = &*tls_client_;
  }

  // The cluster's API queries the origin from now on.
  void RegisterOrigin() {
    OriginRegistration registration;
    registration.ip = "127.0.0.1";
    registration.server = "o";
    registration.service = "s";
    registration.pid = "1";
    registration.rtmp = registration.api = {{Transport::kTcp, "", origin_port()}};
    EXPECT_TRUE(registry_.Register(std::move(registration), "test").ok());
  }

  // Whether the session of the run has ended; asked after each handler.
  virtual bool SessionEnded() = 0;
  virtual SessionTable& table() = 0;
  // The origin of a connection that is kept waits for its close.
  virtual void EndPooled() = 0;
  // What is left of sessions on purpose is ended here.
  virtual void EndRest() {}

  net::asio::io_context& io() { return workers_.front()->io(); }
  uint16_t origin_port() const { return origins_->local_endpoint().port(); }
  static tcp::endpoint Loopback() { return {net::asio::ip::address_v4::loopback(), 0}; }

  Clock clock_;
  Logger logger_{{.sink = [](std::string_view) {}}};
  Metrics metrics_{"test"};
  LiveConfig config_{LongTimeouts()};
  MemoryOriginStore store_;
  OriginRegistry registry_{clock_, store_};
  net::DialRules dial_rules_{config_};
  Certificates certificates_;
  net::Workers workers_ = net::MakeWorkers(1);
  std::optional<tcp::acceptor> origins_{std::in_place, io(), Loopback()};
  OneOrigin balancer_{origin_port()};
  ScriptedPeer* origin_peer_ = nullptr;            // While there is one.
  net::asio::ssl::context* client_tls_ = nullptr;  // Null: the client speaks none.
  bool deaf_ = false;                              // The client of this run stops reading.

 private:
  net::Task<void> AcceptOrigins(Plan plan) {
    while (!over_) {
      auto [error, socket] = co_await origins_->async_accept(net::kNoThrow);
      if (error) co_return;
      ScriptedPeer peer(std::move(socket));
      origin_peer_ = &peer;
      co_await peer.Play(plan);
      origin_peer_ = nullptr;
    }
  }

  void Spawn(net::Task<void> peer) {
    ++peers_;
    auto left = [this](const std::exception_ptr&) { --peers_; };
    net::asio::co_spawn(io(), std::move(peer), std::move(left));
  }

  void ExpectNothingIsLeft() {
    EndRest();
    EXPECT_EQ(balancer_.leases, 0) << "a lease is held";
    EXPECT_EQ(table().size(), 0U) << "a session is in the table";
    std::istringstream text(metrics_.Serialize());
    for (std::string line; std::getline(text, line);) {
      const bool gauge =
          line.starts_with("srsproxy_sessions{") || line.starts_with("srsproxy_connections{");
      EXPECT_TRUE(!gauge || line.ends_with(" 0")) << line;
    }
  }

  std::optional<net::asio::ssl::context> tls_client_;
  bool over_ = false;
  int peers_ = 0;
};

}  // namespace srsproxy::testing
