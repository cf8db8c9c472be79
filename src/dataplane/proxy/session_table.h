// The sessions that live on one worker, and how many the whole process may hold.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <list>

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
    if (used_.fetch_add(1, std::memory_order_relaxed) < limit_) return true;
    Give();
    return false;
  }
  void Give() { used_.fetch_sub(1, std::memory_order_relaxed); }

  uint64_t limit() const { return limit_; }
  uint64_t used() const { return used_.load(std::memory_order_relaxed); }

 private:
  const uint64_t limit_;
  std::atomic<uint64_t> used_{0};
};

// Used on its worker only, and destroyed after its worker, with which the last sessions go.
class SessionTable {
 public:
  class Session {
   public:
    virtual ~Session() = default;
    // Ends soon, because of `why`. May be called more than once.
    virtual void Kick(absl::Status why) = 0;
  };

  // A session's place in the table; leaves with the session.
  class Place {
   public:
    Place(SessionTable& table, Session& session);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

   private:
    SessionTable& table_;
    std::list<Session*>::iterator position_;
  };

  explicit SessionTable(const net::asio::any_io_executor& executor) : executor_(executor) {}

  size_t size() const { return sessions_.size(); }
  void KickAll(const absl::Status& why);
  // Returns when no session is left. For one caller at a time.
  net::Task<void> Empty();

 private:
  const net::asio::any_io_executor executor_;
  std::list<Session*> sessions_;
  net::Event* left_ = nullptr;  // In the frame of Empty(), for it may not outlive the worker.
};

}  // namespace srsproxy
