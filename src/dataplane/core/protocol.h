// What kind of session is being proxied, in the words that logs, metrics and APIs share.
#pragma once

#include <cstdint>

#include "dataplane/core/enum_names.h"

namespace srsproxy {

enum class Protocol : uint8_t { kRtmp, kHttpFlv, kHls, kWebRtc, kSrt };
enum class Role : uint8_t { kPublisher, kViewer };

// Where a failure comes from; every session end and every failing status names one.
enum class Side : uint8_t { kClient, kOrigin, kProxy };

// The values of the metrics label `protocol`.
constexpr auto NamesOf(Protocol) {
  return EnumNames<Protocol>({{Protocol::kRtmp, "rtmp"},
                              {Protocol::kHttpFlv, "http_flv"},
                              {Protocol::kHls, "hls"},
                              {Protocol::kWebRtc, "webrtc"},
                              {Protocol::kSrt, "srt"}});
}

constexpr auto NamesOf(Role) {
  return EnumNames<Role>({{Role::kPublisher, "publisher"}, {Role::kViewer, "viewer"}});
}

constexpr auto NamesOf(Side) {
  return EnumNames<Side>(
      {{Side::kClient, "client"}, {Side::kOrigin, "origin"}, {Side::kProxy, "proxy"}});
}

}  // namespace srsproxy
