#include "dataplane/proxy/sessions/worker_sessions.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <utility>

#include <boost/asio/post.hpp>

namespace srsproxy {
namespace {

bool ById(const SessionInfo& a, const SessionInfo& b) { return a.id < b.id; }

// What is answered, a part for each worker and each source; whoever answers last puts it together.
template <typename Answer, typename Finish>
struct FanOut {
  FanOut(size_t parts, Finish its_finish)
      : answers(parts), left(parts), finish(std::move(its_finish)) {}

  void Answered(size_t part, Answer answer) {
    answers[part] = std::move(answer);
    if (left.fetch_sub(1, std::memory_order_acq_rel) == 1) finish(std::move(answers));
  }

  std::vector<Answer> answers;
  std::atomic<size_t> left;
  Finish finish;
};

// `query` takes a SessionTable as well as a SessionSource.
template <typename Answer, typename Query, typename Finish>
void QueryAll(const std::vector<WorkerSessions::Table>& tables,
              const std::vector<SessionSource*>& sources, Query query, Finish finish) {
  const auto fan_out =
      std::make_shared<FanOut<Answer, Finish>>(tables.size() + sources.size(), std::move(finish));
  for (size_t i = 0; i < tables.size(); ++i) {
    auto answer = [fan_out, query, i, &sessions = tables[i].sessions] {
      fan_out->Answered(i, query(sessions));
    };
    net::asio::post(tables[i].worker.io(), std::move(answer));
  }
  for (size_t i = 0; i < sources.size(); ++i) {
    fan_out->Answered(tables.size() + i, query(*sources[i]));
  }
}

SessionControl::Page Merge(std::vector<SessionTable::Page> parts, size_t limit) {
  // Past the least id that some worker stopped at, sessions may be missing.
  SessionControl::Page page;
  const SessionTable::Page* least = nullptr;
  for (const SessionTable::Page& part : parts) {
    if (part.complete) continue;
    if (least == nullptr || part.looked_at < least->looked_at) least = &part;
  }
  if (least != nullptr) page.next = least->looked_at;
  for (SessionTable::Page& part : parts) {
    std::copy_if(
        std::make_move_iterator(part.sessions.begin()),
        std::make_move_iterator(part.sessions.end()), std::back_inserter(page.sessions),
        [&](const SessionInfo& session) { return page.next.empty() || session.id <= page.next; });
  }
  std::sort(page.sessions.begin(), page.sessions.end(), ById);
  if (page.sessions.size() > limit) {
    page.sessions.resize(limit);
    page.next = page.sessions.back().id;
  }
  return page;
}

}  // namespace

struct WorkerSessions::KickRound {
  KickRound(SessionFilter which, size_t most, absl::Status reason, KickCallback callback)
      : filter(std::move(which)), limit(most), why(std::move(reason)), done(std::move(callback)) {}

  const SessionFilter filter;
  const size_t limit;
  const absl::Status why;
  KickCallback done;
  std::vector<SessionInfo> kicked;
};

void WorkerSessions::List(SessionFilter filter, std::string after, size_t limit,
                          PageCallback done) {
  auto query = [filter = std::move(filter), after = std::move(after), limit](const auto& sessions) {
    return sessions.List(filter, after, limit);
  };
  auto finish = [limit, done = std::move(done)](std::vector<SessionTable::Page> parts) mutable {
    done(Merge(std::move(parts), limit));
  };
  QueryAll<SessionTable::Page>(tables_, sources_, std::move(query), std::move(finish));
}

void WorkerSessions::Count(std::vector<StreamKey> keys, CountCallback done) {
  using Audiences = std::vector<StreamAudience>;
  const size_t count = keys.size();
  auto query = [keys = std::move(keys)](const auto& sessions) {
    Audiences audiences;
    audiences.reserve(keys.size());
    for (const StreamKey& key : keys) audiences.push_back(sessions.AudienceOf(key));
    return audiences;
  };
  auto finish = [count, done = std::move(done)](const std::vector<Audiences>& parts) mutable {
    Audiences all(count);
    for (const Audiences& part : parts) {
      for (size_t i = 0; i < count; ++i) all[i].Add(part[i]);
    }
    done(std::move(all));
  };
  QueryAll<Audiences>(tables_, sources_, std::move(query), std::move(finish));
}

void WorkerSessions::Kick(SessionFilter filter, size_t limit, absl::Status why, KickCallback done) {
  KickFrom(0,
           std::make_shared<KickRound>(std::move(filter), limit, std::move(why), std::move(done)));
}

// One worker after another, for together they may kick no more than the limit.
void WorkerSessions::KickFrom(size_t table, std::shared_ptr<KickRound> round) {
  if (table == tables_.size()) {
    KickInSources(*round);
    std::sort(round->kicked.begin(), round->kicked.end(), ById);
    round->done(std::move(round->kicked));
    return;
  }
  auto kick = [this, table, round] {
    auto kicked = tables_[table].sessions.Kick(round->filter, round->limit - round->kicked.size(),
                                               round->why);
    std::move(kicked.begin(), kicked.end(), std::back_inserter(round->kicked));
    KickFrom(table + 1, round);
  };
  net::asio::post(tables_[table].worker.io(), std::move(kick));
}

void WorkerSessions::KickInSources(KickRound& round) {
  for (SessionSource* source : sources_) {
    auto kicked = source->Kick(round.filter, round.limit - round.kicked.size(), round.why);
    std::move(kicked.begin(), kicked.end(), std::back_inserter(round.kicked));
  }
}

}  // namespace srsproxy
