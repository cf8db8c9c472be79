// Runs one kind of session between a client and an origin that tests play, without a proxy around
// it.
#pragma once

#include <functional>
#include <random>
#include <string>
#include <utility>

#include "dataplane/balance/start_settle.h"
#include "dataplane/net/cancel_scope.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/tls.h"
#include "dataplane/proxy/upstream/upstream_needs.h"
#include "tests/unit/dataplane/proxy/peers_fixture.h"

namespace srsproxy::testing {

class SessionFixture : public PeersFixture {
 protected:
  // Runs the session of a client to its end.
  using Serve = std::function<net::Task<void>(net::Incoming client, net::CancelScope& scope)>;

  Front Serving(Serve serve) {
    return [this, serve = std::move(serve)](tcp::socket& client) { Begin(serve, client); };
  }

  // From now on the client speaks TLS, and the session has this for it.
  net::TlsContext UseServerTls() {
    UseTls();
    auto server = net::LoadServerTls(certificates_.Cert("server"), certificates_.Key("server"));
    EXPECT_TRUE(server.ok()) << server.status();
    return server.ok() ? *server : nullptr;
  }

  bool SessionEnded() override { return ended_; }
  SessionTable& table() override { return table_; }
  void EndPooled() override {
    Endpoint origin{Transport::kTcp, "127.0.0.1", origin_port()};
    while (connections_.Take(origin).has_value()) {
    }
  }

  HopGuard hop_guard_{BootId{1}, clock_, logger_};
  OriginConnections connections_{clock_};
  std::mt19937_64 random_{1};
  SessionTable table_{io().get_executor()};
  const SessionContext context_{*workers_.front(), clock_, logger_, metrics_, metrics_.AddWorker()};
  const UpstreamNeeds upstream_{.context = context_,
                                .balancer = balancer_,
                                .origins = registry_,
                                .dial_rules = dial_rules_,
                                .hop_guard = hop_guard_,
                                .connections = connections_,
                                .proxy_started = clock_.Now() - StartSettle::kWindow};

 private:
  void Begin(const Serve& serve, tcp::socket& client) {
    tcp::acceptor front(io(), Loopback());
    client.connect(front.local_endpoint());
    tcp::endpoint peer;
    tcp::socket accepted = front.accept(peer);
    if (deaf_) accepted.set_option(tcp::socket::send_buffer_size(kFewBytes));
    ended_ = false;
    auto ended = [this](const std::exception_ptr& fault) {
      EXPECT_EQ(fault, nullptr);
      ended_ = true;
    };
    auto session = [serve, incoming = net::Incoming{std::move(accepted), peer}](
                       net::CancelScope& scope) mutable {
      return serve(std::move(incoming), scope);
    };
    net::SpawnInScope(io().get_executor(), std::move(session), std::move(ended));
  }

  bool ended_ = false;
};

}  // namespace srsproxy::testing
