// Which requests are HLS, and of which stream. docs/life-of-a-stream.md has the rule.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <absl/functional/function_ref.h>

#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

enum class MediaKind : uint8_t {
  kNone,      // No media: it may be a file.
  kLive,      // A stream that goes on: FLV, TS, AAC, MP3.
  kPlaylist,  // Of HLS.
  kSegment,   // What a playlist of HLS leads to: segments, their init files and keys.
};

struct MediaRoute {
  MediaKind kind = MediaKind::kNone;
  StreamKey key;  // Of all but kNone.
};

struct MediaRequest {
  std::string_view host;    // As in Host.
  std::string_view target;  // Path and query.
  const VhostPolicy& vhosts;
  std::optional<StreamKey> key_of_id;  // What its `spbhid` stands for.
};

// `is_known`: whether any vhost has a stream of that name. INVALID_ARGUMENT, the client at fault:
// it names no stream.
absl::StatusOr<MediaRoute> RouteMedia(const MediaRequest& request,
                                      absl::FunctionRef<bool(const StreamKey&)> is_known);

}  // namespace srsproxy
