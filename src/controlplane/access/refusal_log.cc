#include "controlplane/access/refusal_log.h"

#include <algorithm>
#include <chrono>

namespace srsproxy::control {
namespace {

constexpr auto kLogInterval = std::chrono::minutes(1);
constexpr absl::Duration kShown = absl::Minutes(10);

}  // namespace

RefusalLog::RefusalLog(std::string_view what, const Clock& clock, const Logger& logger)
    : what_(what), clock_(clock), logger_(logger) {}

void RefusalLog::Add(std::string_view source, std::string_view message) {
  const auto now = clock_.Now();
  int64_t count = 0;
  {
    const std::lock_guard lock(mutex_);
    const std::string key(source);
    if (entries_.size() >= kMaxSources && !entries_.contains(key)) {
      entries_.erase(std::min_element(
          entries_.begin(), entries_.end(),
          [](const auto& a, const auto& b) { return a.second.last_time < b.second.last_time; }));
    }
    auto& entry = entries_[key];
    entry.message = message;
    entry.last_time = clock_.WallNow();
    count = ++entry.count;
    if (entry.logged_at && now - *entry.logged_at < kLogInterval) return;
    entry.logged_at = now;
  }
  logger_.Warn(what_, {{"source", source}, {"reason", message}, {"count", count}});
}

std::vector<Refusal> RefusalLog::List() const {
  std::vector<Refusal> refusals;
  {
    const std::lock_guard lock(mutex_);
    const absl::Time oldest = clock_.WallNow() - kShown;
    for (const auto& [source, entry] : entries_) {
      if (entry.last_time < oldest) continue;
      refusals.push_back({source, entry.message, entry.last_time, entry.count});
    }
  }
  std::sort(refusals.begin(), refusals.end(),
            [](const Refusal& a, const Refusal& b) { return a.last_time > b.last_time; });
  return refusals;
}

}  // namespace srsproxy::control
