// What is seen of placements in a fleet that is driven at random: what may never be, whatever the
// seed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>
#include <gtest/gtest.h>

#include "dataplane/core/stream_event.h"

namespace srsproxy {

// Of a seed, or of how many steps: for who looks for more than a usual run does.
inline int64_t NumberFrom(const char* variable, int64_t otherwise) {
  const char* text = std::getenv(variable);
  int64_t number = 0;
  return text != nullptr && absl::SimpleAtoi(text, &number) ? number : otherwise;
}

// A placement has one origin, whoever tells it; but for those of a proxy that decides without
// Redis, whose versions are odd.
class Placements {
 public:
  void See(const StreamKey& key, uint64_t version, const std::string& origin_id) {
    const std::lock_guard lock(mutex_);
    if (version % 2 == 1) return;
    const auto [at, is_new] = origins_.try_emplace({key, version}, origin_id);
    EXPECT_EQ(at->second, origin_id) << key.ToString() << " at version " << version;
  }

 private:
  std::mutex mutex_;
  std::map<std::pair<StreamKey, uint64_t>, std::string> origins_;
};

// Of each stream, events come in order: it is placed, changes, is removed.
class Watcher final : public StreamObserver {
 public:
  explicit Watcher(Placements& placements) : placements_(placements) {}

  void OnStreamEvent(const StreamEvent& event) override {
    const StreamMapping& mapping = event.mapping;
    placements_.See(mapping.key, mapping.version, mapping.origin_id);
    const std::lock_guard lock(mutex_);
    auto& log = log_[mapping.key];
    if (log.size() == kKept) log.pop_front();
    log.push_back(absl::StrCat(static_cast<int>(event.kind), " ", std::string(ToName(event.reason)),
                               " ", mapping.origin_id, " v", mapping.version,
                               event.here ? " here" : ""));
    const bool known = known_.contains(mapping.key);
    EXPECT_EQ(known, event.kind != StreamEvent::Kind::kPlaced)
        << mapping.key.ToString() << " " << ToName(event.reason);
    if (event.kind == StreamEvent::Kind::kRemoved) {
      known_.erase(mapping.key);
    } else {
      known_.insert(mapping.key);
    }
  }
  void OnLoadChange(std::string_view origin_id, int change) override {
    const std::lock_guard lock(mutex_);
    load_[std::string(origin_id)] += change;
  }
  int load(const std::string& origin_id) {
    const std::lock_guard lock(mutex_);
    return load_[origin_id];
  }
  std::string LastOf(const StreamKey& key) {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const std::string& line : log_[key]) absl::StrAppend(&text, "  ", line, "\n");
    return text;
  }

 private:
  static constexpr size_t kKept = 12;  // Events of a stream.

  Placements& placements_;
  std::mutex mutex_;
  std::set<StreamKey> known_;
  std::map<StreamKey, std::deque<std::string>> log_;
  std::map<std::string, int> load_;
};

}  // namespace srsproxy
