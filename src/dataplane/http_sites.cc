#include "dataplane/http_sites.h"

namespace srsproxy {

HttpSites::HttpSites(const HlsNeeds& hls, const ClusterApiNeeds& cluster, const StreamView& streams,
                     const LiveStreams& live_streams, StaticFiles* files)
    : documents_(hls.upstream.context, live_streams),
      media_router_(hls, streams),
      cluster_(cluster),
      media_{.methods = "GET, HEAD, OPTIONS",
             .routes = {&documents_, &media_router_},
             .not_found = "no such path; streams are /app/stream.flv, .ts, .aac, .mp3 and .m3u8"},
      api_{.methods = "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
           .bodies = true,
           .routes = {&cluster_},
           .not_found = "no such path"} {
  if (files == nullptr) return;
  files_.emplace(hls.upstream.context, *files);
  media_.routes.push_back(&*files_);
}

}  // namespace srsproxy
