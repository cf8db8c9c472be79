#include "controlplane/control_server.h"

#include <utility>

#include <absl/time/clock.h>
#include <google/protobuf/stubs/logging.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "dataplane/net/listener.h"

namespace srsproxy::control {
namespace {

constexpr int kMaxRequestBytes = 1 << 20;
constexpr int kMaxResponseBytes = 16 << 20;
constexpr int kMaxConcurrentStreams = 256;  // For each connection.
constexpr int kKeepaliveTimeMs = 30'000;
constexpr int kKeepaliveTimeoutMs = 10'000;
constexpr int kMinPingIntervalMs = 10'000;

constexpr char kSetting[] = "PROXY_GRPC_SERVER";

}  // namespace

absl::StatusOr<std::unique_ptr<ControlServer>> ControlServer::Start(
    const ListenAddress& address, std::shared_ptr<grpc::ServerCredentials> credentials,
    const std::vector<grpc::Service*>& services, Readiness& readiness) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  google::protobuf::SetLogHandler(nullptr);  // It would print what strangers send.

  grpc::ServerBuilder builder;
  for (auto* service : services) builder.RegisterService(service);
  auto unknown_methods = std::make_unique<UnknownMethods>();
  builder.RegisterCallbackGenericService(unknown_methods.get());
  std::vector<std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface>> interceptors;
  interceptors.push_back(MakeUnreadableInterceptor());
  builder.experimental().SetInterceptorCreators(std::move(interceptors));
  builder.SetMaxReceiveMessageSize(kMaxRequestBytes);
  builder.SetMaxSendMessageSize(kMaxResponseBytes);
  builder.AddChannelArgument(GRPC_ARG_MAX_CONCURRENT_STREAMS, kMaxConcurrentStreams);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, kKeepaliveTimeMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, kKeepaliveTimeoutMs);
  builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
  builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS,
                             kMinPingIntervalMs);
  // Otherwise a second srsproxy would share the port in silence.
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);

  int port = 0;
  if (address.enabled) {
    const auto probed = net::ProbeBind(address, Transport::kTcp);
    if (!probed.ok()) {
      return ProxyFailure(probed.code(),
                          std::string(kSetting) + ": " + std::string(MessageOf(probed)));
    }
    const std::string host = address.host.empty() ? "::" : address.host;
    builder.AddListeningPort(JoinHostPort(host, address.port), std::move(credentials), &port);
  }
  auto server = builder.BuildAndStart();
  if (server == nullptr || (address.enabled && port == 0)) {
    return ProxyFailure(absl::StatusCode::kUnavailable,
                        std::string(kSetting) + ": cannot listen on " +
                            FormatListenAddress(address) +
                            "; another process may have taken the port");
  }
  return std::unique_ptr<ControlServer>(new ControlServer(
      std::move(unknown_methods), std::move(server), static_cast<uint16_t>(port), readiness));
}

ControlServer::ControlServer(std::unique_ptr<UnknownMethods> unknown_methods,
                             std::unique_ptr<grpc::Server> server, uint16_t port,
                             Readiness& readiness)
    : unknown_methods_(std::move(unknown_methods)),
      server_(std::move(server)),
      port_(port),
      readiness_(readiness) {
  auto* health = server_->GetHealthCheckService();
  readiness_.SetObserver([health](bool ready) { health->SetServingStatus(ready); });
}

ControlServer::~ControlServer() { Stop(absl::ZeroDuration()); }

std::shared_ptr<grpc::Channel> ControlServer::InProcessChannel() {
  return server_->InProcessChannel(grpc::ChannelArguments());
}

void ControlServer::Stop(absl::Duration grace) {
  readiness_.SetObserver(nullptr);
  server_->Shutdown(absl::ToChronoTime(absl::Now() + grace));
  server_->Wait();
}

}  // namespace srsproxy::control
