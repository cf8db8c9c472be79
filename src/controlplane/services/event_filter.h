// Which events a caller wants.
#pragma once

#include <bitset>
#include <optional>
#include <string>

#include <absl/container/flat_hash_set.h>

#include "dataplane/core/event_log.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "srsproxy/v1/event_service.pb.h"

namespace srsproxy::control {

class EventFilter {
 public:
  using Kind = LoggedEvent::Kind;

  // Of a watch. INVALID_ARGUMENT with INVALID_FIELD or INVALID_STREAM_NAME.
  static absl::StatusOr<EventFilter> Of(const v1::WatchRequest& request, const VhostPolicy& vhosts);

  // Only this stream; as LookupStreamRequest names it. INVALID_ARGUMENT with INVALID_STREAM_NAME.
  absl::Status SetStream(const std::string& text, const VhostPolicy& vhosts);
  // Only these origins, their streams, and the streams that leave them.
  void SetOrigins(absl::flat_hash_set<std::string> ids) { origin_ids_ = std::move(ids); }

  // Everything by default.
  bool WantsKind(Kind kind) const { return kinds_.test(static_cast<size_t>(kind)); }
  bool WantsOrigin(const std::string& origin_id) const;
  const std::optional<StreamKey>& stream() const { return stream_; }

  bool Matches(const LoggedEvent& event) const;

 private:
  static constexpr size_t kKinds = 7;

  std::bitset<kKinds> kinds_ = std::bitset<kKinds>().set();
  std::optional<StreamKey> stream_;
  std::optional<absl::flat_hash_set<std::string>> origin_ids_;
};

}  // namespace srsproxy::control
