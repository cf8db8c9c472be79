#include "dataplane/balance/session_kick.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <memory>
#include <utility>

#include <absl/strings/cord.h>
#include <absl/strings/str_cat.h>

namespace srsproxy {
namespace {

using Found = absl::AnyInvocable<void(std::vector<SessionInfo> found, bool more)>;

// Lists the first `limit` sessions, page by page.
struct Search {
  SessionControl& sessions;
  SessionFilter filter;
  size_t limit = 0;
  Found done = nullptr;
  std::vector<SessionInfo> found = {};
};

void Continue(std::shared_ptr<Search> search, std::string after) {
  SessionControl& sessions = search->sessions;
  const size_t wanted = search->limit - search->found.size();
  auto filter = search->filter;
  auto next = [search = std::move(search)](SessionControl::Page page) {
    std::move(page.sessions.begin(), page.sessions.end(), std::back_inserter(search->found));
    if (page.next.empty() || search->found.size() >= search->limit) {
      search->done(std::move(search->found), !page.next.empty());
    } else {
      Continue(search, std::move(page.next));
    }
  };
  sessions.List(std::move(filter), std::move(after), wanted, std::move(next));
}

// NOT_FOUND: one of `ids` is not among `found`.
absl::Status CheckAllFound(const std::vector<std::string>& ids,
                           const std::vector<SessionInfo>& found) {
  for (const std::string& id : ids) {
    const auto is_it = [&id](const SessionInfo& session) { return session.id == id; };
    if (std::any_of(found.begin(), found.end(), is_it)) continue;
    auto missing = absl::NotFoundError(absl::StrCat("no session '", id, "' is connected here"));
    missing.SetPayload(kSessionPayload, absl::Cord(id));
    return missing;
  }
  return absl::OkStatus();
}

}  // namespace

void KickSessions(SessionControl& sessions, KickRequest request,
                  absl::AnyInvocable<void(absl::StatusOr<KickOutcome>)> done) {
  const bool search_first = request.validate_only || !request.filter.ids.empty();
  auto search = std::make_shared<Search>(Search{sessions, request.filter});
  // Those that are named have to be there, also the ones that are one too many.
  search->limit = std::max(request.limit, request.filter.ids.size());
  search->done = [&sessions, request = std::move(request), done = std::move(done)](
                     std::vector<SessionInfo> found, bool more) mutable {
    auto all_found = CheckAllFound(request.filter.ids, found);
    if (!all_found.ok()) return done(std::move(all_found));
    const size_t limit = request.limit;
    if (request.validate_only) {
      more = more || found.size() > limit;
      found.resize(std::min(found.size(), limit));
      return done(KickOutcome{std::move(found), more});
    }
    auto kicked = [limit, done = std::move(done)](std::vector<SessionInfo> ended) mutable {
      const bool full = ended.size() == limit;
      done(KickOutcome{std::move(ended), full});
    };
    sessions.Kick(std::move(request.filter), limit, std::move(request.why), std::move(kicked));
  };
  if (search_first) {
    Continue(std::move(search), "");
  } else {
    search->done({}, false);
  }
}

void KickSessionsOn(SessionControl& sessions, std::vector<std::string> origin_ids, absl::Status why,
                    absl::AnyInvocable<void(int64_t)> done) {
  if (origin_ids.empty()) return done(0);
  SessionFilter filter;
  filter.origin_id = std::move(origin_ids.back());
  filter.followers_too = false;
  origin_ids.pop_back();
  auto next = [&sessions, origin_ids = std::move(origin_ids), why,
               done = std::move(done)](const std::vector<SessionInfo>& kicked) mutable {
    auto add = [count = static_cast<int64_t>(kicked.size()),
                done = std::move(done)](int64_t others) mutable { done(count + others); };
    KickSessionsOn(sessions, std::move(origin_ids), std::move(why), std::move(add));
  };
  sessions.Kick(std::move(filter), std::numeric_limits<size_t>::max(), why, std::move(next));
}

}  // namespace srsproxy
