// Postponed: questions that cannot be asked of Redis now, until they are asked again.
#pragma once

#include <cstddef>
#include <mutex>
#include <vector>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/status.h"

namespace srsproxy::redis {

// Thread-safe. What it is given is called once, with no lock held.
class Postponed {
 public:
  // That wait at a time.
  static constexpr size_t kMax = 16 * 1024;

  // OK: it is to be asked again. RESOURCE_EXHAUSTED: there is no room to wait. CANCELLED: the
  // stores were stopped.
  using Resume = absl::AnyInvocable<void(const absl::Status&)>;

  // `resume` waits for ResumeAll or Stop; when it cannot, it is called inline.
  void Add(Resume resume);

  // In the order in which they came. Those that are added meanwhile wait for the next call.
  void ResumeAll();

  // From now on nothing waits.
  void Stop();

 private:
  std::mutex mutex_;
  bool stopped_ = false;         // Guarded by mutex_.
  std::vector<Resume> waiting_;  // Guarded by mutex_.
};

}  // namespace srsproxy::redis
