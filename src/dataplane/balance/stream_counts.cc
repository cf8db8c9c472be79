#include "dataplane/balance/stream_counts.h"

#include <algorithm>

namespace srsproxy {

StreamCounts::Counter StreamCounts::Of(std::string_view origin_id) const {
  const std::lock_guard lock(mutex_);
  At(origin_id);
  return counters_.find(ToAbsl(origin_id))->second;
}

void StreamCounts::OnLoadChange(std::string_view origin_id, int change) {
  const std::lock_guard lock(mutex_);
  At(origin_id).fetch_add(static_cast<uint32_t>(change), std::memory_order_relaxed);
}

std::atomic<uint32_t>& StreamCounts::At(std::string_view origin_id) const {
  const auto known = counters_.find(ToAbsl(origin_id));
  if (known != counters_.end()) return *known->second;
  if (counters_.size() >= sweep_at_) {
    absl::erase_if(counters_, [](const auto& counter) {
      return counter.second.use_count() == 1 && *counter.second == 0;
    });
    sweep_at_ = std::max<size_t>(64, 2 * counters_.size());
  }
  auto counter = std::make_shared<std::atomic<uint32_t>>(0);
  return *counters_.try_emplace(std::string(origin_id), std::move(counter)).first->second;
}

}  // namespace srsproxy
