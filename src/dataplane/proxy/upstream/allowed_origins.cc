#include "dataplane/proxy/upstream/allowed_origins.h"

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/network.h"
#include "dataplane/core/origin.h"

namespace srsproxy {
namespace {

// The default backend is one origin; it has no identity of its own.
constexpr std::string_view kDefaultBackendServer = "default-backend";

// Where PROXY_ORIGIN_NETWORKS was read after the origin had registered.
absl::Status CheckInNetworks(const OriginRegistration& origin,
                             const std::vector<Network>& networks) {
  for (const auto* endpoints :
       {&origin.rtmp, &origin.http, &origin.api, &origin.srt, &origin.rtc}) {
    for (const Endpoint& endpoint : *endpoints) {
      const std::string host = DialEndpoint(origin, endpoint).host;
      if (!Admits(networks, host)) {
        return OriginFailure(absl::StatusCode::kPermissionDenied,
                             host + " is not in PROXY_ORIGIN_NETWORKS");
      }
    }
  }
  return absl::OkStatus();
}

absl::Status WrongBackend(const absl::Status& why, const std::string& field = "") {
  return ProxyFailure(why.code(),
                      "PROXY_DEFAULT_BACKEND_*: " + field + std::string(MessageOf(why)));
}

}  // namespace

void AllowedOrigins::Review() {
  auto config = config_.Get();
  if (config == reviewed_config_ && rules_.listeners() == reviewed_listeners_) return;
  reviewed_listeners_ = rules_.listeners();
  reviewed_config_ = std::move(config);
  const auto check = [this](const OriginRegistration& registration) {
    if (const auto forbidden = net::FindForbidden(registration, rules_)) return forbidden->why;
    return CheckInNetworks(registration, reviewed_config_->origin_networks);
  };
  origins_.Evict(check);
}

absl::Status RegisterDefaultBackend(const Config& config, const net::DialRules& rules,
                                    OriginRegistry& origins) {
  if (!config.default_backend_enabled) return absl::OkStatus();
  OriginRegistration backend;
  backend.ip = config.default_backend_ip;
  backend.server = kDefaultBackendServer;
  backend.service = "static";
  backend.pid = "0";
  const auto add = [](const std::optional<Endpoint>& endpoint, std::vector<Endpoint>& to) {
    if (endpoint.has_value()) to.push_back(*endpoint);
  };
  add(config.default_backend_rtmp, backend.rtmp);
  add(config.default_backend_http, backend.http);
  add(config.default_backend_api, backend.api);
  add(config.default_backend_rtc, backend.rtc);
  add(config.default_backend_srt, backend.srt);
  if (const auto forbidden = net::FindForbidden(backend, rules)) {
    return WrongBackend(forbidden->why, forbidden->field + ": ");
  }
  const absl::Status registered = origins.RegisterPermanent(std::move(backend));
  return registered.ok() ? registered : WrongBackend(registered);
}

}  // namespace srsproxy
