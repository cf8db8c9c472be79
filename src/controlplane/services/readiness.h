// Whether this proxy takes clients: what /readyz, gRPC health and GetProxy answer.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace srsproxy::control {

// Ready while nothing blocks it; ready and degraded while it takes clients with less than it should
// have. Thread-safe.
class Readiness {
 public:
  // Not ready from now on, until Unblock(name). `why` is a sentence for people. Blocking again
  // replaces the sentence.
  void Block(std::string_view name, std::string_view why);
  void Unblock(std::string_view name);

  // The same for what does not keep clients away.
  void Degrade(std::string_view name, std::string_view why);
  void Restore(std::string_view name);

  bool ready() const;
  std::vector<std::string> reasons() const;   // Empty when ready.
  std::vector<std::string> degraded() const;  // Why; empty when it is not.

  // `changed(ready)` is called at once, and then whenever ready() changes, on the thread that
  // changed it and under the lock: it must not call Readiness. Replaces the former one; nullptr
  // ends the calls.
  void SetObserver(std::function<void(bool)> changed);

 private:
  using Reasons = std::map<std::string, std::string, std::less<>>;  // By name.

  mutable std::mutex mutex_;  // Guards all below.
  Reasons blocks_;
  Reasons degradations_;
  std::function<void(bool)> changed_;
};

}  // namespace srsproxy::control
