// What kind of session is being proxied, in the words that logs, metrics and APIs share.
#pragma once

#include <cstdint>
#include <string_view>

namespace srsproxy {

enum class Protocol : uint8_t { kRtmp, kHttpFlv, kHls, kWebRtc, kSrt };
enum class Role : uint8_t { kPublisher, kViewer };

// Where a failure comes from; every session end and every failing status names one.
enum class Side : uint8_t { kClient, kOrigin, kProxy };

inline constexpr Protocol kAllProtocols[] = {Protocol::kRtmp, Protocol::kHttpFlv, Protocol::kHls,
                                             Protocol::kWebRtc, Protocol::kSrt};

// "rtmp", "http_flv", "hls", "webrtc", "srt": the value of the metrics label `protocol`.
constexpr std::string_view ProtocolName(Protocol protocol) {
  switch (protocol) {
    case Protocol::kRtmp:
      return "rtmp";
    case Protocol::kHttpFlv:
      return "http_flv";
    case Protocol::kHls:
      return "hls";
    case Protocol::kWebRtc:
      return "webrtc";
    case Protocol::kSrt:
      return "srt";
  }
  return "unknown";
}

constexpr std::string_view RoleName(Role role) {
  return role == Role::kPublisher ? "publisher" : "viewer";
}

constexpr std::string_view SideName(Side side) {
  switch (side) {
    case Side::kClient:
      return "client";
    case Side::kOrigin:
      return "origin";
    case Side::kProxy:
      return "proxy";
  }
  return "unknown";
}

}  // namespace srsproxy
