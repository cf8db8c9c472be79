#include "controlplane/services/origin_service.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_join.h>

#include "controlplane/access/origin_networks.h"
#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/origin_convert.h"
#include "controlplane/services/origin_lookup.h"
#include "controlplane/services/origin_settings.h"
#include "controlplane/services/page.h"
#include "dataplane/balance/session_kick.h"
#include "dataplane/core/host.h"

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

grpc::ServerUnaryReactor* OriginService::RegisterOrigin(grpc::CallbackServerContext* context,
                                                        const v1::RegisterOriginRequest* request,
                                                        v1::RegisterOriginResponse* response) {
  const auto handler = [this](const auto& wanted, const CallContext& call, auto done) {
    LookUpIp(wanted, [this, &wanted, &call, done](const Addresses& ip_leads_to) {
      done(Register(wanted, call, ip_leads_to));
    });
  };
  return ServeAsync(observer_, "srsproxy.v1.OriginService/RegisterOrigin", context, request,
                    response, handler);
}

grpc::ServerUnaryReactor* OriginService::Heartbeat(grpc::CallbackServerContext* context,
                                                   const v1::HeartbeatRequest* request,
                                                   v1::HeartbeatResponse* response) {
  return Serve(
      observer_, "srsproxy.v1.OriginService/Heartbeat", context, request, response,
      [this](const auto& wanted, const CallContext&) { return heartbeats_.Answer(wanted); });
}

grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* OriginService::HeartbeatStream(
    grpc::CallbackServerContext* context) {
  return heartbeat_streams_.Open(*context);
}

grpc::ServerUnaryReactor* OriginService::DeregisterOrigin(
    grpc::CallbackServerContext* context, const v1::DeregisterOriginRequest* request,
    v1::DeregisterOriginResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.OriginService/DeregisterOrigin", context, request,
                    response, [this](const auto& wanted, const CallContext& call, auto done) {
                      Deregister(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* OriginService::GetOrigin(grpc::CallbackServerContext* context,
                                                   const v1::GetOriginRequest* request,
                                                   v1::GetOriginResponse* response) {
  return Serve(observer_, "srsproxy.v1.OriginService/GetOrigin", context, request, response,
               [this](const auto& wanted, const CallContext&) { return Get(wanted); });
}

grpc::ServerUnaryReactor* OriginService::ListOrigins(grpc::CallbackServerContext* context,
                                                     const v1::ListOriginsRequest* request,
                                                     v1::ListOriginsResponse* response) {
  return Serve(observer_, "srsproxy.v1.OriginService/ListOrigins", context, request, response,
               [this](const auto& wanted, const CallContext&) { return List(wanted); });
}

grpc::ServerUnaryReactor* OriginService::UpdateOrigin(grpc::CallbackServerContext* context,
                                                      const v1::UpdateOriginRequest* request,
                                                      v1::UpdateOriginResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.OriginService/UpdateOrigin", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      Update(wanted, call, std::move(done));
                    });
}

grpc::ServerUnaryReactor* OriginService::DrainOrigin(grpc::CallbackServerContext* context,
                                                     const v1::DrainOriginRequest* request,
                                                     v1::DrainOriginResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.OriginService/DrainOrigin", context, request, response,
                    [this](const auto& wanted, const CallContext& call, auto done) {
                      Drain(wanted, call, std::move(done));
                    });
}

void OriginService::LookUpIp(const v1::RegisterOriginRequest& request, net::NameLookup::Done done) {
  const std::string& ip = request.registration().ip();
  // With networks set, no name is admitted wherever it leads.
  const bool networks = !config_.Get()->origin_networks.empty();
  if (networks || IsIpAddress(ip) || !IsHostName(ip)) return done({});
  names_.Find(ip, kNamePatience, std::move(done));
}

absl::StatusOr<v1::RegisterOriginResponse> OriginService::Register(
    const v1::RegisterOriginRequest& request, const CallContext& call,
    const Addresses& ip_leads_to) {
  auto response = TryRegister(request, call, ip_leads_to);
  if (!response.ok() && !request.validate_only()) {
    observer_.metrics.CountHeartbeat(HeartbeatResult::kRejected);
    refusals_.Add(call.caller, MessageOf(response.status()));
  }
  return response;
}

