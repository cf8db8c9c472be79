// EndedOrigins: the registrations that this proxy ended last. Who had not heard of it, and writes
// what Redis has lost, may write one of them again.
#pragma once

#include <deque>
#include <string>
#include <utility>

#include <absl/time/time.h>

#include "dataplane/core/origin_record.h"

namespace srsproxy::redis {

// Without a lock of its own.
class EndedOrigins {
 public:
  void Add(const OriginRecord& record) {
    Forget(record.registration.Id());
    if (ended_.size() == kKept) ended_.pop_front();
    ended_.push_back({record.registration, record.registered_at});
  }
  void Forget(const std::string& id) {
    std::erase_if(ended_, [&](const Ended& ended) { return ended.registration.Id() == id; });
  }
  // Whether it is one that was ended, or that another proxy made before that one, which did not
  // know of it; not a later one of the same origin. Proxies' clocks may differ by much: of what is
  // earlier by them alone, no more than one counts.
  bool Take(const OriginRecord& record) {
    for (Ended& ended : ended_) {
      if (ended.registration != record.registration) continue;
      if (record.registered_at > ended.registered_at) return false;
      ended.registered_at = record.registered_at;
      return true;
    }
    return false;
  }

 private:
  static constexpr size_t kKept = 256;

  struct Ended {
    OriginRegistration registration;
    absl::Time registered_at;
  };
  std::deque<Ended> ended_;  // The oldest first.
};

}  // namespace srsproxy::redis
