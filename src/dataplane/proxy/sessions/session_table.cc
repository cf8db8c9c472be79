#include "dataplane/proxy/sessions/session_table.h"

#include <algorithm>
#include <utility>

#include <absl/cleanup/cleanup.h>

namespace srsproxy {
namespace {

// A worker has media to carry: about a tenth of a millisecond.
constexpr size_t kMaxVisits = 2'000;

}  // namespace

SessionTable::Place::Place(SessionTable& table, Session& session)
    : table_(table),
      session_(session),
      position_(table.sessions_.insert(table.sessions_.end(), &session)) {}

SessionTable::Place::~Place() {
  Unlist();
  table_.sessions_.erase(position_);
  if (table_.sessions_.empty() && table_.left_ != nullptr) table_.left_->Notify();
}

void SessionTable::Place::List() {
  const SessionInfo& info = session_.info();
  table_.by_id_.emplace(info.id, &session_);
  Stream& stream = table_.by_stream_[info.key];
  if (info.role == Role::kPublisher) {
    stream.publishers.push_back(&session_);
  } else {
    stream.viewers.push_back(&session_);
    ++stream.viewers_by_protocol[static_cast<size_t>(info.protocol)];
  }
  listed_ = true;
}

void SessionTable::Place::Unlist() {
  if (!std::exchange(listed_, false)) return;
  const SessionInfo& info = session_.info();
  table_.by_id_.erase(info.id);
  const auto at = table_.by_stream_.find(info.key);
  Stream& stream = at->second;
  if (info.role == Role::kPublisher) {
    std::erase(stream.publishers, &session_);
  } else {
    std::erase(stream.viewers, &session_);
    --stream.viewers_by_protocol[static_cast<size_t>(info.protocol)];
  }
  if (stream.publishers.empty() && stream.viewers.empty()) table_.by_stream_.erase(at);
}

SessionTable::Page SessionTable::List(const SessionFilter& filter, std::string_view after,
                                      size_t limit) const {
  Page page;
  if (!filter.ids.empty() || filter.key.has_value()) {
    VisitMatching(filter, [&](Session& session) {
      if (session.info().id > after) page.sessions.push_back(session.info());
      return true;
    });
    std::sort(page.sessions.begin(), page.sessions.end(),
              [](const SessionInfo& a, const SessionInfo& b) { return a.id < b.id; });
    page.complete = true;
    return page;
  }
  size_t visits = 0;
  auto at = by_id_.upper_bound(after);
  for (; at != by_id_.end() && visits < kMaxVisits && page.sessions.size() < limit; ++at) {
    ++visits;
    page.looked_at = at->first;
    if (filter.Matches(at->second->info())) page.sessions.push_back(at->second->info());
  }
  page.complete = at == by_id_.end();
  return page;
}

StreamAudience SessionTable::AudienceOf(const StreamKey& key) const {
  StreamAudience audience;
  const auto at = by_stream_.find(key);
  if (at == by_stream_.end()) return audience;
  audience.viewers = at->second.viewers_by_protocol;
  for (const Session* session : at->second.publishers) audience.Add(session->info());
  return audience;
}

std::vector<SessionInfo> SessionTable::Kick(const SessionFilter& filter, size_t limit,
                                            const absl::Status& why) {
  // A kicked session leaves later, from its own coroutine: what is being walked stays as it is.
  std::vector<SessionInfo> kicked;
  VisitMatching(filter, [&](Session& session) {
    if (kicked.size() >= limit) return false;
    kicked.push_back(session.info());
    session.Kick(why);
    return true;
  });
  return kicked;
}

void SessionTable::KickOldest(size_t count, const absl::Status& why) {
  for (Session* session : sessions_) {
    if (count-- == 0) return;
    session->Kick(why);
  }
}

void SessionTable::VisitMatching(const SessionFilter& filter,
                                 absl::FunctionRef<bool(Session&)> visit) const {
  const auto offer = [&](Session& session) {
    return !filter.Matches(session.info()) || visit(session);
  };
  if (!filter.ids.empty()) {
    for (const std::string& id : filter.ids) {
      const auto at = by_id_.find(id);
      if (at != by_id_.end() && !offer(*at->second)) return;
    }
  } else if (filter.key.has_value()) {
    const auto at = by_stream_.find(*filter.key);
    if (at == by_stream_.end()) return;
    for (const auto* sessions : {&at->second.publishers, &at->second.viewers}) {
      for (Session* session : *sessions) {
        if (!offer(*session)) return;
      }
    }
  } else {
    for (const auto& [id, session] : by_id_) {
      if (!offer(*session)) return;
    }
  }
}

net::Task<void> SessionTable::Empty() {
  net::Event left(executor_);
  left_ = &left;
  const absl::Cleanup forget = [this] { left_ = nullptr; };
  while (!sessions_.empty()) {
    if (const auto status = co_await left.Wait(); !status.ok()) co_return;
  }
}

}  // namespace srsproxy