absl::StatusOr<v1::RegisterOriginResponse> OriginService::TryRegister(
    const v1::RegisterOriginRequest& request, const CallContext& call,
    const Addresses& ip_leads_to) {
  auto registration = FromProto(request.registration());
  if (!registration.ok()) return registration.status();
  const auto valid = ValidateRegistration(*registration);
  if (!valid.ok()) return valid;
  const auto admitted = CheckOriginNetworks(*registration, config_.Get()->origin_networks);
  if (!admitted.ok()) return admitted;
  const auto reachable = CheckOriginAddresses(*registration, ip_leads_to, dial_rules_);
  if (!reachable.ok()) return reachable;
  v1::RegisterOriginResponse response;
  if (request.validate_only()) return response;

  const auto may_replace = [&call](std::string_view server) {
    return call.identity->MayRegister(server);
  };
  const auto lease = origins_.Register(*std::move(registration), call.caller, may_replace);
  if (absl::IsPermissionDenied(lease.status())) {
    return WithReason(lease.status(), v1::ERROR_REASON_SCOPE_DENIED);
  }
  if (absl::IsAlreadyExists(lease.status())) {
    return InvalidField("service", MessageOf(lease.status()));
  }
  if (!lease.ok()) return lease.status();
  if (const auto origin = origins_.snapshot()->Find(lease->origin_id)) {
    *response.mutable_origin() = Describe(*origin);
  }
  response.set_lease_id(lease->lease_id);
  *response.mutable_heartbeat_interval() = ToProto(lease->heartbeat_interval);
  *response.mutable_ttl() = ToProto(lease->ttl);
  response.mutable_superseded_origin_ids()->Assign(lease->superseded.begin(),
                                                   lease->superseded.end());
  return response;
}

