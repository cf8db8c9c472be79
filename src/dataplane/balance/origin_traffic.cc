#include "dataplane/balance/origin_traffic.h"

#include <iterator>
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
  AllCounters& all = origins_[ToAbsl(origin_id)];
  if (!all.empty()) return;
  all.push_back(std::make_shared<Counters>());
  all.front()->last_flow = clock_.Now() - absl::ToChronoNanoseconds(kFlowing);
}

std::unique_ptr<OriginTraffic::Use> OriginTraffic::Begin(std::string_view origin_id, Role role) {
  const std::lock_guard lock(mutex_);
  const auto at = origins_.find(ToAbsl(origin_id));
  if (at == origins_.end()) return nullptr;
  return std::make_unique<Use>(at->second.front(), role);
}

bool OriginTraffic::IsInUse(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  const auto at = origins_.find(ToAbsl(origin_id));
  return at != origins_.end() && IsInUse(at->second);
}

bool OriginTraffic::Retire(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  const auto at = origins_.find(ToAbsl(origin_id));
  if (at == origins_.end()) return true;
  if (IsInUse(at->second)) return false;
  origins_.erase(at);
  return true;
}

void OriginTraffic::Drop(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  origins_.erase(ToAbsl(origin_id));
}

void OriginTraffic::Inherit(std::string_view former, std::string_view successor) {
  const std::lock_guard lock(mutex_);
  const auto from = origins_.find(ToAbsl(former));
  const auto to = origins_.find(ToAbsl(successor));
  if (from == origins_.end() || to == origins_.end()) return;
  AllCounters inherited = std::move(from->second);
  AllCounters& all = to->second;
  std::move(inherited.begin(), inherited.end(), std::back_inserter(all));
  origins_.erase(from);
  static_cast<void>(IsInUse(all));  // So that no more are kept than sessions last.
}

bool OriginTraffic::IsInUse(AllCounters& all) const {
  const MonotonicTime now = clock_.Now();
  bool in_use = false;
  for (auto at = all.begin(); at != all.end();) {
    Counters& counters = **at;
    if (counters.flowed.exchange(false, std::memory_order_relaxed)) counters.last_flow = now;
    const bool publishes = counters.publishers.load(std::memory_order_relaxed) > 0;
    const bool plays = counters.viewers.load(std::memory_order_relaxed) > 0;
    in_use |=
        publishes || (plays && now - counters.last_flow < absl::ToChronoNanoseconds(kFlowing));
    const bool is_own = at == all.begin();
    at = is_own || publishes || plays ? std::next(at) : all.erase(at);
  }
  return in_use;
}

}  // namespace srsproxy
