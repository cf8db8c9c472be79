// Connections to origins that are open and idle, kept for the next request.
#pragma once

#include <cstddef>
#include <deque>
#include <list>
#include <optional>
#include <string>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/endpoint.h"
#include "dataplane/net/tcp_stream.h"

namespace srsproxy {

struct OriginConnectionLimits {
  size_t for_each_endpoint = 64;
  size_t in_all = 256;
  // Origins close idle connections sooner or later; a request should not meet that moment.
  absl::Duration idle = absl::Seconds(15);
};

// One for each worker, used on it only.
class OriginConnections {
 public:
  // `clock` outlives it.
  explicit OriginConnections(const Clock& clock, OriginConnectionLimits limits = {});
  OriginConnections(const OriginConnections&) = delete;
  OriginConnections& operator=(const OriginConnections&) = delete;

  // The connection to `endpoint` that was kept last; nullopt: there is none. One that the origin
  // has closed, or sent anything on, is not handed out.
  std::optional<net::TcpStream> Take(const Endpoint& endpoint);

  // Keeps `stream`, whose last answer was read to its end and leaves it open. Registered with no
  // poller. Above the limits the oldest ones are closed.
  void Keep(const Endpoint& endpoint, net::TcpStream stream);

  // Closes what has been idle for too long. Call it about once a second.
  void Sweep();

  size_t size() const { return idle_.size(); }

 private:
  struct Idle {
    std::string endpoint;
    net::TcpStream stream;
    MonotonicTime since;
  };
  using Position = std::list<Idle>::iterator;

  void CloseOldest(const std::string& endpoint);

  const Clock& clock_;
  const OriginConnectionLimits limits_;
  std::list<Idle> idle_;                                                // Oldest first.
  absl::flat_hash_map<std::string, std::deque<Position>> by_endpoint_;  // Oldest first; not empty.
};

}  // namespace srsproxy