void OriginService::Deregister(const v1::DeregisterOriginRequest& request, const CallContext& call,
                               DeregisterDone done) {
  const auto departure = TryDeregister(request);
  if (!departure.ok()) return done(departure.status());
  v1::DeregisterOriginResponse response;
  response.set_origin_id(departure->origin_id);
  response.set_leaving(departure->leaving);
  response.set_warning(WarningOf(*departure, request.has_origin_id()));
  const auto log = [&observer = observer_, caller = call.caller](const auto& answer) {
    observer.logger.Info("origin deregistered", {{"origin", answer.origin_id()},
                                                 {"leaving", answer.leaving()},
                                                 {"sessions_ended", answer.sessions_ended()},
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
  KickSessionsOn(sessions_, std::move(ids),
                 ProxyFailure(absl::StatusCode::kAborted, "its origin was deregistered"),
                 std::move(ended));
}

absl::StatusOr<OriginDeparture> OriginService::TryDeregister(
    const v1::DeregisterOriginRequest& request) {
  const auto live = request.kick() ? LiveSessions::kAreKicked : LiveSessions::kStay;
  switch (request.target_case()) {
    case v1::DeregisterOriginRequest::kLeaseId: {
      auto departure = origins_.DeregisterLease(request.lease_id(), live);
      if (!departure.ok()) return heartbeats_.LeaseExpired(departure.status());
      return departure;
    }
    case v1::DeregisterOriginRequest::kOriginId: {
      auto departure = origins_.DeregisterOrigin(request.origin_id(), live);
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

absl::StatusOr<v1::GetOriginResponse> OriginService::Get(const v1::GetOriginRequest& request) {
  v1::GetOriginResponse response;
  if (!request.origin().empty()) {
    if (!request.origin_id().empty()) return InvalidField("origin", "has origin_id beside it");
    const auto origin = FindRegistered(origins_, "origin", request.origin());
    if (!origin.ok()) return origin.status();
    *response.mutable_origin() = Describe(**origin);
    return response;
  }
  if (request.origin_id().empty()) return InvalidField("origin_id", "is needed, or origin");
  const auto origin = origins_.CurrentSnapshot()->Find(request.origin_id());
  if (origin == nullptr) return OriginNotFound(request.origin_id());
  *response.mutable_origin() = Describe(*origin);
  return response;
}

absl::StatusOr<v1::ListOriginsResponse> OriginService::List(const v1::ListOriginsRequest& request) {
  const auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return page.status();

  v1::ListOriginsResponse response;
  const auto snapshot = origins_.CurrentSnapshot();
  const auto& all = snapshot->origins;
  auto next = std::upper_bound(
      all.begin(), all.end(), page->after,
      [](const std::string& after, const auto& origin) { return after < origin->id; });
  for (; next != all.end() && response.origins_size() < static_cast<int>(page->size); ++next) {
    *response.add_origins() = Describe(**next);
  }
  if (next != all.end()) response.set_next_page_token(MakePageToken((*std::prev(next))->id));

  if (request.page_token().empty()) {
    for (const auto& refusal : refusals_.List()) {
      auto& message = *response.add_refusals();
      message.set_source(refusal.source);
      message.set_message(refusal.message);
      *message.mutable_last_time() = ToProto(refusal.last_time);
      message.set_count(refusal.count);
    }
    for (const auto& conflict : origins_.Conflicts()) {
      *response.add_conflicts() = ToProto(conflict);
    }
  }
  return response;
}

void OriginService::Update(const v1::UpdateOriginRequest& request, const CallContext& call,
                           Done<v1::UpdateOriginResponse> done) {
  auto change = OverridesChangeFromProto(request.settings(), request.update_mask());
  if (!change.ok()) return done(change.status());
  if (request.origin().empty()) return done(InvalidField("origin", "is needed"));
  const auto server =
      request.allow_missing() ? request.origin() : FindServer(origins_, "origin", request.origin());
  if (!server.ok()) return done(server.status());
  auto changed = [this, server = *server,
                  done = std::move(done)](absl::StatusOr<OriginOverrides> overrides) mutable {
    if (!overrides.ok()) return done(overrides.status());
    v1::UpdateOriginResponse response;
    response.set_server(server);
    *response.mutable_settings() = ToProto(*overrides);
    for (const auto& origin : OriginsOf(*origins_.CurrentSnapshot(), {server, ""})) {
      Origin merged = *origin;
      OperatorOverrides::Apply(merged, *overrides);
      *response.add_origins() = Describe(merged);
    }
    done(std::move(response));
  };
  ChangeOverrides(*server, *std::move(change), request.validate_only(), call, std::move(changed));
}

void OriginService::Drain(const v1::DrainOriginRequest& request, const CallContext& call,
                          Done<v1::DrainOriginResponse> done) {
  OverridesChange change;
  change.admin_state = FieldChange<AdminState>::Set(AdminState::kDraining);
  change.drain_deadline = FieldChange<absl::Time>::Clear();
  if (request.has_deadline()) {
    const auto patience = DeadlineFromProto(request.deadline());
    if (!patience.ok()) return done(patience.status());
    change.drain_deadline = FieldChange<absl::Time>::Set(observer_.clock.WallNow() + *patience);
  }
  const auto server = FindServer(origins_, "origin", request.origin());
  if (!server.ok()) return done(server.status());
  auto changed = [this, server = *server,
                  done = std::move(done)](absl::StatusOr<OriginOverrides> overrides) mutable {
    if (!overrides.ok()) return done(overrides.status());
    v1::DrainOriginResponse response;
    response.set_server(server);
    *response.mutable_progress() = ProgressOf(server, *overrides->drain);
    done(std::move(response));
  };
  ChangeOverrides(*server, std::move(change), request.validate_only(), call, std::move(changed));
}

void OriginService::ChangeOverrides(const std::string& server, OverridesChange change,
                                    bool validate_only, const CallContext& call,
                                    Done<OriginOverrides> done) {
  if (validate_only) {
    auto changed = origins_.overrides().Check(server, std::move(change));
    if (!changed.ok()) return done(WithDriver(changed.status()));
    return done(std::move(changed));
  }
  auto changed = [this, server, caller = call.caller,
                  done = std::move(done)](absl::StatusOr<OriginOverrides> overrides) mutable {
    if (!overrides.ok()) return done(WithDriver(overrides.status()));
    observer_.logger.Info("origin changed by an operator",
                          {{"server", server},
                           {"settings", ToProto(*overrides).ShortDebugString()},
                           {"caller", caller}});
    done(std::move(overrides));
  };
  origins_.overrides().ChangeOverrides(server, std::move(change), std::move(changed));
}

v1::Origin OriginService::Describe(const Origin& origin) const {
  auto message = ToProto(origin);
  message.set_streams(static_cast<int64_t>(streams_.CountsOf(origin.id).in_use));
  if (const auto& drain = origin.overrides.drain) {
    *message.mutable_drain() = ProgressOf(origin.registration.server, *drain);
  }
  return message;
}

v1::DrainProgress OriginService::ProgressOf(const std::string& server,
                                            const OriginDrain& drain) const {
  v1::DrainProgress progress;
  *progress.mutable_start_time() = ToProto(drain.started_at);
  if (drain.deadline != absl::InfiniteFuture()) {
    *progress.mutable_deadline_time() = ToProto(drain.deadline);
  }
  const auto counts = migrations_.CountsOf(server);
  progress.set_streams_left(static_cast<int64_t>(counts.streams_left));
  progress.set_publishers_left(static_cast<int64_t>(counts.publishers_left));
  progress.set_streams_moved(static_cast<int64_t>(counts.streams_moved));
  progress.set_streams_stuck(static_cast<int64_t>(counts.streams_stuck));
  return progress;
}

}  // namespace srsproxy::control
