// SessionEvictor: ends sessions of streams that move, at a limited rate: all at once would come
// back all at once.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_view.h"

namespace srsproxy {

struct SessionEvictorOptions {
  double sessions_per_second = 50;  // Of all streams together, taken in turns.
  size_t max_streams = 100'000;     // Whose sessions are being ended.
  // A viewer that came before a move is connected to the former origin within this time.
  absl::Duration late_arrivals = absl::Seconds(5);
};

// Used on one thread.
class SessionEvictor {
 public:
  // All outlive the evictor, but for questions to `sessions` that have not been answered.
  SessionEvictor(const Clock& clock, const StreamView& streams, SessionControl& sessions,
                 SessionEvictorOptions options = {});

  // Ends the viewers of `key` that are on another origin than the stream, until none has come there
  // for late_arrivals. `publisher_elsewhere`: a publisher may be live on another origin; while it
  // is, its viewers are left in peace. False: too many streams.
  bool EvictMisplacedViewers(const StreamKey& key, bool publisher_elsewhere);

  // Ends the publishers of `key` as long as it has a pending move that is overdue. False: too many
  // streams.
  bool EvictPublishers(const StreamKey& key);

  // Streams whose sessions are being ended.
  size_t streams() const { return tasks_.size(); }

  // Call it about ten times a second.
  void Tick();

 private:
  using Id = std::pair<StreamKey, Role>;  // Whose sessions.
  struct Task {
    bool publisher_elsewhere = false;  // There may be one.
    uint64_t without = 0;      // The mapping's version of which it is known that there is none.
    MonotonicTime look_until;  // Of misplaced viewers.
    MonotonicTime due;
    uint64_t turn = 0;  // Orders the tasks that are due; 0: waits for an answer.
  };
  struct Answer {
    Id id;
    size_t allowed = 0;  // Sessions that might have been ended.
    size_t ended = 0;
    bool publisher_elsewhere = false;
    uint64_t version = 0;  // Of the mapping, when a publisher elsewhere was looked for; else 0.
  };
  // Answers come on any thread, and may come when the evictor is gone.
  struct Answers {
    std::mutex mutex;
    std::vector<Answer> list;

    void Add(Answer answer) {
      const std::lock_guard lock(mutex);
      list.push_back(std::move(answer));
    }
  };
  using Tasks = std::map<Id, Task>;

  bool Begin(Id id, bool publisher_elsewhere);
  void Schedule(const Id& id, Task& task, MonotonicTime due);
  void TakeAnswers();
  void Settle(const Answer& answer, Tasks::iterator at);
  // Ends at most `limit` sessions. False: there is nothing to end any more.
  bool Evict(const Id& id, const Task& task, size_t limit);
  void FindPublisherElsewhere(const Id& id, const StreamMapping& mapping);
  void Kick(const Id& id, SessionFilter filter, size_t limit);

  const Clock& clock_;
  const StreamView& streams_;
  SessionControl& sessions_;
  const SessionEvictorOptions options_;
  const std::shared_ptr<Answers> answers_ = std::make_shared<Answers>();
  Tasks tasks_;
  std::set<std::tuple<MonotonicTime, uint64_t, Id>> queue_;  // Due, turn and id of each task.
  uint64_t last_turn_ = 0;
  double allowance_ = 0;  // Sessions that may be ended now.
  MonotonicTime refilled_;
};

}  // namespace srsproxy
