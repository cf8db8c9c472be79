// srsproxy.v1.ProxyService: what this proxy is and does.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "controlplane/readiness.h"
#include "controlplane/serve.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/config.h"
#include "dataplane/core/stream_directory.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"

namespace srsproxy::control {

struct ListenerInfo {
  std::string name;     // The setting without PROXY_, in lower case: "rtmp_server".
  std::string address;  // host:port, as bound.
};

// What only the data plane knows.
struct ProxyStatus {
  std::vector<ListenerInfo> listeners;
  uint32_t workers = 0;
  int64_t sessions = 0;
};

// Where ProxyService's answer comes from. The referred objects outlive the service.
struct ProxySources {
  const Config& config;
  std::string version;
  absl::Time started_at;
  const OriginRegistry& origins;
  const StreamDirectory& streams;
  const Readiness& readiness;
  std::function<ProxyStatus()> status;  // Any thread; must not block.
};

// Thread-safe.
class ProxyService final : public v1::ProxyService::CallbackService {
 public:
  ProxyService(ProxySources sources, const CallObserver& observer)
      : sources_(std::move(sources)), observer_(observer) {}

  grpc::ServerUnaryReactor* GetProxy(grpc::CallbackServerContext* context,
                                     const v1::GetProxyRequest* request,
                                     v1::GetProxyResponse* response) override;

 private:
  absl::StatusOr<v1::GetProxyResponse> Get() const;

  const ProxySources sources_;
  const CallObserver& observer_;
};

}  // namespace srsproxy::control
