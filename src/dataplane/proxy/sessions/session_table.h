// The sessions that live on one worker, and how many the whole process may hold.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <list>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/functional/function_ref.h>

#include "dataplane/core/session_control.h"
#include "dataplane/core/status.h"
#include "dataplane/net/event.h"
#include "dataplane/net/task.h"

namespace srsproxy {

// Shared by all workers. Thread-safe.
class SessionLimit {
 public:
  explicit SessionLimit(uint64_t limit) : limit_(limit) {}

  // False: full. Each success is followed by one Give.
  bool Take() {
    if (used_.fetch_add(1, std::memory_order_relaxed) < limit()) return true;
    Give();
    return false;
  }
  void Give() { used_.fetch_sub(1, std::memory_order_relaxed); }

  uint64_t limit() const { return limit_.load(std::memory_order_relaxed); }
  // Sessions above a lower limit go on.
  void SetLimit(uint64_t limit) { limit_.store(limit, std::memory_order_relaxed); }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> limit_;
  std::atomic<uint64_t> used_{0};
};

// Used on its worker only, and destroyed after its worker, with which the last sessions go.
//
// Every connection has a place. While it uses a stream it is listed too, by the id of that use and
// by its stream.
class SessionTable {
 public:
  class Session {
   public:
    virtual ~Session() = default;
    // Ends soon, because of `why`. May be called more than once.
    virtual void Kick(absl::Status why) = 0;
    // Of a listed session: what is listed of it, as of now.
    virtual const SessionInfo& info() const = 0;
  };

  // A session's place in the table; leaves with the session.
  class Place {
   public:
    Place(SessionTable& table, Session& session);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    // From now on the session is listed. Until Unlist its info's id, protocol, role and key stay as
    // they are.
    void List();
    void Unlist();

   private:
    SessionTable& table_;
    Session& session_;
    std::list<Session*>::iterator position_;
    bool listed_ = false;
  };

  explicit SessionTable(const net::asio::any_io_executor& executor) : executor_(executor) {}

  size_t size() const { return sessions_.size(); }

  struct Page {
    std::vector<SessionInfo> sessions;  // Sorted by id.
    std::string looked_at;              // Every session up to this id was looked at.
    bool complete = false;              // And all others too.
  };
  // Those that match after the id `after`: all of a stream's or of a list of ids, else the first
  // `limit`. Looks at no more than a few thousand.
  Page List(const SessionFilter& filter, std::string_view after, size_t limit) const;

  StreamAudience AudienceOf(const StreamKey& key) const;

  // Kicks at most `limit` that match, and returns them.
  std::vector<SessionInfo> Kick(const SessionFilter& filter, size_t limit, const absl::Status& why);
  // Kicks the `count` that have been here for longest.
  void KickOldest(size_t count, const absl::Status& why);
  void KickAll(const absl::Status& why) { KickOldest(size(), why); }

  // Returns when no session is left. For one caller at a time.
  net::Task<void> Empty();

 private:
  struct Stream {
    std::vector<Session*> publishers;
    std::vector<Session*> viewers;
    std::array<uint32_t, kEnumSize<Protocol>> viewers_by_protocol{};
  };

  // Until `visit` returns false.
  void VisitMatching(const SessionFilter& filter, absl::FunctionRef<bool(Session&)> visit) const;

  const net::asio::any_io_executor executor_;
  std::list<Session*> sessions_;  // Oldest first.
  std::map<std::string, Session*, std::less<>> by_id_;
  absl::flat_hash_map<StreamKey, Stream> by_stream_;
  net::Event* left_ = nullptr;  // In the frame of Empty(), for it may not outlive the worker.
};

}  // namespace srsproxy
