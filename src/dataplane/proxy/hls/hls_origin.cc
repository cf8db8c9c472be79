#include "dataplane/proxy/hls/hls_origin.h"

#include <utility>

#include "dataplane/proxy/http/forwarded.h"

namespace srsproxy {

HlsOrigin::HlsOrigin(const UpstreamNeeds& upstream, HttpClient& client,
                     const http::RequestHead& request, StreamKey key, http::Fields fields)
    : upstream_(upstream),
      context_(upstream.context),
      client_(client),
      request_(request),
      key_(std::move(key)),
      fields_(std::move(fields)),
      hops_(HopsOf(request.fields)),
      search_(upstream, client.config, client.address, hops_),
      call_(context_.worker) {}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::Ask(std::string method,
                                                             TargetAt target_at) {
  while (search_.may_try_another()) {
    placement_.reset();
    PickRequest wanted{key_, Protocol::kHls, Role::kViewer, {}};
    auto picked = co_await search_.Pick(std::move(wanted), cancel_wait_);
    if (cancelled_) co_return absl::CancelledError();
    if (!picked.ok()) co_return picked.status();
    placement_.emplace(*std::move(picked));
    auto head = co_await Send(placement_->endpoint, true, method, target_at(search_.origin_id()));
    if (head.ok() || reached_ || cancelled_) co_return head;
  }
  co_return search_.failure();
}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::AskAgain(std::string method,
                                                                  std::string target) {
  auto head = co_await Send(placement_->endpoint, true, std::move(method), std::move(target));
  if (!head.ok() && !reached_ && !cancelled_) co_return search_.failure();
  co_return head;
}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::AskAt(const Origin& origin,
                                                               std::string method,
                                                               std::string target) {
  const auto& endpoints = origin.registration.EndpointsFor(Protocol::kHls);
  if (endpoints.empty()) {
    co_return OriginFailure(absl::StatusCode::kUnavailable, "the origin serves no HLS");
  }
  Endpoint endpoint = DialEndpoint(origin.registration, endpoints.front());
  co_return co_await Send(std::move(endpoint), false, std::move(method), std::move(target));
}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::Send(Endpoint endpoint, bool picked,
                                                              std::string method,
                                                              std::string target) {
  // Also where nothing is picked.
  if (auto looped = upstream_.hop_guard.Check(hops_, client_.address); !looped.ok()) {
    co_return looped;
  }
  http::Fields fields = fields_;
  fields.set("Host", HostFor(request_, endpoint));
  fields.set("Connection", "keep-alive");
  SetForwarded(fields, request_, client_);
  upstream_.hop_guard.Mark(fields, hops_);
  const std::string text = http::WriteRequestHead(method, target, fields);
  endpoint_ = std::move(endpoint);
  auto head = co_await SendText(text, picked, std::move(method));
  if (head.ok()) KeepOriginInside(head->fields, endpoint_);
  co_return head;
}

net::Task<absl::StatusOr<http::ResponseHead>> HlsOrigin::SendText(const std::string& text,
                                                                  bool picked, std::string method) {
  const OriginCall::Timeouts timeouts{client_.config->write_timeout,
                                      client_.config->handshake_timeout};
  reached_ = false;
  if (auto kept = upstream_.connections.Take(endpoint_)) {
    reached_ = true;
    auto head = co_await call_.Ask(*std::move(kept), text, method, timeouts);
    if (head.ok() || !call_.unheard() || cancelled_) co_return head;
    reached_ = false;
  }
  auto dialled = co_await Dial(picked);
  if (!dialled.ok()) co_return dialled.status();
  reached_ = true;
  co_return co_await call_.Ask(*std::move(dialled), text, method, timeouts);
}

net::Task<absl::StatusOr<net::TcpStream>> HlsOrigin::Dial(bool picked) {
  if (picked) co_return co_await search_.Dial(endpoint_, dialing_);
  net::Dialer dialer(context_.executor(), upstream_.dial_rules);
  dialing_ = &dialer;
  auto dialled =
      co_await dialer.Dial(endpoint_.host, endpoint_.port, client_.config->connect_timeout);
  dialing_ = nullptr;
  if (!dialled.socket.ok()) co_return dialled.socket.status();
  net::TcpStream stream(*std::move(dialled.socket), Side::kOrigin);
  stream.Tune(client_.config->write_timeout);
  co_return stream;
}

void HlsOrigin::Keep(net::TcpStream connection) {
  upstream_.connections.Keep(endpoint_, std::move(connection));
}

void HlsOrigin::Refused() {
  if (placement_.has_value() && placement_->lease != nullptr) placement_->lease->Refused();
}

void HlsOrigin::Cancel() {
  cancelled_ = true;
  if (dialing_ != nullptr) dialing_->Cancel();
  if (cancel_wait_) cancel_wait_();
  call_.Cancel();
}

}  // namespace srsproxy
