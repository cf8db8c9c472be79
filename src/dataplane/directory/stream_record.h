// What a store that proxies share knows of a stream, and what has become of it: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>

#include <absl/time/time.h>

#include "dataplane/core/stream_event.h"
#include "dataplane/core/stream_mapping.h"

namespace srsproxy {

// A stream's mapping, as all proxies have it together.
struct StreamRecord {
  StreamKey key;
  std::string origin_id;
  uint64_t version = 0;         // StreamMapping's.
  uint64_t revision = 0;        // Grows with every change of the record.
  uint64_t placed_version = 0;  // As of which the stream has only followed its origin.
  // What the placement counts as beside another one: its version; of one that was written anew, the
  // version that its sessions were placed by.
  uint64_t rank = 0;
  absl::Time claimed_at;
  bool retain_when_idle = false;
  bool flows = false;  // Media does, or did: it is not provisional.
  bool fed = false;    // All proxies get its changes; else only those that ask.
  bool live = false;   // Of any proxy, a publisher is,
  bool used = false;   // and a session there is.
  // This proxy has placed it by itself, without the store: what the store has counts, whatever its
  // version.
  bool alone = false;
  std::optional<PendingMove> pending;

  // Whether `other`, of the same key, is what it was before.
  bool IsAfter(uint64_t other_version, uint64_t other_revision) const {
    return std::tie(version, revision) > std::tie(other_version, other_revision);
  }
};

// By what a record came to be as it is.
struct StreamChange {
  std::optional<StreamEventReason> reason = {};  // Absent: nobody is notified of that.
  std::optional<MoveCause> cause = {};
  std::string former_origin_id = {};
  bool removed = false;  // The record is what it was last.
  bool here = true;      // StreamEvent's.
};

// What the sessions of this proxy are to a stream.
struct StreamUse {
  uint32_t publishers = 0;
  uint32_t live_publishers = 0;
  uint32_t sessions = 0;         // With the publishers.
  std::string live_origin = {};  // Of a live publisher, the latest; else empty.

  friend bool operator==(const StreamUse&, const StreamUse&) = default;
};

// Numbers of sessions; by default none.
struct SessionRange {
  uint32_t from = 1;
  uint32_t to = 0;

  bool contains(uint32_t sessions) const { return from <= sessions && sessions <= to; }
};

// Where the sessions of this proxy are, beside what others have: that of a live publisher, else
// what is shown.
struct LocalPlacement {
  StreamUse use;
  std::string origin_id;
  uint64_t rank = 0;  // StreamRecord's, as is:
  absl::Time claimed_at;
  bool flows = false;
  bool retain_when_idle = false;
};

}  // namespace srsproxy
