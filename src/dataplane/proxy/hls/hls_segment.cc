#include "dataplane/proxy/hls/hls_segment.h"

#include <utility>

#include "dataplane/protocol/hls/uri.h"
#include "dataplane/proxy/http/http_response.h"

namespace srsproxy {
namespace {

// A viewer on a slow line shows that it is there each time that it has taken so much.
constexpr uint64_t kAccountEvery = 256 * 1024;

// What an answer counts as that the origin did not bring to its end.
constexpr unsigned kBrokenOff = 502;

http::Fields RequestFields(const http::RequestHead& request) {
  http::Fields fields = http::EndToEnd(request.fields);
  fields.erase("Expect");
  return fields;
}

}  // namespace

HlsSegment::HlsSegment(const HlsNeeds& needs, HttpClient& client, http::RequestHead request,
                       StreamKey key)
    : needs_(needs),
      context_(needs.upstream.context),
      client_(client),
      request_(std::move(request)),
      viewer_(HlsViewerKeyOf(request_, client, key)),
      origin_(needs.upstream, client, request_, std::move(key), RequestFields(request_)),
      relay_(context_.worker, client, request_, net::Poller::Delivery::kImmediate, *this) {}

net::Task<bool> HlsSegment::Run() {
  session_ = needs_.sessions.Find(viewer_, "");
  if (session_.kicked) co_return co_await Fail(HlsSessions::KickedStatus());
  const auto head = co_await FindSegment();
  if (client_.scope.cancelled()) co_return false;
  if (!head.ok()) {
    origin_.Refused();
    co_return co_await Fail(head.status());
  }
  co_return co_await PassAnswer(*head);
}

net::Task<absl::StatusOr<http::ResponseHead>> HlsSegment::FindSegment() {
  const std::string target = hls::WithoutId(request_.target);
  const auto origins = needs_.upstream.origins.snapshot();
  // What was listed before the stream moved is where it was; its context shows.
  const bool is_old = !viewer_.context.empty() && session_.viewer_origin_id != session_.origin_id;
  const auto listed_by = is_old ? origins->Find(session_.viewer_origin_id) : nullptr;
  if (listed_by != nullptr) {
    auto head = co_await origin_.FetchFrom(*listed_by, request_.method, target);
    if (absl::IsCancelled(head.status()) || (head.ok() && head->status < 400)) co_return head;
  }
  const auto target_at = [&target](const std::string&) { return target; };
  auto head = co_await origin_.Fetch(request_.method, target_at);
  if (!head.ok() || head->status != 404) co_return head;
  const auto former = listed_by == nullptr ? origins->Find(session_.former_origin_id) : nullptr;
  if (former == nullptr) co_return head;
  auto elsewhere = co_await origin_.FetchFrom(*former, request_.method, target);
  if (elsewhere.ok()) co_return elsewhere;
  co_return OriginFailure(absl::StatusCode::kNotFound, "no origin has it");
}

net::Task<bool> HlsSegment::PassAnswer(const http::ResponseHead& head) {
  if (head.status == 101) {
    co_return co_await Fail(BadResponse("it changes the protocol unasked"));
  }
  if (head.status >= 400) origin_.Refused();
  relay_.LimitSilence(client_.config->handshake_timeout);
  HttpRequest& upstream = origin_.upstream_request();
  const auto ended = co_await relay_.Run(head, upstream.TakeUnread(), upstream.connection());
  AccountBytes();
  const bool broken = !ended.why.ok() && ended.side == Side::kOrigin;
  context_.counters.CountHttpResponse(Protocol::kHls, broken ? kBrokenOff : head.status);
  if (relay_.origin_keeps_alive()) upstream.PoolConnection();
  if (!ended.why.ok()) {
    context_.logger.Debug("segment broken off", {{"client", client_.address},
                                                 {"stream", viewer_.key.ToString()},
                                                 {"side", ToName(ended.side)},
                                                 {"error", MessageOf(ended.why)}});
  }
  co_return relay_.client_keeps_alive();
}

net::Task<bool> HlsSegment::Fail(absl::Status why) {
  const unsigned status = HttpStatusOf(why);
  context_.counters.CountHttpResponse(Protocol::kHls, status);
  context_.logger.Debug("segment not served", {{"client", client_.address},
                                               {"stream", viewer_.key.ToString()},
                                               {"status", status},
                                               {"side", ToName(SideOf(why))},
                                               {"error", MessageOf(why)}});
  const std::string text = WriteForAnySite(ErrorResponse(status, MessageOf(why)), request_);
  const auto sent = co_await SendToClient(client_, context_.worker, text);
  co_return sent.ok() && request_.keep_alive;
}

void HlsSegment::OnBytesPassed(uint64_t, uint64_t out) {
  context_.counters.AddBytes(Protocol::kHls, Role::kViewer, Direction::kOut, out);
  unaccounted_ += out;
  if (unaccounted_ >= kAccountEvery) AccountBytes();
}

void HlsSegment::AccountBytes() {
  needs_.sessions.AddBytes(viewer_, std::exchange(unaccounted_, 0));
}

}  // namespace srsproxy
