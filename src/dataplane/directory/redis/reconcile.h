// What this proxy's sessions of a stream and the record that all proxies share come to, when they
// have gone apart: one decision for a removal, a flush, a failover, another proxy's or the Go one's
// overwriting, a partition that has healed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "dataplane/directory/stream_record.h"

namespace srsproxy::redis {

// Where this proxy's sessions of a stream are.
struct LocalPlacement {
  StreamUse use;
  std::string origin_id;  // That of a live publisher, else the one shown last.
  uint64_t version = 0;   // As of which they are there.
  absl::Time claimed_at;
  bool released = false;  // By an operator: nobody counts on them.
};

enum class Reconciliation : uint8_t {
  kNothing,
  kClaim,            // There is no record: it is made anew, where the sessions are.
  kAssertPublisher,  // The record is brought to the live publisher here.
  kEndStrays,        // The sessions here are to end: the stream is elsewhere.
};

// `rival`: a publisher of another proxy is live where the record is.
Reconciliation Reconcile(const LocalPlacement& local, const std::optional<StreamRecord>& record,
                         bool rival);

}  // namespace srsproxy::redis
