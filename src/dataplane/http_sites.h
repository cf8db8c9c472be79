// What the HTTP listeners serve: the routes of one worker, put together.
#pragma once

#include "dataplane/core/authorizer.h"
#include "dataplane/core/stream_view.h"
#include "dataplane/proxy/hls/hls_needs.h"
#include "dataplane/proxy/hls/media_router.h"
#include "dataplane/proxy/http/cluster_route.h"
#include "dataplane/proxy/http/document_route.h"
#include "dataplane/proxy/http/file_response.h"
#include "dataplane/proxy/http/http_route.h"
#include "dataplane/proxy/http/live_streams.h"
#include "dataplane/proxy/http/static_files.h"

namespace srsproxy {

// One for each worker.
class HttpSites {
 public:
  // All outlive it. `files` may be null: none are served.
  HttpSites(const HlsNeeds& hls, const ClusterApiNeeds& cluster, const StreamView& streams,
            const LiveStreams& live_streams, StaticFiles* files);
  HttpSites(const HttpSites&) = delete;
  HttpSites& operator=(const HttpSites&) = delete;

  const HttpSite& media() const { return media_; }
  const HttpSite& api() const { return api_; }

 private:
  DocumentRoute documents_;
  MediaRouter media_router_;
  std::optional<FileRoute> files_;
  ClusterRoute cluster_;
  HttpSite media_;
  HttpSite api_;
};

}  // namespace srsproxy
