// A control plane on free ports over real registries, and clients for both of its ports.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <grpcpp/channel.h>
#include <gtest/gtest.h>

#include "controlplane/access/access_files.h"
#include "controlplane/access/token_authorizer.h"
#include "controlplane/control_plane.h"
#include "dataplane/balance/migration_controller.h"
#include "dataplane/balance/rebalancer.h"
#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/fake_fleet.h"
#include "tests/support/fake_session_control.h"
#include "tests/support/late_origin_store.h"

namespace srsproxy::control {

using HttpResponse = boost::beast::http::response<boost::beast::http::string_body>;

// One connection to an HTTP port; reads block for at most some seconds.
class HttpClient {
 public:
  explicit HttpClient(uint16_t port);

  void Send(std::string_view bytes);
  void ShutdownSend();
  // The next answer; its status is 0 when the server closed instead. `head`: it has no body.
  HttpResponse Read(bool head = false);
  // Waits for the end of the connection; whether it came without another byte.
  bool ReadEnd();

 private:
  boost::asio::io_context io_;
  boost::asio::ip::tcp::socket socket_{io_};
  boost::beast::flat_buffer buffer_;
};

std::string HttpGet(std::string_view path);
std::string HttpPost(std::string_view path, std::string_view body);

class ControlPlaneTest : public testing::Test {
 protected:
  // `flags` come on top of those that choose free ports.
  explicit ControlPlaneTest(std::map<std::string, std::string> flags = {});
  ~ControlPlaneTest() override;

  ControlPlane::Dependencies Dependencies();
  std::shared_ptr<grpc::Channel> Channel() const;
  // One request to the System API, on a connection of its own.
  HttpResponse Fetch(std::string_view request) const;
  // A registration of `server` with a port of its own, by gRPC; returns the lease id.
  std::string Register(const std::string& server, uint16_t rtmp_port);
  // Makes `key` a stream that a publisher has brought to an origin.
  void Publish(const StreamKey& key);
  // The value of the sample that starts with `sample` in /metrics; -1: there is none.
  double Metric(std::string_view sample);

  Clock clock_;
  const ConfigSources sources_;
  const LoadedConfig loaded_;  // From sources_.
  LiveConfig config_;
  Logger logger_{LogOptions{.sink = [](std::string_view) {}}};
  Metrics metrics_{"1.2.3"};
  Readiness readiness_;
  AccessFiles access_{loaded_.core, logger_, metrics_};
  TokenAuthorizer authorizer_{access_.tokens(), clock_, logger_, metrics_};
  LateOriginStore store_;  // So that no service takes a late answer for a loss.
  net::DialRules dial_rules_{config_};
  net::Worker names_worker_{0};
  net::NameLookup names_{names_worker_.io()};
  FakeFleet fleet_;
  OriginRegistry origins_{clock_, store_, {}, &fleet_};
  std::shared_ptr<MemoryStreamDirectory> streams_ =
      std::make_shared<MemoryStreamDirectory>(clock_, 1000);
  StreamCounts counts_;
  Subscription counted_streams_;
  StickyBalancer balancer_{origins_, streams_, counts_, {}, 1};
  FakeSessionControl sessions_;
  MigrationController migrations_{{.clock = clock_,
                                   .logger = logger_,
                                   .metrics = metrics_,
                                   .origins = origins_,
                                   .streams = *streams_,
                                   .sessions = sessions_,
                                   .choose = [](const StreamKey&, std::string_view) {
                                     return absl::UnavailableError("this test moves nothing");
                                   }}};
  // Which a test ticks.
  Rebalancer rebalancer_{{.clock = clock_,
                          .logger = logger_,
                          .metrics = metrics_,
                          .origins = origins_,
                          .streams = *streams_,
                          .balancer = balancer_,
                          .fleet = &fleet_},
                         1};
  EventLog events_{clock_};
  std::optional<absl::Duration> drained_over_;  // Once DrainProxy was called.
  ConfigStore settings_;
  std::vector<std::unique_ptr<StreamLease>> leases_;
  std::unique_ptr<ControlPlane> control_;
};

}  // namespace srsproxy::control
