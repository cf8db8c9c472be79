#include "controlplane/services/session_service.h"

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"
#include "controlplane/services/convert.h"
#include "controlplane/services/page.h"

namespace srsproxy::control {
namespace {

constexpr size_t kMaxKicked = 1000;
constexpr size_t kMaxIds = 1000;
constexpr size_t kMaxMessageBytes = 256;

v1::KickSessionsResponse KickAnswer(const std::vector<SessionInfo>& sessions, bool more) {
  v1::KickSessionsResponse response;
  for (const SessionInfo& session : sessions) *response.add_sessions() = ToProto(session);
  response.set_more(more);
  return response;
}

bool IsEmpty(const SessionFilter& filter) {
  return filter.ids.empty() && !filter.key.has_value() && filter.origin_id.empty() &&
         filter.client_host.empty() && !filter.role.has_value() && !filter.protocol.has_value();
}

// The first wanted id that was not found; nullptr when all were.
const std::string* FirstMissing(const std::vector<std::string>& ids,
                                const std::vector<SessionInfo>& found) {
  for (const std::string& id : ids) {
    const auto is_it = [&id](const SessionInfo& session) { return session.id == id; };
    if (std::none_of(found.begin(), found.end(), is_it)) return &id;
  }
  return nullptr;
}

}  // namespace

struct SessionService::Search {
  using Done = absl::AnyInvocable<void(std::vector<SessionInfo> found, bool more)>;

  SessionFilter filter;
  size_t limit = 0;
  Done done;
  std::vector<SessionInfo> found;
};

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

void SessionService::List(const v1::ListSessionsRequest& request, ListDone done) {
  auto page = ParsePage(request.page_size(), request.page_token());
  if (!page.ok()) return done(page.status());
  auto filter = FilterOf(request.filter());
  if (!filter.ok()) return done(filter.status());
  auto answer = [done = std::move(done)](SessionControl::Page found) mutable {
    v1::ListSessionsResponse response;
    for (const SessionInfo& session : found.sessions) *response.add_sessions() = ToProto(session);
    if (!found.next.empty()) response.set_next_page_token(MakePageToken(found.next));
    done(std::move(response));
  };
  sessions_.List(*std::move(filter), std::move(page->after), page->size, std::move(answer));
}

void SessionService::Kick(const v1::KickSessionsRequest& request, const CallContext& call,
                          KickDone done) {
  auto filter = FilterOf(request.filter());
  if (!filter.ok()) return done(filter.status());
  if (IsEmpty(*filter)) return done(InvalidField("filter", "is needed: which sessions?"));
  if (request.max_sessions() < 0) {
    return done(InvalidField("max_sessions", "must not be negative"));
  }
  if (request.message().size() > kMaxMessageBytes) {
    return done(InvalidField("message", "is longer than 256 bytes"));
  }
  const size_t limit = request.max_sessions() == 0
                           ? kMaxKicked
                           : std::min<size_t>(request.max_sessions(), kMaxKicked);
  const absl::Status why = ProxyFailure(
      absl::StatusCode::kAborted, request.message().empty()
                                      ? std::string("an operator ended it")
                                      : absl::StrCat("an operator ended it: ", request.message()));

  const auto search = std::make_shared<Search>();
  search->filter = *std::move(filter);
  // Those that are named have to be there, also the ones that are one too many.
  search->limit = std::max(limit, search->filter.ids.size());
  search->done = [this, search_filter = search->filter, limit, why, caller = call.caller,
                  only_look = request.validate_only(),
                  done = std::move(done)](std::vector<SessionInfo> found, bool more) mutable {
    if (const std::string* missing = FirstMissing(search_filter.ids, found)) {
      return done(CallError(absl::StatusCode::kNotFound, v1::ERROR_REASON_SESSION_NOT_FOUND,
                            absl::StrCat("no session '", *missing, "' is connected here"),
                            {{"session_id", *missing}}));
    }
    if (only_look) {
      more = more || found.size() > limit;
      found.resize(std::min(found.size(), limit));
      return done(KickAnswer(found, more));
    }
    auto kicked = [this, limit, caller = std::move(caller),
                   done = std::move(done)](const std::vector<SessionInfo>& sessions) mutable {
      observer_.logger.Info("sessions kicked", {{"count", sessions.size()}, {"caller", caller}});
      done(KickAnswer(sessions, sessions.size() == limit));
    };
    sessions_.Kick(std::move(search_filter), limit, why, std::move(kicked));
  };
  // Only who names sessions, or wants to look, has to know them before.
  if (search->filter.ids.empty() && !request.validate_only()) {
    search->done({}, false);
  } else {
    Continue(search, "");
  }
}

void SessionService::Continue(std::shared_ptr<Search> search, std::string after) {
  const size_t wanted = search->limit - search->found.size();
  auto filter = search->filter;
  auto next = [this, search = std::move(search)](SessionControl::Page page) {
    std::move(page.sessions.begin(), page.sessions.end(), std::back_inserter(search->found));
    if (page.next.empty() || search->found.size() >= search->limit) {
      search->done(std::move(search->found), !page.next.empty());
    } else {
      Continue(search, std::move(page.next));
    }
  };
  sessions_.List(std::move(filter), std::move(after), wanted, std::move(next));
}

absl::StatusOr<SessionFilter> SessionService::FilterOf(const v1::SessionFilter& message) const {
  SessionFilter filter;
  if (static_cast<size_t>(message.session_ids_size()) > kMaxIds) {
    return InvalidField("filter.session_ids", "are more than 1000");
  }
  filter.ids.assign(message.session_ids().begin(), message.session_ids().end());
  if (!message.stream().empty()) {
    auto key = StreamKeyFromText(message.stream(), config_.Get()->vhosts);
    if (!key.ok()) {
      return WithReason(key.status(), v1::ERROR_REASON_INVALID_STREAM_NAME,
                        {{"stream", message.stream()}});
    }
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
