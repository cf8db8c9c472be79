#include "dataplane/proxy/http/live_play.h"

#include <utility>

#include "dataplane/proxy/http/forwarded.h"
#include "dataplane/proxy/http/http_response.h"

namespace srsproxy {

class LivePlay::ClientWatch final : net::Poller::Target {
 public:
  explicit ClientWatch(LivePlay& play)
      : play_(play),
        poller_(play.context_.worker.poller(net::Poller::Delivery::kImmediate)),
        watched_(poller_.Add(play.client_.stream.fd(), *this)) {}
  ~ClientWatch() override {
    if (watched_) poller_.Remove(play_.client_.stream.fd(), *this);
  }

 private:
  void OnReady(net::Poller::Readiness ready) override {
    if (ready.ended) play_.client_.scope.Cancel(Side::kClient, absl::OkStatus());
  }

  LivePlay& play_;
  net::Poller& poller_;
  const bool watched_;
};

LivePlay::LivePlay(const UpstreamNeeds& upstream, HttpClient& client, http::RequestHead request,
                   StreamKey key)
    : upstream_(upstream),
      context_(upstream.context),
      client_(client),
      request_(std::move(request)),
      session_(context_, Protocol::kHttpFlv, Role::kViewer, std::move(key), client.address,
               [this](const absl::Status& why) { client_.scope.Cancel(Side::kProxy, why); }),
      connector_(upstream, client.config, client.address, HopsOf(request_.fields),
                 [this](const Placement& placement) {
                   session_.Picked(*placement.origin);
                   return placement.endpoint;
                 }),
      upstream_request_(upstream, {.connect = client.config->connect_timeout,
                                   .write = client.config->write_timeout,
                                   .head = client.config->handshake_timeout,
                                   .max_body = 0}),
      relay_(context_.worker, client, request_, net::Poller::Delivery::kCoalescing, *this) {}

net::Task<bool> LivePlay::Run() {
  const auto head = co_await RequestFromOrigin();
  if (!over()) {
    if (head.ok()) {
      co_await PassAnswer(*head);
    } else {
      co_await Refuse(head.status());
    }
  }
  upstream_request_.Close();
  const auto& [side, why] = over() ? client_.scope.cause() : ended_;
  session_.Finish(side, why);
  co_return keeps_alive_;
}

net::Task<absl::StatusOr<http::ResponseHead>> LivePlay::RequestFromOrigin() {
  const ClientWatch watch(*this);
  // What was sent is not sent to another: the origin may have acted on it.
  auto text_for = [this](const Placement& placement) { return RequestFor(placement.endpoint); };
  auto head = co_await upstream_request_.SendPicked(connector_, session_.Wanted(),
                                                    HttpRequest::Pool::kAvoid, request_.method,
                                                    std::move(text_for));
  session_.Hold(upstream_request_.TakeLease());
  if (head.ok()) KeepOriginInside(head->fields, upstream_request_.endpoint());
  co_return head;
}

std::string LivePlay::RequestFor(const Endpoint& origin) const {
  http::Fields fields = http::EndToEnd(request_.fields);
  fields.set("Host", HostFor(request_, origin));
  fields.erase("Expect");
  SetForwarded(fields, request_, client_);
  upstream_.hop_guard.Mark(fields, HopsOf(request_.fields));
  if (request_.upgrade) {
    fields.set("Connection", "Upgrade");
    fields.set("Upgrade", "websocket");
  } else {
    fields.set("Connection", "close");
  }
  return http::WriteRequestHead(request_.method, request_.target, fields);
}

net::Task<void> LivePlay::PassAnswer(const http::ResponseHead& head) {
  if (head.status == 101 && !request_.upgrade) {
    co_return co_await Refuse(BadResponse("it changes the protocol unasked"));
  }
  if (head.status >= 400) session_.Refused();
  context_.counters.CountHttpResponse(Protocol::kHttpFlv, head.status);
  ended_ =
      co_await relay_.Run(head, upstream_request_.TakeUnread(), upstream_request_.connection());
  keeps_alive_ = relay_.client_keeps_alive();
}

net::Task<void> LivePlay::Refuse(const absl::Status& why) {
  session_.Refused();
  const unsigned status = HttpStatusOf(why);
  context_.counters.CountHttpResponse(Protocol::kHttpFlv, status);
  const std::string text = WriteForAnySite(ErrorResponse(status, MessageOf(why)), request_);
  const auto written = co_await SendToClient(client_, context_.worker, text);
  session_.AddBytes(0, text.size());
  keeps_alive_ = written.ok() && request_.keep_alive;
  ended_ = {SideOf(why), why};
}

}  // namespace srsproxy
