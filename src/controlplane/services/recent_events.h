// What happened lately, page by page.
#pragma once

#include <string>

#include <absl/container/flat_hash_set.h>

#include "controlplane/services/event_encoder.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/event_log.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "srsproxy/v1/event_service.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it. A call looks through the whole log, in milliseconds.
class RecentEvents {
 public:
  RecentEvents(const EventLog& log, const OriginRegistry& origins, const EventEncoder& encoder)
      : log_(log), origins_(origins), encoder_(encoder) {}

  // Answers EventService.ListEvents.
  absl::StatusOr<v1::ListEventsResponse> List(const v1::ListEventsRequest& request,
                                              const VhostPolicy& vhosts) const;

 private:
  // What `origin`, an id or a server, means now or meant lately.
  absl::flat_hash_set<std::string> OriginIds(const std::string& origin) const;
  // Where the page begins: its events are before this one.
  absl::StatusOr<uint64_t> Before(const std::string& page_position) const;

  const EventLog& log_;
  const OriginRegistry& origins_;
  const EventEncoder& encoder_;
};

}  // namespace srsproxy::control
