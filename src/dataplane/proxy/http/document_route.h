// The short documents beside media: the version, and the list of live streams.
#pragma once

#include "dataplane/proxy/http/http_route.h"
#include "dataplane/proxy/http/live_streams.h"
#include "dataplane/proxy/sessions/session_context.h"

namespace srsproxy {

class DocumentRoute final : public HttpRoute {
 public:
  // Both outlive it.
  DocumentRoute(const SessionContext& context, const LiveStreams& live_streams)
      : context_(context), live_streams_(live_streams) {}

  net::Task<HttpTaken> Take(HttpClient& client, http::RequestHead& request) override;

 private:
  const SessionContext& context_;
  const LiveStreams& live_streams_;
};

}  // namespace srsproxy
