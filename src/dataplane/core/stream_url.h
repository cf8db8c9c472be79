// The one name of a stream, however a client spells it.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/core/vhost_policy.h"

namespace srsproxy {

// `vhost/app/stream`. All three parts are non-empty and normal (stream_name.h), 512 bytes together
// at most; two keys are equal exactly when they mean the same stream. A key reads back from
// ToString and from a URL with UrlPath, whoever reads it.
struct StreamKey {
  std::string vhost;
  std::string app;
  std::string stream;

  std::string ToString() const;  // "vhost/app/stream"
  std::string UrlPath() const;   // "/app/stream", escaped.

  friend bool operator==(const StreamKey&, const StreamKey&) = default;
  friend auto operator<=>(const StreamKey&, const StreamKey&) = default;

  template <typename H>
  friend H AbslHashValue(H h, const StreamKey& key) {
    return H::combine(std::move(h), key.vhost, key.app, key.stream);
  }
};

// The key with `key.vhost`, and app and stream as made of what stands there: for names that are cut
// from others. INVALID_ARGUMENT, client at fault: nothing that may be a key is left.
absl::StatusOr<StreamKey> Normalised(const StreamKey& key);

// How each protocol names a stream. INVALID_ARGUMENT, client at fault, names what is wrong with the
// name. Everywhere: the query's `vhost=` or `domain=` wins over the host (`__defaultVhost__` does
// not); `...vhost...` means `?vhost=`; `%XX` is decoded, save where it would make a `/`, `?`, `#`
// or an escape; blanks are dropped; empty levels and `_definst_` are skipped; the extensions .flv
// .m3u8 .ts .aac .mp3 are dropped from the stream; the app may have several levels, the last level
// is the stream.

// RTMP: `tc_url` and `app` of connect, `stream_name` of publish or play. As SRS does, the path of
// `tc_url` counts; `app` only when there is none; and where neither names an app, as with
// `rtmp://host` and the name `cam`, it is `__defaultApp__`.
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

// SRT: the stream id, `#!::r=app/stream,h=vhost,m=publish`, or the older `#!::h=vhost/app/stream`,
// or `app/stream`, or `stream` in the app `live`. Empty: `live/livestream`, to publish.
struct SrtStreamId {
  StreamKey key;
  bool publish = false;
};
absl::StatusOr<SrtStreamId> StreamKeyFromSrt(std::string_view stream_id, const VhostPolicy& vhosts);

// What an operator types: any URL of the stream (rtmp, http, webrtc, srt), or as keys are shown:
// `vhost/app/stream`, or `app/stream` in the default vhost.
absl::StatusOr<StreamKey> StreamKeyFromText(std::string_view text, const VhostPolicy& vhosts);

}  // namespace srsproxy
