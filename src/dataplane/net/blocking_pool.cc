#include "dataplane/net/blocking_pool.h"

namespace srsproxy::net {

void BlockingPool::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  threads_.join();
}

absl::Status BlockingPool::Enter() {
  const std::lock_guard lock(mutex_);
  if (stopped_) return ProxyFailure(absl::StatusCode::kCancelled, "this proxy stops");
  if (waiting_ == max_waiting_) {
    return ProxyFailure(absl::StatusCode::kResourceExhausted, "too many files are asked for");
  }
  ++waiting_;
  return absl::OkStatus();
}

void BlockingPool::Leave() {
  const std::lock_guard lock(mutex_);
  --waiting_;
}

}  // namespace srsproxy::net
