#include "dataplane/proxy/hls/media_router.h"

#include <utility>

#include "dataplane/protocol/hls/uri.h"
#include "dataplane/proxy/hls/hls_playlist.h"
#include "dataplane/proxy/hls/hls_segment.h"
#include "dataplane/proxy/http/live_play.h"

namespace srsproxy {

net::Task<HttpTaken> MediaRouter::Take(HttpClient& client, http::RequestHead& request) {
  auto route = co_await Find(client, request);
  if (absl::IsCancelled(route.status())) co_return std::monostate();
  if (!route.ok()) {
    needs_.upstream.context.metrics.client_errors.Increment(ToName(Protocol::kHttpFlv),
                                                            ClientError::kBadName);
    co_return ErrorResponse(400, MessageOf(route.status()));
  }
  switch (route->kind) {
    case MediaKind::kNone:
      break;
    case MediaKind::kLive:
      co_return std::make_unique<LivePlay>(needs_.upstream, client, std::move(request),
                                           std::move(route->key));
    case MediaKind::kPlaylist:
      co_return std::make_unique<HlsPlaylist>(needs_, client, std::move(request),
                                              std::move(route->key));
    case MediaKind::kSegment:
      co_return std::make_unique<HlsSegment>(needs_, client, std::move(request),
                                             std::move(route->key));
  }
  co_return std::monostate();
}

net::Task<absl::StatusOr<MediaRoute>> MediaRouter::Find(const HttpClient& client,
                                                        const http::RequestHead& request) const {
  MediaRequest wanted{request.host, request.target, client.config->vhosts, std::nullopt};
  if (const auto id = hls::IdOf(request.target)) {
    auto find = [this, id = std::string(*id)](auto done) mutable {
      needs_.index.FindHls(std::move(id), std::move(done));
    };
    auto found = co_await net::AwaitCallback<std::optional<StreamKey>>(
        needs_.upstream.context.executor(), std::move(find));
    if (!found.ok()) co_return found.status();
    wanted.key_of_id = *std::move(found);
  }
  const auto is_known = [this](const StreamKey& key) {
    return streams_.Find(key).has_value() || streams_.FindInOtherVhost(key).has_value();
  };
  co_return RouteMedia(wanted, is_known);
}

}  // namespace srsproxy
