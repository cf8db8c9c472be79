// Streams over HTTP: live ones, and HLS. Which a request is for shows in its name alone.
#pragma once

#include "dataplane/core/session_index.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/proxy/hls/hls_needs.h"
#include "dataplane/proxy/hls/hls_route.h"
#include "dataplane/proxy/http/http_route.h"

namespace srsproxy {

class MediaRouter final : public HttpRoute {
 public:
  // Both outlive it.
  MediaRouter(const HlsNeeds& needs, const StreamView& streams)
      : needs_(needs), streams_(streams) {}

  net::Task<HttpTaken> Take(HttpClient& client, http::RequestHead& request) override;

 private:
  net::Task<absl::StatusOr<MediaRoute>> Find(const HttpClient& client,
                                             const http::RequestHead& request) const;

  const HlsNeeds& needs_;
  const StreamView& streams_;
};

}  // namespace srsproxy
