// SIGTERM, SIGINT and SIGHUP, and the end that nothing holds up.
#pragma once

#include <functional>
#include <memory>

#include <absl/time/time.h>

namespace srsproxy {

// Taken by a thread that does nothing else, so that they are taken wherever the program is. The
// first signal to stop starts the force timeout; the second leaves the program kLastWords, the
// third none. When the time is over the process ends where it is, without destructors.
class StopSignals {
 public:
  // The exit code of a process whose end was cut short.
  static constexpr int kExitForced = 3;
  // What an orderly end has to itself before the force timeout, at most.
  static constexpr absl::Duration kLastWords = absl::Milliseconds(500);

  // Before any other thread is made: all inherit that these signals are blocked. SIGPIPE is ignored
  // from now on. The thread goes on until the process ends.
  explicit StopSignals(absl::Duration force_timeout);
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;
  ~StopSignals();

  // Thread-safe. Of a stop that begins later.
  void SetForceTimeout(absl::Duration timeout);

  // Called on another thread, a moment before the process is ended by force. One
  // that is replaced, by an empty one too, is not being called any more.
  void SetLastWords(std::function<void()> last_words);

  enum class Event { kReload, kStop };
  // The next one; kStop again and again once it has come.
  Event Wait() const;

  bool stopping() const;  // A signal to stop has come.
  bool hurried() const;   // A second one has, or only kLastWords is left of the force timeout.
  // True at once when it is hurried, false after `timeout`.
  bool HurriedWithin(absl::Duration timeout) const;

  // All that matters is done: from now on the process ends with `exit_code`, and what is left may
  // take as long as `timeout`, nor longer than it already might.
  void EndWithin(absl::Duration timeout, int exit_code);

 private:
  struct State;
  const std::shared_ptr<State> state_;  // Shared with the thread.
};

}  // namespace srsproxy
