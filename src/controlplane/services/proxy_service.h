// srsproxy.v1.ProxyService: what this proxy is and does.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "controlplane/config/config_store.h"
#include "controlplane/services/readiness.h"
#include "controlplane/services/serve.h"
#include "dataplane/balance/misplaced_streams.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/stream_view.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"

namespace srsproxy::control {

struct ListenerInfo {
  std::string name;     // The setting without PROXY_, in lower case: "rtmp_server".
  std::string address;  // host:port, as bound.
};

struct CertificateInfo {
  std::string name;  // The setting that names its file: "grpc_tls_cert".
  absl::Time expiry;
};

// What only the data plane knows.
struct ProxyStatus {
  std::vector<ListenerInfo> listeners;
  uint32_t workers = 0;
  int64_t sessions = 0;
  int64_t sessions_begun = 0;  // Since the start; so are the bytes.
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  bool draining = false;
  std::vector<CertificateInfo> certificates = {};
};

// Where ProxyService's answer comes from. The referred objects outlive the service.
struct ProxySources {
  const LiveConfig& config;
  ConfigStore& settings;
  std::string version;
  absl::Time started_at;
  const OriginRegistry& origins;
  const StreamView& streams;
  const MisplacedStreams& misplaced;
  const Readiness& readiness;
  std::function<ProxyStatus()> status;  // Any thread; must not block.
  // Takes no more clients, and ends its sessions spread over the time. False: that has begun
  // already. Any thread; must not block.
  std::function<bool(absl::Duration)> drain;
};

// Thread-safe.
class ProxyService final : public v1::ProxyService::CallbackService {
 public:
  ProxyService(ProxySources sources, const CallObserver& observer)
      : sources_(std::move(sources)), observer_(observer) {}

  grpc::ServerUnaryReactor* GetProxy(grpc::CallbackServerContext* context,
                                     const v1::GetProxyRequest* request,
                                     v1::GetProxyResponse* response) override;
  grpc::ServerUnaryReactor* ListProxies(grpc::CallbackServerContext* context,
                                        const v1::ListProxiesRequest* request,
                                        v1::ListProxiesResponse* response) override;
  grpc::ServerUnaryReactor* DrainProxy(grpc::CallbackServerContext* context,
                                       const v1::DrainProxyRequest* request,
                                       v1::DrainProxyResponse* response) override;
  grpc::ServerUnaryReactor* GetConfig(grpc::CallbackServerContext* context,
                                      const v1::GetConfigRequest* request,
                                      v1::GetConfigResponse* response) override;
  grpc::ServerUnaryReactor* UpdateConfig(grpc::CallbackServerContext* context,
                                         const v1::UpdateConfigRequest* request,
                                         v1::UpdateConfigResponse* response) override;
  grpc::ServerUnaryReactor* ReloadConfig(grpc::CallbackServerContext* context,
                                         const v1::ReloadConfigRequest* request,
                                         v1::ReloadConfigResponse* response) override;

 private:
  v1::Proxy Describe() const;
  absl::StatusOr<v1::ListProxiesResponse> List(const v1::ListProxiesRequest& request) const;
  absl::StatusOr<v1::DrainProxyResponse> Drain(const v1::DrainProxyRequest& request,
                                               const CallContext& call);

  const ProxySources sources_;
  const CallObserver& observer_;
};

}  // namespace srsproxy::control
