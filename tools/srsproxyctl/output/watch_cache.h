// WatchCache: what exists, as a watcher knows it from events.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "srsproxy/v1/event_service.pb.h"

namespace srsproxy::ctl {

// Made of the messages of a Watch, in order.
class WatchCache {
 public:
  // What comes next is a snapshot; what it does not hold is gone.
  void ExpectSnapshot();

  // Applies one message. Returns how the cache changed: the message's events, or, where a
  // snapshot became complete, events of the difference, with sequence 0.
  std::vector<v1::Event> Apply(const v1::WatchResponse& response);

  // The first snapshot has come.
  bool complete() const { return complete_; }

  // The last event of everything that exists, by a key that sorts as the lists do within one kind.
  const std::map<std::string, v1::Event>& entries() const { return entries_; }

 private:
  using Entries = std::map<std::string, v1::Event>;

  std::vector<v1::Event> Replace(Entries fresh);

  bool complete_ = false;
  Entries entries_;
  std::optional<Entries> snapshot_;  // While one comes in.
};

}  // namespace srsproxy::ctl
