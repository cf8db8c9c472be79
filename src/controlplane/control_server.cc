#include "controlplane/control_server.h"

#include <utility>

#include <google/protobuf/stubs/logging.h>
#include <grpcpp/ext/proto_server_reflection_plugin.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/health_check_service_interface.h>

#include "controlplane/grpc_time.h"

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
    const std::vector<grpc::Service*>& services, Readiness& readiness, Metrics& metrics) {
  grpc::EnableDefaultHealthCheckService(true);
  grpc::reflection::InitProtoReflectionServerBuilderPlugin();
  google::protobuf::SetLogHandler(nullptr);  // It would print what strangers send.

  grpc::ServerBuilder builder;
  for (auto* service : services) builder.RegisterService(service);
  auto unknown_methods = std::make_unique<UnknownMethodHandler>();
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

  std::unique_ptr<GrpcListener> listener;
  std::unique_ptr<GrpcListener::Acceptor> acceptor;
  if (address.enabled) {
    auto opened = GrpcListener::Open(kSetting, address, metrics);
    if (!opened.ok()) return opened.status();
    listener = *std::move(opened);
    using Builder = grpc::ServerBuilder::experimental_type;
    acceptor = builder.experimental().AddExternalConnectionAcceptor(
        Builder::ExternalConnectionType::FROM_FD, std::move(credentials));
  }
  auto server = builder.BuildAndStart();
  if (server == nullptr) {
    return ProxyFailure(absl::StatusCode::kUnavailable,
                        std::string(kSetting) + ": the gRPC server cannot start");
  }
  if (listener != nullptr) listener->Start(std::move(acceptor));
  return std::unique_ptr<ControlServer>(new ControlServer(
      std::move(unknown_methods), std::move(server), std::move(listener), readiness));
}

ControlServer::ControlServer(std::unique_ptr<UnknownMethodHandler> unknown_methods,
                             std::unique_ptr<grpc::Server> server,
                             std::unique_ptr<GrpcListener> listener, Readiness& readiness)
    : unknown_methods_(std::move(unknown_methods)),
      server_(std::move(server)),
      listener_(std::move(listener)),
      readiness_(readiness) {
  auto* health = server_->GetHealthCheckService();
  readiness_.SetObserver([health](bool ready) { health->SetServingStatus(ready); });
}

ControlServer::~ControlServer() { Stop(absl::ZeroDuration()); }

void ControlServer::Stop(absl::Duration grace) {
  readiness_.SetObserver(nullptr);
  listener_.reset();
  server_->Shutdown(GrpcDeadline(grace));
  server_->Wait();
}

}  // namespace srsproxy::control
