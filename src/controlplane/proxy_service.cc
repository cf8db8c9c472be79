#include "controlplane/proxy_service.h"

#include <unistd.h>

#include "controlplane/convert.h"

namespace srsproxy::control {
namespace {

// The values of PROXY_LOAD_BALANCER_TYPE and PROXY_LOAD_BALANCER_STRATEGY.
std::string_view TypeName(LoadBalancerType type) {
  switch (type) {
    case LoadBalancerType::kMemory:
      return "memory";
    case LoadBalancerType::kRedis:
      return "redis";
  }
  return "unknown";
}

std::string_view StrategyName(LoadBalancerStrategy strategy) {
  switch (strategy) {
    case LoadBalancerStrategy::kRandom:
      return "random";
    case LoadBalancerStrategy::kLeastStreams:
      return "least_streams";
    case LoadBalancerStrategy::kP2c:
      return "p2c";
    case LoadBalancerStrategy::kConsistentHash:
      return "consistent_hash";
  }
  return "unknown";
}

}  // namespace

grpc::ServerUnaryReactor* ProxyService::GetProxy(grpc::CallbackServerContext* context,
                                                 const v1::GetProxyRequest* request,
                                                 v1::GetProxyResponse* response) {
  return Serve(observer_, "srsproxy.v1.ProxyService/GetProxy", context, request, response,
               [this](const auto&, const CallContext&) { return Get(); });
}

absl::StatusOr<v1::GetProxyResponse> ProxyService::Get() const {
  const auto status = sources_.status();
  v1::GetProxyResponse response;
  auto& proxy = *response.mutable_proxy();
  proxy.set_id(sources_.config.id);
  proxy.set_version(sources_.version);
  proxy.set_pid(getpid());
  *proxy.mutable_start_time() = ToProto(sources_.started_at);
  const auto reasons = sources_.readiness.reasons();
  proxy.set_ready(reasons.empty());
  proxy.mutable_not_ready_reasons()->Assign(reasons.begin(), reasons.end());
  for (const auto& listener : status.listeners) {
    auto& message = *proxy.add_listeners();
    message.set_name(listener.name);
    message.set_address(listener.address);
  }
  proxy.set_load_balancer_type(std::string(TypeName(sources_.config.load_balancer_type)));
  proxy.set_load_balancer_strategy(
      std::string(StrategyName(sources_.config.load_balancer_strategy)));
  proxy.set_workers(status.workers);
  proxy.set_origins(static_cast<int64_t>(sources_.origins.snapshot()->origins.size()));
  proxy.set_streams(static_cast<int64_t>(sources_.streams.size()));
  proxy.set_sessions(status.sessions);
  return response;
}

}  // namespace srsproxy::control
