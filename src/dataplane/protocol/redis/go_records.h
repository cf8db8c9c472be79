// The JSON values that the Go proxy keeps in Redis: what it writes is read, and what is written
// here it can read. Its types are SRSServer, HLSPlayStream and RTCConnection of ossrs/srs (proxy/,
// version 7; internal/ in version 8), marshalled by encoding/json: a server's empty texts and lists
// are omitted, `update_at` never is; of the others nothing is omitted.
//
// Reading is lenient where JSON's writers differ: a number may stand where a text belongs, null and
// an empty object for an empty list, unknown fields are ignored. DATA_LOSS, naming the field:
// anything else, and what is too large or incomplete.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"

namespace srsproxy::redis {

inline constexpr size_t kMaxGoRecordBytes = 64 * 1024;
inline constexpr size_t kMaxGoServerListBytes = 8 * 1024 * 1024;
// In each list of a server.
inline constexpr size_t kMaxGoEndpoints = 16;

// An origin. Ids and ip are not empty.
struct GoServer {
  std::string ip;
  std::string device_id = {};
  std::string server_id;
  std::string service_id;
  std::string pid;
  std::vector<std::string> rtmp = {};  // Listen strings, as SRS sent them.
  std::vector<std::string> http = {};
  std::vector<std::string> api = {};
  std::vector<std::string> srt = {};
  std::vector<std::string> rtc = {};
  // To the nanosecond. InfinitePast: there was none.
  absl::Time updated_at = absl::InfinitePast();

  std::string Id() const { return server_id + "-" + service_id + "-" + pid; }

  friend bool operator==(const GoServer&, const GoServer&) = default;
};

absl::StatusOr<GoServer> ParseGoServer(std::string_view json);
std::string FormatGoServer(const GoServer& server);

// Endpoints are written in the one form that every version of the Go proxy reads:
// `tcp://0.0.0.0:1935`. What a registration has beyond this is lost.
GoServer ToGoServer(const OriginRegistration& registration, absl::Time updated_at);
// InvalidField as ValidateRegistration, or for a listen string that cannot be read.
absl::StatusOr<OriginRegistration> ToRegistration(const GoServer& server);

// `srs-proxy-all-servers`: the keys of servers, in the order in which they came.
absl::StatusOr<std::vector<std::string>> ParseGoServerList(std::string_view json);
std::string FormatGoServerList(const std::vector<std::string>& keys);

// One viewer of HLS. Id and stream are not empty.
struct GoHls {
  std::string spbhid;
  std::string stream_url;  // "vhost/app/stream"
  std::string full_url;

  friend bool operator==(const GoHls&, const GoHls&) = default;
};

absl::StatusOr<GoHls> ParseGoHls(std::string_view json);
std::string FormatGoHls(const GoHls& hls);

// One session of WebRTC. Stream and ufrag are not empty; the last two are srsproxy's own, empty of
// a session that a Go proxy wrote.
struct GoRtc {
  std::string stream_url;
  std::string ufrag;  // `local:remote`
  std::string ice_pwd;
  std::string server;  // The key of the server.

  friend bool operator==(const GoRtc&, const GoRtc&) = default;
};

absl::StatusOr<GoRtc> ParseGoRtc(std::string_view json);
std::string FormatGoRtc(const GoRtc& rtc);

// As encoding/json writes a time: RFC 3339 in UTC, with as many digits of a second as it has.
std::string FormatGoTime(absl::Time time);

}  // namespace srsproxy::redis
