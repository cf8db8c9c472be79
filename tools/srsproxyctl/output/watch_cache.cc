#include "tools/srsproxyctl/output/watch_cache.h"

#include <string_view>
#include <utility>

#include <google/protobuf/util/message_differencer.h>

namespace srsproxy::ctl {
namespace {

using google::protobuf::util::MessageDifferencer;

// A stream's app, stream and vhost, in this order, as ListStreams sorts; an origin's id.
std::string KeyOf(const v1::Event& event) {
  if (event.has_origin()) return "origin/" + event.origin().id();
  const std::string_view key = event.stream().key();
  const size_t vhost_end = std::min(key.find('/'), key.size());
  return "stream" + std::string(key.substr(vhost_end)) + "/" +
         std::string(key.substr(0, vhost_end));
}

bool IsRemoval(const v1::Event& event) {
  return event.kind() == v1::EVENT_KIND_ORIGIN_REMOVED ||
         event.kind() == v1::EVENT_KIND_STREAM_REMOVED;
}

void ApplyTo(std::map<std::string, v1::Event>& entries, const v1::Event& event) {
  if (event.subject_case() == v1::Event::SUBJECT_NOT_SET) return;
  if (IsRemoval(event)) {
    entries.erase(KeyOf(event));
  } else {
    entries[KeyOf(event)] = event;
  }
}

v1::Event Changed(v1::Event event, v1::EventKind origin_kind, v1::EventKind stream_kind) {
  event.set_kind(event.has_origin() ? origin_kind : stream_kind);
  event.set_sequence(0);
  return event;
}

bool SameSubject(const v1::Event& a, const v1::Event& b) {
  return MessageDifferencer::Equals(a.origin(), b.origin()) &&
         MessageDifferencer::Equals(a.stream(), b.stream());
}

}  // namespace

void WatchCache::ExpectSnapshot() { snapshot_.emplace(); }

std::vector<v1::Event> WatchCache::Apply(const v1::WatchResponse& response) {
  for (const v1::Event& event : response.events())
    ApplyTo(snapshot_ ? *snapshot_ : entries_, event);
  if (!snapshot_.has_value()) return {response.events().begin(), response.events().end()};
  if (!response.snapshot_complete()) return {};
  complete_ = true;
  return Replace(*std::exchange(snapshot_, std::nullopt));
}

std::vector<v1::Event> WatchCache::Replace(Entries fresh) {
  std::vector<v1::Event> changes;
  for (const auto& [key, event] : entries_) {
    if (fresh.contains(key)) continue;
    changes.push_back(Changed(event, v1::EVENT_KIND_ORIGIN_REMOVED, v1::EVENT_KIND_STREAM_REMOVED));
  }
  for (const auto& [key, event] : fresh) {
    const auto known = entries_.find(key);
    if (known == entries_.end()) {
      changes.push_back(Changed(event, v1::EVENT_KIND_ORIGIN_ADDED, v1::EVENT_KIND_STREAM_ADDED));
    } else if (!SameSubject(known->second, event)) {
      changes.push_back(
          Changed(event, v1::EVENT_KIND_ORIGIN_CHANGED, v1::EVENT_KIND_STREAM_CHANGED));
    }
  }
  entries_ = std::move(fresh);
  return changes;
}

}  // namespace srsproxy::ctl
