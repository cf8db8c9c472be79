#include "dataplane/proxy/hls/hls_origin.h"

#include <utility>

#include "dataplane/protocol/hls/playlist.h"
#include "dataplane/proxy/http/forwarded.h"

namespace srsproxy {

HlsOrigin::HlsOrigin(const UpstreamNeeds& upstream, HttpClient& client,
                     const http::RequestHead& request, StreamKey key, http::Fields fields)
    : upstream_(upstream),
      client_(client),
      request_(request),
      key_(std::move(key)),
      fields_(std::move(fields)),
      hops_(HopsOf(request.fields)),
      connector_(upstream, client.config, client.address, hops_),
      upstream_request_(upstream, {.connect = client.config->connect_timeout,
                                   .write = client.config->write_timeout,
                                   .head = client.config->handshake_timeout,
                                   .max_body = hls::kMaxPlaylistBytes}) {}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::Fetch(std::string method,
                                                               TargetAt target_at) {
  auto text_for = [this, &method, target_at](const Placement& placement) {
    return RequestFor(placement.endpoint, method, target_at(placement.origin->id));
  };
  PickRequest wanted{key_, Protocol::kHls, Role::kViewer, {}};
  auto head = co_await upstream_request_.SendPicked(
      connector_, std::move(wanted), HttpRequest::Pool::kUse, method, std::move(text_for));
  if (head.ok()) KeepOriginInside(head->fields, upstream_request_.endpoint());
  co_return head;
}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::FetchAgain(std::string method,
                                                                    std::string target) {
  std::string text = RequestFor(placement().endpoint, method, target);
  auto head = co_await upstream_request_.SendAgain(connector_, std::move(method), std::move(text));
  if (head.ok()) KeepOriginInside(head->fields, upstream_request_.endpoint());
  co_return head;
}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::FetchFrom(const Origin& origin,
                                                                   std::string method,
                                                                   std::string target) {
  const auto& endpoints = origin.registration.EndpointsFor(Protocol::kHls);
  if (endpoints.empty()) {
    co_return OriginFailure(absl::StatusCode::kUnavailable, "the origin serves no HLS");
  }
  // Nothing is picked, which else looks for loops.
  if (auto looped = upstream_.hop_guard.Check(hops_, client_.address); !looped.ok()) {
    co_return looped;
  }
  Endpoint endpoint = DialEndpoint(origin.registration, endpoints.front());
  std::string text = RequestFor(endpoint, method, target);
  auto head = co_await upstream_request_.SendTo(std::move(endpoint), HttpRequest::Pool::kUse,
                                                std::move(method), std::move(text));
  if (head.ok()) KeepOriginInside(head->fields, upstream_request_.endpoint());
  co_return head;
}

std::string HlsOrigin::RequestFor(const Endpoint& origin, std::string_view method,
                                  std::string_view target) const {
  http::Fields fields = fields_;
  fields.set("Host", HostFor(request_, origin));
  fields.set("Connection", "keep-alive");
  SetForwarded(fields, request_, client_);
  upstream_.hop_guard.Mark(fields, hops_);
  return http::WriteRequestHead(method, target, fields);
}

void HlsOrigin::Refused() {
  const auto& placement = upstream_request_.placement();
  if (placement.has_value() && placement->lease != nullptr) placement->lease->Refused();
}

}  // namespace srsproxy
