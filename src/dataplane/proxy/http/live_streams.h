// The list of live streams, for the page and whoever else wants to know what can be played: what
// anybody may see, and so no addresses, no origins and no queries.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dataplane/core/clock.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/net/task.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_response.h"

namespace srsproxy {

// Thread-safe.
class LiveStreams {
 public:
  static constexpr std::string_view kPath = "/api/v1/live-streams";
  static constexpr size_t kMaxCount = 1'000;

  // Of listeners; 0: closed.
  struct Ports {
    uint16_t rtmp = 0;
    uint16_t rtmps = 0;
  };

  // All outlive it.
  LiveStreams(const Clock& clock, const StreamView& streams, SessionControl& sessions, Ports ports)
      : clock_(clock), streams_(streams), sessions_(sessions), ports_(ports) {}

  // The answer to GET /api/v1/live-streams?count=100&after=NEXT: JSON; 400 when the query cannot be
  // read. Lists streams whose publisher is live, and those with viewers. A page may hold fewer than
  // `count` and not be the last: the last one has no `next`. `vhosts`: as paths are to be
  // understood.
  net::Task<http::Response> Answer(net::asio::any_io_executor executor,
                                   const http::RequestHead& request,
                                   const VhostPolicy& vhosts) const;

 private:
  const Clock& clock_;
  const StreamView& streams_;
  SessionControl& sessions_;
  const Ports ports_;
};

}  // namespace srsproxy
