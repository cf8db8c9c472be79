// What this proxy's sessions of a stream and the record that all proxies share come to, when they
// have gone apart: one decision for a removal, a flush, a failover, another proxy's or the Go one's
// overwriting, a partition that has healed.
#pragma once

#include <cstdint>
#include <optional>

#include "dataplane/directory/stream_record.h"

namespace srsproxy::redis {

enum class Reconciliation : uint8_t {
  kNothing,
  kClaim,            // The record is made, or made whole, where the sessions are.
  kAssertPublisher,  // The record is brought to the live publisher here.
  kEndStrays,        // Sessions here are to end: the stream is elsewhere.
};

// `rival`: a publisher of another proxy is live where the record is.
Reconciliation Reconcile(const LocalPlacement& local, const std::optional<StreamRecord>& record,
                         bool rival);

}  // namespace srsproxy::redis
