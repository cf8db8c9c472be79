#include "controlplane/services/origin_registrations.h"

#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_join.h>

#include "controlplane/access/origin_networks.h"
#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/origin_convert.h"
#include "controlplane/services/origin_lookup.h"
#include "dataplane/balance/session_kick.h"

namespace srsproxy::control {
namespace {

// A name server that is slower than this keeps no origin from registering: where the name leads is
// checked when it is dialled.
constexpr absl::Duration kNamePatience = absl::Seconds(1);

// What to know of a departure. An origin that leaves by itself knows whether it comes back.
std::string WarningOf(const OriginDeparture& departure, bool by_operator) {
  std::vector<std::string> warnings;
  if (departure.leaving) {
    warnings.emplace_back(
        "sessions are live on it: it keeps their streams until they end; kick ends them");
  }
  if (departure.live && by_operator) {
    warnings.emplace_back(
        "this lasts to the origin's next heartbeat, which brings it back; to keep streams away, "
        "cordon or drain its server");
  }
  return absl::StrJoin(warnings, "; ");
}

}  // namespace

void OriginRegistrations::Register(const v1::RegisterOriginRequest& request,
                                   const CallContext& call, Done<v1::RegisterOriginResponse> done) {
  auto looked_up = [this, &request, &call, done = std::move(done)](const Addresses& found) mutable {
    auto response = TryRegister(request, call, found);
    if (!response.ok() && !request.validate_only()) {
      needs_.observer.metrics.heartbeats.Increment(HeartbeatResult::kRejected);
      needs_.refusals.Add(call.caller, MessageOf(response.status()));
    }
    done(std::move(response));
  };
  const std::string name(
      NameToLookUp(request.registration().ip(), needs_.config.Get()->origin_networks));
  if (name.empty()) return looked_up({});
  needs_.names.Find(name, kNamePatience, std::move(looked_up));
}

absl::StatusOr<v1::RegisterOriginResponse> OriginRegistrations::TryRegister(
    const v1::RegisterOriginRequest& request, const CallContext& call,
    const Addresses& ip_leads_to) {
  auto registration = FromProto(request.registration());
  if (!registration.ok()) return registration.status();
  const auto valid = ValidateRegistration(*registration);
  if (!valid.ok()) return valid;
  const auto admitted = CheckOriginNetworks(*registration, needs_.config.Get()->origin_networks);
  if (!admitted.ok()) return admitted;
  const auto reachable = CheckOriginAddresses(*registration, ip_leads_to, needs_.dial_rules);
  if (!reachable.ok()) return reachable;
  v1::RegisterOriginResponse response;
  if (request.validate_only()) return response;

  const auto may_replace = [&call](std::string_view server) {
    return call.identity->MayRegister(server);
  };
  const auto lease = needs_.origins.Register(*std::move(registration), call.caller, may_replace);
  if (absl::IsPermissionDenied(lease.status())) {
    return WithReason(lease.status(), v1::ERROR_REASON_SCOPE_DENIED);
  }
  if (absl::IsAlreadyExists(lease.status())) {
    return InvalidField("service", MessageOf(lease.status()));
  }
  if (!lease.ok()) return lease.status();
  if (const auto origin = needs_.origins.snapshot()->Find(lease->origin_id)) {
    *response.mutable_origin() = needs_.describer.Describe(*origin);
  }
  response.set_lease_id(lease->lease_id);
  *response.mutable_heartbeat_interval() = ToProto(lease->heartbeat_interval);
  *response.mutable_ttl() = ToProto(lease->ttl);
  response.mutable_superseded_origin_ids()->Assign(lease->superseded.begin(),
                                                   lease->superseded.end());
  return response;
}

void OriginRegistrations::Deregister(const v1::DeregisterOriginRequest& request,
                                     const CallContext& call,
                                     Done<v1::DeregisterOriginResponse> done) {
  const auto departure = TryDeregister(request);
  if (!departure.ok()) return done(departure.status());
  v1::DeregisterOriginResponse response;
  response.set_origin_id(departure->origin_id);
  response.set_leaving(departure->leaving);
  response.set_warning(WarningOf(*departure, request.has_origin_id()));
  const auto log = [&observer = needs_.observer, caller = call.caller](const auto& departed) {
    observer.logger.Info("origin deregistered", {{"origin", departed.origin_id()},
                                                 {"leaving", departed.leaving()},
                                                 {"sessions_ended", departed.sessions_ended()},
                                                 {"caller", caller}});
  };
  if (!request.kick()) {
    log(response);
    return done(std::move(response));
  }
  // After the registration has ended: whoever comes back is placed elsewhere.
  auto ids = departure->former_ids;
  ids.push_back(departure->origin_id);
  auto ended = [log, response = std::move(response),
                done = std::move(done)](int64_t count) mutable {
    response.set_sessions_ended(count);
    log(response);
    done(std::move(response));
  };
  KickSessionsOn(needs_.sessions, std::move(ids),
                 ProxyFailure(absl::StatusCode::kAborted, "its origin was deregistered"),
                 std::move(ended));
}

absl::StatusOr<OriginDeparture> OriginRegistrations::TryDeregister(
    const v1::DeregisterOriginRequest& request) {
  const auto live = request.kick() ? LiveSessions::kAreKicked : LiveSessions::kStay;
  switch (request.target_case()) {
    case v1::DeregisterOriginRequest::kLeaseId: {
      auto departure = needs_.origins.DeregisterLease(request.lease_id(), live);
      if (!departure.ok()) return needs_.heartbeats.LeaseExpired(departure.status());
      return departure;
    }
    case v1::DeregisterOriginRequest::kOriginId: {
      auto departure = needs_.origins.DeregisterOrigin(request.origin_id(), live);
      if (absl::IsNotFound(departure.status())) return OriginNotFound(request.origin_id());
      if (!departure.ok()) {
        return WithReason(departure.status(), v1::ERROR_REASON_ORIGIN_PERMANENT,
                          {{"origin_id", request.origin_id()}});
      }
      return departure;
    }
    case v1::DeregisterOriginRequest::TARGET_NOT_SET:
      break;
  }
  return InvalidField("target", "is needed: a lease_id or an origin_id");
}

}  // namespace srsproxy::control
