#include "controlplane/services/session_service.h"

#include <algorithm>
#include <string>
#include <utility>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/page.h"
#include "controlplane/services/stream_convert.h"
#include "controlplane/services/stream_lookup.h"
#include "dataplane/balance/session_kick.h"

namespace srsproxy::control {
namespace {

constexpr size_t kMaxKicked = 1000;
constexpr size_t kMaxIds = 1000;
constexpr size_t kMaxMessageBytes = 256;

bool IsEmpty(const SessionFilter& filter) {
  return filter.ids.empty() && !filter.key.has_value() && filter.origin_id.empty() &&
         filter.client_host.empty() && !filter.role.has_value() && !filter.protocol.has_value();
}

absl::Status KickError(const absl::Status& status) {
  const auto session = status.GetPayload(kSessionPayload);
  if (!session.has_value()) return status;
  return WithReason(status, v1::ERROR_REASON_SESSION_NOT_FOUND,
                    {{"session_id", std::string(*session)}});
}

}  // namespace

grpc::ServerUnaryReactor* SessionService::ListSessions(grpc::CallbackServerContext* context,
                                                       const v1::ListSessionsRequest* request,
                                                       v1::ListSessionsResponse* response) {
  return ServeAsync(
      observer_, "srsproxy.v1.SessionService/ListSessions", context, request, response,
      [this](const auto& wanted, const CallContext&, auto done) { List(wanted, std::move(done)); });
}

grpc::ServerUnaryReactor* SessionService::KickSessions(grpc::CallbackServerContext* context,
                                                       const v1::KickSessionsRequest* request,
                                                       v1::KickSessionsResponse* response) {
  return ServeAsync(observer_, "srsproxy.v1.SessionService/KickSessions", context, request,
                    response, [this](const auto& wanted, const CallContext& call, auto done) {
                      Kick(wanted, call, std::move(done));
                    });
}

void SessionService::List(const v1::ListSessionsRequest& request,
                          Done<v1::ListSessionsResponse> done) {
  auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return done(page.status());
  auto filter = FilterOf(request.filter());
  if (!filter.ok()) return done(filter.status());
  auto listed = [done = std::move(done)](SessionControl::Page found) mutable {
    v1::ListSessionsResponse response;
    for (const SessionInfo& session : found.sessions) *response.add_sessions() = ToProto(session);
    if (!found.next.empty()) response.set_next_page_token(MakePageToken(found.next));
    done(std::move(response));
  };
  sessions_.List(*std::move(filter), std::move(page->after), page->size, std::move(listed));
}

void SessionService::Kick(const v1::KickSessionsRequest& request, const CallContext& call,
                          Done<v1::KickSessionsResponse> done) {
  auto filter = FilterOf(request.filter());
  if (!filter.ok()) return done(filter.status());
  if (IsEmpty(*filter)) return done(InvalidField("filter", "is needed: which sessions?"));
  if (request.max_sessions() < 0) {
    return done(InvalidField("max_sessions", "must not be negative"));
  }
  if (request.message().size() > kMaxMessageBytes) {
    return done(InvalidField("message", "is longer than 256 bytes"));
  }
  KickRequest kick;
  kick.filter = *std::move(filter);
  kick.limit = request.max_sessions() == 0 ? kMaxKicked
                                           : std::min<size_t>(request.max_sessions(), kMaxKicked);
  kick.why = ProxyFailure(absl::StatusCode::kAborted,
                          request.message().empty()
                              ? std::string("an operator ended it")
                              : absl::StrCat("an operator ended it: ", request.message()));
  kick.validate_only = request.validate_only();
  auto kicked = [this, validate_only = request.validate_only(), caller = call.caller,
                 done = std::move(done)](const absl::StatusOr<KickOutcome>& outcome) mutable {
    if (!outcome.ok()) return done(KickError(outcome.status()));
    if (!validate_only) {
      observer_.logger.Info("sessions kicked",
                            {{"count", outcome->sessions.size()}, {"caller", caller}});
    }
    v1::KickSessionsResponse response;
    for (const SessionInfo& session : outcome->sessions) {
      *response.add_sessions() = ToProto(session);
    }
    response.set_more(outcome->more);
    done(std::move(response));
  };
  srsproxy::KickSessions(sessions_, std::move(kick), std::move(kicked));
}

absl::StatusOr<SessionFilter> SessionService::FilterOf(const v1::SessionFilter& message) const {
  SessionFilter filter;
  if (static_cast<size_t>(message.session_ids_size()) > kMaxIds) {
    return InvalidField("filter.session_ids", "are more than 1000");
  }
  filter.ids.assign(message.session_ids().begin(), message.session_ids().end());
  if (!message.stream().empty()) {
    auto key = StreamKeyOf(message.stream(), config_.Get()->vhosts);
    if (!key.ok()) return key.status();
    filter.key = *std::move(key);
  }
  filter.origin_id = message.origin_id();
  filter.client_host = message.client();
  if (message.role() != v1::ROLE_UNSPECIFIED) {
    const auto role = FromProto(message.role());
    if (!role.ok()) return role.status();
    filter.role = *role;
  }
  if (message.protocol() != v1::PROTOCOL_UNSPECIFIED) {
    const auto protocol = FromProto(message.protocol());
    if (!protocol.ok()) return protocol.status();
    filter.protocol = *protocol;
  }
  return filter;
}

}  // namespace srsproxy::control
