#include "dataplane/directory/redis/postponed.h"

#include <utility>

#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/store_status.h"

namespace srsproxy::redis {

void Postponed::Add(Resume resume) {
  absl::Status refused;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) {
      refused = StoreStopped();
    } else if (waiting_.size() >= kMax) {
      refused = ProxyFailure(absl::StatusCode::kResourceExhausted, Link::kTooManyOpen);
    } else {
      return waiting_.push_back(std::move(resume));
    }
  }
  resume(refused);
}

void Postponed::ResumeAll() {
  std::vector<Resume> resumed;
  {
    const std::lock_guard lock(mutex_);
    resumed.swap(waiting_);
  }
  for (Resume& resume : resumed) resume(absl::OkStatus());
}

void Postponed::Stop() {
  std::vector<Resume> resumed;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    resumed.swap(waiting_);
  }
  for (Resume& resume : resumed) resume(StoreStopped());
}

}  // namespace srsproxy::redis
