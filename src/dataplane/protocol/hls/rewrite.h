// Playlists as a player behind the proxy is to see them: each URI that leads here carries the
// stream's id, and the numbers go on where they were. All other bytes stay as they are.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/protocol/hls/playlist.h"
#include "dataplane/protocol/hls/sequence_rewriter.h"

namespace srsproxy::hls {

// Views are valid for the call.
struct RewriteOptions {
  std::string_view id{};  // Value of `spbhid`, fit for a query as it is.
  // host or host:port of the origin and of this proxy, as known to the origin or sent by the
  // client. An absolute URL at one of them becomes its path and query. Other URLs stay.
  std::span<const std::string> own_authorities{};
  // The path that the playlist came from, when the client requested another: relative URIs are
  // written with it. Else empty.
  std::string_view base_path{};
  // Of a media playlist: from SequenceRewriter::Next.
  std::optional<PlaylistNumbers> numbers{};
};

// `playlist` was read from `text` and is a master or media playlist. With `numbers`:
// EXT-X-MEDIA-SEQUENCE and EXT-X-DISCONTINUITY-SEQUENCE are replaced; a key without IV, which means
// the origin's number of the segment, gets that as IV before each segment; EXT-X-RENDITION-REPORT
// is left out, since it has the origin's numbers. RESOURCE_EXHAUSTED, the origin at fault: the
// result is too long.
absl::StatusOr<std::string> RewritePlaylist(std::string_view text, const Playlist& playlist,
                                            const RewriteOptions& options);

}  // namespace srsproxy::hls
