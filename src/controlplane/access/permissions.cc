#include "controlplane/access/permissions.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "controlplane/call_status.h"
#include "dataplane/core/text.h"
#include "srsproxy/v1/origin_service.pb.h"

namespace srsproxy::control {
namespace {

constexpr Permission ForOrigins(std::string_view method) {
  return {.method = method, .origin = true};
}
constexpr Permission ForReaders(std::string_view method) {
  return {.method = method, .viewer = true, .peer = true};
}
constexpr Permission ForPeers(std::string_view method) { return {.method = method, .peer = true}; }
constexpr Permission ForAdmins(std::string_view method) { return {.method = method}; }

constexpr Permission kPermissions[] = {
    ForOrigins("srsproxy.v1.OriginService/RegisterOrigin"),
    ForOrigins("srsproxy.v1.OriginService/Heartbeat"),
    ForOrigins("srsproxy.v1.OriginService/HeartbeatStream"),
    ForOrigins("srsproxy.v1.OriginService/DeregisterOrigin"),
    ForReaders("srsproxy.v1.OriginService/GetOrigin"),
    ForReaders("srsproxy.v1.OriginService/ListOrigins"),
    ForAdmins("srsproxy.v1.OriginService/UpdateOrigin"),
    ForAdmins("srsproxy.v1.OriginService/DrainOrigin"),

    ForReaders("srsproxy.v1.StreamService/LookupStream"),
    ForReaders("srsproxy.v1.StreamService/ListStreams"),
    ForReaders("srsproxy.v1.StreamService/ListPins"),
    ForAdmins("srsproxy.v1.StreamService/PinStream"),
    ForAdmins("srsproxy.v1.StreamService/UnpinStream"),
    ForAdmins("srsproxy.v1.StreamService/ReleaseStream"),
    ForAdmins("srsproxy.v1.StreamService/MoveStream"),

    ForReaders("srsproxy.v1.RebalanceService/PlanRebalance"),
    ForReaders("srsproxy.v1.RebalanceService/GetRebalance"),
    ForAdmins("srsproxy.v1.RebalanceService/ApplyRebalance"),
    ForAdmins("srsproxy.v1.RebalanceService/CancelRebalance"),

    ForReaders("srsproxy.v1.SessionService/ListSessions"),
    ForPeers("srsproxy.v1.SessionService/KickSessions"),

    ForReaders("srsproxy.v1.EventService/Watch"),
    ForReaders("srsproxy.v1.EventService/ListEvents"),

    ForReaders("srsproxy.v1.ProxyService/GetProxy"),
    ForReaders("srsproxy.v1.ProxyService/ListProxies"),
    ForReaders("srsproxy.v1.ProxyService/GetConfig"),
    ForAdmins("srsproxy.v1.ProxyService/DrainProxy"),
    ForAdmins("srsproxy.v1.ProxyService/UpdateConfig"),
    ForAdmins("srsproxy.v1.ProxyService/ReloadConfig"),
};

std::string RolesOf(const Permission& permission) {
  std::string roles;
  for (const auto role :
       {AccessRole::kOrigin, AccessRole::kViewer, AccessRole::kPeer, AccessRole::kAdmin}) {
    if (!permission.Allows(role)) continue;
    roles += (roles.empty() ? "" : ", ") + std::string(ToName(role));
  }
  return roles;
}

absl::Status RoleDenied(const Identity& identity, std::string_view what, std::string_view needed) {
  const std::string role(ToName(identity.role));
  return CallError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_ROLE_DENIED,
                   identity.name + " has the role " + role + "; " + std::string(what) +
                       " needs the role " + std::string(needed),
                   {{"role", role}, {"needed", needed}});
}

absl::Status CheckRegistration(const std::string& server, const Identity& identity) {
  if (identity.MayRegister(server)) return absl::OkStatus();
  return CallError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_SCOPE_DENIED,
                   identity.name + " may not register the server " + Quoted(server) +
                       "; add it to the token's `servers` in PROXY_TOKENS_FILE",
                   {{"server", server}});
}

}  // namespace

bool Permission::Allows(AccessRole role) const {
  switch (role) {
    case AccessRole::kOrigin:
      return origin;
    case AccessRole::kViewer:
      return viewer;
    case AccessRole::kPeer:
      return peer;
    case AccessRole::kAdmin:
      return true;
  }
  return false;
}

std::span<const Permission> AllPermissions() { return kPermissions; }

absl::Status CheckRole(std::string_view method, const Identity& identity) {
  const auto* const permission =
      std::find_if(std::begin(kPermissions), std::end(kPermissions),
                   [method](const Permission& row) { return row.method == method; });
  if (permission == std::end(kPermissions)) {
    return CallError(absl::StatusCode::kInternal, v1::ERROR_REASON_INTERNAL,
                     "nobody may call " + std::string(method) + ": no role is set for it");
  }
  if (permission->Allows(identity.role)) return absl::OkStatus();
  return RoleDenied(identity, method, RolesOf(*permission));
}

absl::Status CheckScope(const google::protobuf::Message& request, const Identity& identity) {
  using google::protobuf::DynamicCastToGenerated;
  if (const auto* wanted = DynamicCastToGenerated<v1::RegisterOriginRequest>(&request)) {
    return CheckRegistration(wanted->registration().server(), identity);
  }
  const auto* wanted = DynamicCastToGenerated<v1::DeregisterOriginRequest>(&request);
  if (wanted != nullptr && wanted->has_origin_id() && identity.role == AccessRole::kOrigin) {
    return RoleDenied(identity, "deregistering by origin_id instead of lease_id", "admin");
  }
  return absl::OkStatus();
}

}  // namespace srsproxy::control
