// Whether this proxy takes clients: what /readyz, gRPC health and GetProxy answer.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace srsproxy::control {

// Ready while nothing blocks it. Thread-safe.
class Readiness {
 public:
  // Not ready from now on, until Unblock(name). `why` is a sentence for people. Blocking again
  // replaces the sentence.
  void Block(std::string_view name, std::string_view why);
  void Unblock(std::string_view name);

  bool ready() const;
  std::vector<std::string> reasons() const;  // Empty when ready.

  // `changed(ready)` is called at once, and then whenever ready() changes, on the thread that
  // changed it and under the lock: it must not call Readiness. Replaces the former one; nullptr
  // ends the calls.
  void SetObserver(std::function<void(bool)> changed);

 private:
  mutable std::mutex mutex_;
  std::map<std::string, std::string, std::less<>> blocks_;  // Name to reason. Guarded by mutex_.
  std::function<void(bool)> changed_;                       // Guarded by mutex_.
};

}  // namespace srsproxy::control
