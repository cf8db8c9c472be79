// StateWriter: does what waits for a disk on a thread of its own, one thing after another, so that
// nobody else waits.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

namespace srsproxy {

// Thread-safe.
class StateWriter {
 public:
  // Called once: on the writer's thread with true, or with false by Stop, when it is too late.
  using Task = absl::AnyInvocable<void(bool)>;
  static constexpr size_t kMaxWaiting = 1000;

  // Calls `each_period` on its thread when nothing was to be done for `period`.
  StateWriter(absl::Duration period, std::function<void()> each_period);
  StateWriter(const StateWriter&) = delete;
  StateWriter& operator=(const StateWriter&) = delete;
  ~StateWriter() { Stop(); }

  // False: kMaxWaiting tasks wait, or it was stopped; `task` is not taken then.
  bool Post(Task& task);

  // Waits for the task that runs, and calls those that wait with false. May be called again; not
  // from a task.
  void Stop();

 private:
  void Run();

  const absl::Duration period_;
  const std::function<void()> each_period_;
  std::mutex mutex_;  // Guards the next two.
  std::deque<Task> waiting_;
  bool stopping_ = false;
  std::condition_variable changed_;
  std::mutex stop_mutex_;  // One joins.
  std::thread thread_;
};

}  // namespace srsproxy
