#include "tests/integration/control_plane_fixture.h"

#include <sys/socket.h>
#include <sys/time.h>

#include <boost/asio/write.hpp>
#include <boost/beast/http/read.hpp>
#include <grpcpp/grpcpp.h>

#include "dataplane/net/tcp_stream.h"

namespace srsproxy::control {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using asio::ip::tcp;

constexpr int kReadTimeoutSeconds = 30;

ConfigSources FreePorts(std::map<std::string, std::string> flags) {
  ConfigSources sources;
  sources.flags = {{"id", "proxy-1"},
                   {"workers", "1"},
                   {"rtmp_server", "127.0.0.1:0"},
                   {"http_server", "127.0.0.1:0"},
                   {"http_api", "127.0.0.1:0"},
                   {"grpc_server", "127.0.0.1:0"},
                   {"system_api", "127.0.0.1:0"}};
  sources.flags.merge(flags);
  sources.working_directory = "/nonexistent";
  return sources;
}

}  // namespace

HttpClient::HttpClient(uint16_t port) {
  socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
  const timeval timeout{.tv_sec = kReadTimeoutSeconds, .tv_usec = 0};
  setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
}

void HttpClient::Send(std::string_view bytes) {
  // The server may close before it has read all of a request that it refuses.
  boost::system::error_code ignored;
  asio::write(socket_, asio::buffer(bytes.data(), bytes.size()), ignored);
}

void HttpClient::ShutdownSend() { socket_.shutdown(tcp::socket::shutdown_send); }

HttpResponse HttpClient::Read(bool head) {
  http::response_parser<http::string_body> parser;
  parser.body_limit(64 << 20);
  parser.skip(head);
  boost::system::error_code error;
  http::read(socket_, buffer_, parser, error);
  if (!error) return parser.release();
  HttpResponse none;
  none.result(0U);
  return none;
}

bool HttpClient::ReadEnd() {
  char byte = 0;
  boost::system::error_code error;
  const auto bytes = socket_.read_some(asio::buffer(&byte, 1), error);
  return bytes == 0 && (error == asio::error::eof || error == asio::error::connection_reset);
}

std::string HttpGet(std::string_view path) {
  return "GET " + std::string(path) + " HTTP/1.1\r\nHost: proxy\r\n\r\n";
}

std::string HttpPost(std::string_view path, std::string_view body) {
  return "POST " + std::string(path) +
         " HTTP/1.1\r\nHost: proxy\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
         std::string(body);
}

ControlPlaneTest::ControlPlaneTest(std::map<std::string, std::string> flags)
    : sources_(FreePorts(std::move(flags))),
      loaded_(LoadConfig(sources_).value()),
      config_(loaded_.core),
      settings_(sources_, loaded_, {.live = config_, .logger = logger_, .metrics = metrics_}) {
  counted_streams_ = streams_->Subscribe(counts_);
  names_worker_.Start();
  const auto read = access_.Start();
  EXPECT_TRUE(read.ok()) << read;
  control_ = std::make_unique<ControlPlane>(Dependencies());
  const auto started = control_->Start();
  EXPECT_TRUE(started.ok()) << started;
}

ControlPlaneTest::~ControlPlaneTest() = default;

ControlPlane::Dependencies ControlPlaneTest::Dependencies() {
  return {.config = config_,
          .settings = settings_,
          .clock = clock_,
          .logger = logger_,
          .metrics = metrics_,
          .readiness = readiness_,
          .access = access_,
          .dial_rules = dial_rules_,
          .names = names_,
          .origins = origins_,
          .streams = *streams_,
          .migrations = migrations_,
          .rebalancer = rebalancer_,
          .balancer = balancer_,
          .sessions = sessions_,
          .events = events_,
          .version = "1.2.3",
          .proxy_status =
              [] {
                return ProxyStatus{
                    .listeners = {{"rtmp_server", "[::]:1935"}}, .workers = 2, .sessions = 7};
              },
          .drain =
              [this](absl::Duration spread) {
                if (drained_over_.has_value()) return false;
                drained_over_ = spread;
                return true;
              }};
}

std::shared_ptr<grpc::Channel> ControlPlaneTest::Channel() const {
  return grpc::CreateChannel("127.0.0.1:" + std::to_string(control_->grpc_port()),
                             grpc::InsecureChannelCredentials());
}

HttpResponse ControlPlaneTest::Fetch(std::string_view request) const {
  HttpClient client(control_->system_api_port());
  client.Send(request);
  return client.Read();
}

std::string ControlPlaneTest::Register(const std::string& server, uint16_t rtmp_port) {
  v1::RegisterOriginRequest request;
  auto& registration = *request.mutable_registration();
  registration.set_ip("10.0.0.7");
  registration.set_server(server);
  registration.set_service("s1");
  registration.set_pid("42");
  registration.add_rtmp(std::to_string(rtmp_port));
  grpc::ClientContext context;
  v1::RegisterOriginResponse response;
  const auto status =
      v1::OriginService::NewStub(Channel())->RegisterOrigin(&context, request, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response.lease_id();
}

void ControlPlaneTest::Publish(const StreamKey& key) {
  balancer_.Pick({.key = key, .role = Role::kPublisher, .excluded = {}},
                 [this](absl::StatusOr<Placement> placement) {
                   ASSERT_TRUE(placement.ok()) << placement.status();
                   placement->lease->MarkLive();
                   leases_.push_back(std::move(placement->lease));
                 });
}

double ControlPlaneTest::Metric(std::string_view sample) {
  const auto text = "\n" + Fetch(HttpGet("/metrics")).body();
  const auto line = text.find("\n" + std::string(sample) + " ");
  if (line == std::string::npos) return -1;
  return std::stod(text.substr(line + sample.size() + 2));
}

}  // namespace srsproxy::control
