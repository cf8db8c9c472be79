// The one name of a stream, however a client spells it. DESIGN "Stream key".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"

namespace srsproxy {

inline constexpr std::string_view kDefaultVhost = "__defaultVhost__";

// `vhost/app/stream`. All three parts are non-empty and normalised; two keys are equal exactly when
// they mean the same stream.
struct StreamKey {
  std::string vhost;
  std::string app;
  std::string stream;

  std::string ToString() const;  // "vhost/app/stream"

  friend bool operator==(const StreamKey&, const StreamKey&) = default;
  friend auto operator<=>(const StreamKey&, const StreamKey&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const StreamKey& key) {
    return H::combine(std::move(h), key.vhost, key.app, key.stream);
  }
};

// PROXY_VHOSTS: which hosts are vhosts of their own.
class VhostPolicy {
 public:
  // `setting`: `*`, `none`, or a comma separated list of host names.
  static absl::StatusOr<VhostPolicy> Parse(std::string_view setting);

  // The vhost that `host` (no port) means.
  std::string Apply(std::string_view host) const;

 private:
  bool all_ = true;
  std::vector<std::string> listed_;
};

// How each protocol names a stream. INVALID_ARGUMENT, client at fault, says what is wrong with the
// name.

// RTMP: `tc_url` and `app` of connect, `stream_name` of publish or play (each may carry a query,
// `...vhost...`, an extension, or `/` levels).
absl::StatusOr<StreamKey> StreamKeyFromRtmp(std::string_view tc_url, std::string_view app,
                                            std::string_view stream_name,
                                            const VhostPolicy& vhosts);

// HTTP: `host` as in the Host header, `target` the request target of `/app/stream.flv`, `.ts`,
// `.m3u8` and so on.
absl::StatusOr<StreamKey> StreamKeyFromHttp(std::string_view host, std::string_view target,
                                            const VhostPolicy& vhosts);

// WHIP and WHEP: `app`, `stream` and `vhost` from the query; missing ones mean `live` and
// `livestream`.
absl::StatusOr<StreamKey> StreamKeyFromWhip(std::string_view host, std::string_view target,
                                            const VhostPolicy& vhosts);

// SRT: the stream id (`#!::r=app/stream,h=vhost,m=publish`, or `app/stream`). Also tells the mode.
struct SrtStreamId {
  StreamKey key;
  bool publish = false;
};
absl::StatusOr<SrtStreamId> StreamKeyFromSrt(std::string_view stream_id, const VhostPolicy& vhosts);

// What an operator types: `vhost/app/stream`, `app/stream`, or any URL of the stream (rtmp, http,
// webrtc, srt).
absl::StatusOr<StreamKey> StreamKeyFromText(std::string_view text, const VhostPolicy& vhosts);

}  // namespace srsproxy
