#include "dataplane/balance/origin_traffic.h"

#include <utility>

#include "dataplane/core/status.h"

namespace srsproxy {

OriginTraffic::Use::Use(std::shared_ptr<Counters> counters, Role role)
    : counters_(std::move(counters)),
      sessions_(role == Role::kPublisher ? counters_->publishers : counters_->viewers) {
  sessions_.fetch_add(1, std::memory_order_relaxed);
}

OriginTraffic::Use::~Use() { sessions_.fetch_sub(1, std::memory_order_relaxed); }

void OriginTraffic::Admit(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  auto& counters = origins_[ToAbsl(origin_id)];
  if (counters != nullptr) return;
  counters = std::make_shared<Counters>();
  counters->last_flow = clock_.Now() - absl::ToChronoNanoseconds(kFlowing);
}

std::unique_ptr<OriginTraffic::Use> OriginTraffic::Begin(std::string_view origin_id, Role role) {
  const std::lock_guard lock(mutex_);
  const auto at = origins_.find(ToAbsl(origin_id));
  if (at == origins_.end()) return nullptr;
  return std::make_unique<Use>(at->second, role);
}

bool OriginTraffic::IsInUse(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  const auto at = origins_.find(ToAbsl(origin_id));
  return at != origins_.end() && IsInUse(*at->second);
}

bool OriginTraffic::Retire(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  const auto at = origins_.find(ToAbsl(origin_id));
  if (at == origins_.end()) return true;
  if (IsInUse(*at->second)) return false;
  origins_.erase(at);
  return true;
}

void OriginTraffic::Drop(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  origins_.erase(ToAbsl(origin_id));
}

bool OriginTraffic::IsInUse(Counters& counters) const {
  const MonotonicTime now = clock_.Now();
  if (counters.flowed.exchange(false, std::memory_order_relaxed)) counters.last_flow = now;
  if (counters.publishers.load(std::memory_order_relaxed) > 0) return true;
  return counters.viewers.load(std::memory_order_relaxed) > 0 &&
         now - counters.last_flow < absl::ToChronoNanoseconds(kFlowing);
}

}  // namespace srsproxy
