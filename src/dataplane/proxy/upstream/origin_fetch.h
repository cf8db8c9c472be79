// One request to an origin, and its whole answer in memory: for what is short.
#pragma once

#include <string>

#include <absl/time/time.h>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/status.h"
#include "dataplane/net/dial.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/upstream/origin_call.h"
#include "dataplane/proxy/upstream/origin_connections.h"

namespace srsproxy {

struct OriginRequest {
  Endpoint origin;  // As DialEndpoint gives it.
  std::string method = "GET";
  std::string target;     // "/api/v1/streams?start=0"
  http::Fields fields{};  // End-to-end fields, with Host; those of the framing are set here.
  std::string body{};
  size_t max_answer = size_t{1} << 20;         // Of the body, in bytes.
  absl::Duration timeout = absl::Seconds(10);  // For everything together.
};

struct OriginAnswer {
  unsigned status = 0;
  http::Fields fields;  // As sent.
  std::string body;     // Without chunks; encoded as Content-Encoding says.
};

// Used on its worker only. Several may run at once, each with an object of its own.
class OriginFetch {
 public:
  // All outlive it.
  OriginFetch(net::Worker& worker, OriginConnections& connections, const net::DialRules& rules);
  OriginFetch(const OriginFetch&) = delete;
  OriginFetch& operator=(const OriginFetch&) = delete;

  // Asks, over a kept connection where there is one, and keeps the connection where it can. When a
  // kept one turns out to be closed, a request other than POST is sent once more over a new one.
  // Called once. At fault is the origin: UNAVAILABLE: not reached, or the connection broke;
  // DEADLINE_EXCEEDED: the timeout; RESOURCE_EXHAUSTED: over max_answer; DATA_LOSS,
  // PERMISSION_DENIED: as OriginCall. Messages may name the origin's address. CANCELLED: see
  // Cancel.
  net::Task<absl::StatusOr<OriginAnswer>> Run(OriginRequest request);

  // Lets Run fail soon.
  void Cancel();

 private:
  net::Task<absl::StatusOr<OriginAnswer>> Fetch(const OriginRequest& request);
  net::Task<absl::StatusOr<http::ResponseHead>> Ask(const OriginRequest& request);

  net::Worker& worker_;
  OriginConnections& connections_;
  net::Dialer dialer_;
  OriginCall call_;
};

}  // namespace srsproxy
