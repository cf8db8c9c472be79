#include "controlplane/services/proxy_service.h"

#include <unistd.h>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/page.h"

namespace srsproxy::control {
grpc::ServerUnaryReactor* ProxyService::GetProxy(grpc::CallbackServerContext* context,
                                                 const v1::GetProxyRequest* request,
                                                 v1::GetProxyResponse* response) {
  return Serve(observer_, "srsproxy.v1.ProxyService/GetProxy", context, request, response,
               [this](const auto&, const CallContext&) {
                 v1::GetProxyResponse result;
                 *result.mutable_proxy() = Describe();
                 return absl::StatusOr<v1::GetProxyResponse>(std::move(result));
               });
}

grpc::ServerUnaryReactor* ProxyService::ListProxies(grpc::CallbackServerContext* context,
                                                    const v1::ListProxiesRequest* request,
                                                    v1::ListProxiesResponse* response) {
  return Serve(observer_, "srsproxy.v1.ProxyService/ListProxies", context, request, response,
               [this](const auto& wanted, const CallContext&) { return List(wanted); });
}

grpc::ServerUnaryReactor* ProxyService::DrainProxy(grpc::CallbackServerContext* context,
                                                   const v1::DrainProxyRequest* request,
                                                   v1::DrainProxyResponse* response) {
  return Serve(observer_, "srsproxy.v1.ProxyService/DrainProxy", context, request, response,
               [this](const auto& wanted, const CallContext& call) { return Drain(wanted, call); });
}

grpc::ServerUnaryReactor* ProxyService::GetConfig(grpc::CallbackServerContext* context,
                                                  const v1::GetConfigRequest* request,
                                                  v1::GetConfigResponse* response) {
  return Serve(observer_, "srsproxy.v1.ProxyService/GetConfig", context, request, response,
               [this](const auto&, const CallContext&) {
                 return absl::StatusOr<v1::GetConfigResponse>(sources_.settings.Get());
               });
}

grpc::ServerUnaryReactor* ProxyService::UpdateConfig(grpc::CallbackServerContext* context,
                                                     const v1::UpdateConfigRequest* request,
                                                     v1::UpdateConfigResponse* response) {
  return Serve(
      observer_, "srsproxy.v1.ProxyService/UpdateConfig", context, request, response,
      [this](const auto& wanted, const CallContext&) { return sources_.settings.Update(wanted); });
}

grpc::ServerUnaryReactor* ProxyService::ReloadConfig(grpc::CallbackServerContext* context,
                                                     const v1::ReloadConfigRequest* request,
                                                     v1::ReloadConfigResponse* response) {
  return Serve(observer_, "srsproxy.v1.ProxyService/ReloadConfig", context, request, response,
               [this](const auto& wanted, const CallContext&) {
                 return sources_.settings.Reload(wanted.validate_only());
               });
}

absl::StatusOr<v1::ListProxiesResponse> ProxyService::List(
    const v1::ListProxiesRequest& request) const {
  const auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();
  v1::ListProxiesResponse response;
  auto proxy = Describe();
  if (proxy.id() > page->after) *response.add_proxies() = std::move(proxy);
  return response;
}

absl::StatusOr<v1::DrainProxyResponse> ProxyService::Drain(const v1::DrainProxyRequest& request,
                                                           const CallContext& call) {
  absl::Duration spread = sources_.config.Get()->grace_quit_timeout;
  if (request.has_deadline()) {
    const auto wanted = DeadlineFromProto(request.deadline());
    if (!wanted.ok()) return wanted.status();
    spread = *wanted;
  }
  const auto refused = [] {
    return CallError(absl::StatusCode::kFailedPrecondition, v1::ERROR_REASON_NOT_POSSIBLE_NOW,
                     "this proxy is draining or stopping already");
  };
  if (request.validate_only()) {
    if (sources_.status().draining) return refused();
  } else {
    if (!sources_.drain(spread)) return refused();
    observer_.logger.Info("draining", {{"caller", call.caller},
                                       {"sessions", sources_.status().sessions},
                                       {"seconds", absl::ToDoubleSeconds(spread)}});
  }
  v1::DrainProxyResponse response;
  *response.mutable_proxy() = Describe();
  return response;
}

v1::Proxy ProxyService::Describe() const {
  const auto config = sources_.config.Get();
  const auto status = sources_.status();
  v1::Proxy proxy;
  proxy.set_id(config->id);
  proxy.set_version(sources_.version);
  proxy.set_pid(getpid());
  *proxy.mutable_start_time() = ToProto(sources_.started_at);
  const auto reasons = sources_.readiness.reasons();
  proxy.set_ready(reasons.empty());
  proxy.mutable_not_ready_reasons()->Assign(reasons.begin(), reasons.end());
  const auto degraded = sources_.readiness.degraded();
  proxy.mutable_degraded_reasons()->Assign(degraded.begin(), degraded.end());
  for (const auto& listener : status.listeners) {
    auto& message = *proxy.add_listeners();
    message.set_name(listener.name);
    message.set_address(listener.address);
  }
  for (const auto& certificate : status.certificates) {
    auto& message = *proxy.add_certificates();
    message.set_name(certificate.name);
    *message.mutable_expire_time() = ToProto(certificate.expiry);
  }
  proxy.set_load_balancer_type(std::string(ToName(config->load_balancer_type)));
  proxy.set_load_balancer_strategy(std::string(ToName(config->load_balancer_strategy)));
  proxy.set_workers(status.workers);
  proxy.set_origins(static_cast<int64_t>(sources_.origins.snapshot()->origins.size()));
  proxy.set_streams(static_cast<int64_t>(sources_.streams.in_use()));
  proxy.set_sessions(status.sessions);
  proxy.set_draining(status.draining);
  proxy.set_sessions_begun(status.sessions_begun);
  proxy.set_bytes_in(status.bytes_in);
  proxy.set_bytes_out(status.bytes_out);
  proxy.set_misplaced_streams(static_cast<int64_t>(sources_.misplaced.size()));
  proxy.set_self_preservation(sources_.origins.stats().self_preservation);
  return proxy;
}

}  // namespace srsproxy::control
