#include "controlplane/access/origin_networks.h"

#include <string>
#include <string_view>

#include "controlplane/call_status.h"
#include "dataplane/core/hops.h"
#include "dataplane/core/host.h"
#include "dataplane/core/text.h"

namespace srsproxy::control {
namespace {

absl::Status Denied(std::string_view field, const std::string& host) {
  const std::string problem =
      IsIpAddress(host) ? " is not in PROXY_ORIGIN_NETWORKS"
                        : " is a host name; with PROXY_ORIGIN_NETWORKS set, an origin has to "
                          "register an IP address, since where a name leads can change";
  return CallError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_SCOPE_DENIED,
                   std::string(field) + ": " + Quoted(host) + problem, {{"address", host}});
}

}  // namespace

absl::Status CheckOriginNetworks(const OriginRegistration& registration,
                                 const std::vector<Network>& networks) {
  if (!Admits(networks, registration.ip)) return Denied("ip", registration.ip);
  for (const auto* endpoints : {&registration.rtmp, &registration.http, &registration.api,
                                &registration.srt, &registration.rtc}) {
    for (const auto& endpoint : *endpoints) {
      const auto host = DialEndpoint(registration, endpoint).host;
      if (!Admits(networks, host)) return Denied("endpoints", host);
    }
  }
  return absl::OkStatus();
}

std::string_view NameToLookUp(std::string_view ip, const std::vector<Network>& networks) {
  return networks.empty() && !IsIpAddress(ip) && IsHostName(ip) ? ip : "";
}

absl::Status CheckOriginAddresses(const OriginRegistration& registration,
                                  const std::vector<boost::asio::ip::address>& ip_leads_to,
                                  const net::DialRules& rules) {
  auto forbidden = net::FindForbidden(registration, rules);
  if (!forbidden.has_value()) {
    OriginRegistration resolved = registration;
    for (const auto& address : ip_leads_to) {
      resolved.ip = address.to_string();
      forbidden = net::FindForbidden(resolved, rules);
      if (!forbidden.has_value()) break;
    }
  }
  if (!forbidden.has_value()) return absl::OkStatus();
  const auto reason =
      IsLoop(forbidden->why) ? v1::ERROR_REASON_OWN_LISTENER : v1::ERROR_REASON_ADDRESS_FORBIDDEN;
  return CallError(forbidden->why.code(), reason,
                   forbidden->field + ": " + std::string(MessageOf(forbidden->why)),
                   {{"address", forbidden->address}});
}

}  // namespace srsproxy::control
