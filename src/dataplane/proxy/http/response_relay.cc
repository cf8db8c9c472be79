#include "dataplane/proxy/http/response_relay.h"

#include <algorithm>
#include <utility>

#include "dataplane/proxy/http/http_response.h"
#include "dataplane/proxy/upstream/http_request.h"

namespace srsproxy {
namespace {

constexpr absl::Duration kLingerTimeout = absl::Seconds(2);

}  // namespace

ResponseRelay::ResponseRelay(net::Worker& worker, HttpClient& client,
                             const http::RequestHead& request, net::Poller::Delivery delivery,
                             Observer& observer)
    : worker_(worker),
      client_(client),
      request_(request),
      delivery_(delivery),
      observer_(observer),
      relay_(worker, *this, client.config->write_timeout),
      changed_(worker.io().get_executor()),
      silence_(worker.io().get_executor()) {}

net::Task<ResponseRelay::Ended> ResponseRelay::Run(const http::ResponseHead& head,
                                                   std::vector<uint8_t> unread,
                                                   net::TcpStream& origin) {
  tunnel_ = head.status == 101;
  refused_ = head.status >= 300;
  const auto chunks =
      request_.http10 ? http::BodyReader::Chunks::kRemoved : http::BodyReader::Chunks::kKept;
  body_ =
      http::BodyReader(tunnel_ ? http::Framing::kUntilClose : head.framing, head.length, chunks);
  const bool ends_by_close = head.framing == http::Framing::kUntilClose ||
                             (head.framing == http::Framing::kChunked && request_.http10);
  keep_alive_ = !tunnel_ && request_.keep_alive && !ends_by_close;
  origin_keeps_alive_ = !tunnel_ && head.keep_alive;

  if (auto status = co_await SendFirst(head, std::move(unread)); !status.ok()) {
    complete_ = false;
    const Side fault = SideOf(status);
    Finish(fault, std::move(status));
    co_return ended();
  }
  if (!over()) {
    relay_.Attach(client_.stream);
    relay_.Attach(origin);
    if (tunnel_) SendEarly();
    AwaitBytes();
    while (!over()) {
      if (const auto waited = co_await changed_.Wait(); !waited.ok()) break;
      if (content_) relay_.SetDelivery(delivery_);
    }
    silence_.Disarm();
    relay_.Release(Side::kOrigin);
    co_await Drain();
    relay_.Release(Side::kClient);
  }
  co_return ended();
}

// Head and first content go out together, at once.
net::Task<absl::Status> ResponseRelay::SendFirst(const http::ResponseHead& head,
                                                 std::vector<uint8_t> unread) {
  std::string first = DownstreamHead(head);
  BufferSequence body;
  PassBody(unread, body);
  for (const BufferSequence::Buffer& buffer : body.list()) first.append(http::AsText(buffer));
  auto status = co_await SendToClient(client_, worker_, first);
  if (!status.ok()) co_return status;
  observer_.OnBytesPassed(0, first.size());
  if (!body.empty()) NoteContent();
  co_return absl::OkStatus();
}

// What the client sent right behind its request.
void ResponseRelay::SendEarly() {
  const std::vector<uint8_t> early = client_.reader.TakeUnread();
  if (early.empty()) return;
  net::RelayOutput out;
  out.to_origin.AppendView(early);
  observer_.OnBytesPassed(early.size(), 0);
  relay_.Send(out);
}

void ResponseRelay::AwaitBytes() {
  origin_active_ = false;
  if (patience_ < absl::InfiniteDuration()) silence_.Arm(patience_, [this] { OnSilence(); });
}

void ResponseRelay::OnSilence() {
  // While the client does not take what has come, the origin is not read.
  if (origin_active_ || relay_.Keeps(Side::kClient)) return AwaitBytes();
  Finish(Side::kOrigin, OriginFailure(absl::StatusCode::kDeadlineExceeded,
                                      "the origin stopped in the middle of its answer"));
}

// Whoever is still there gets what is kept for it: all of a complete answer, however slowly it
// takes it; of another it gets what it takes at once.
net::Task<void> ResponseRelay::Drain() {
  net::Deadline late(worker_.io().get_executor());
  const bool cancelled = client_.scope.cancelled();
  if (cancelled) co_await net::DisableCancellation();
  if (!complete_ || cancelled) {
    late.Arm(kLingerTimeout, [this] { relay_.Release(Side::kClient); });
  }
  const auto drained = co_await relay_.Drained(Side::kClient);
  if (!drained.ok()) complete_ = false;
}

void ResponseRelay::Finish(Side side, absl::Status why) {
  if (over()) return;
  ended_ = {side, std::move(why)};
  changed_.Notify();
}

std::string ResponseRelay::DownstreamHead(const http::ResponseHead& head) const {
  http::Fields fields = http::EndToEnd(head.fields);
  if (tunnel_) {
    fields.set("Connection", "Upgrade");
    fields.set("Upgrade", "websocket");
  } else {
    if (head.framing == http::Framing::kChunked && !request_.http10) {
      fields.set("Transfer-Encoding", "chunked");
    }
    if (head.framing == http::Framing::kLength) {
      fields.set("Content-Length", std::to_string(head.length));
    }
    AllowOtherSites(fields, request_);
    fields.set("Connection", keep_alive_ ? "keep-alive" : "close");
  }
  return http::WriteResponseHead(head.status, head.reason, fields);
}

void ResponseRelay::PassBody(std::span<const uint8_t> in, BufferSequence& out) {
  const auto taken = body_.Read(in, out);
  if (!taken.ok()) return Finish(Side::kOrigin, BadResponse(MessageOf(taken.status())));
  if (!body_.at_end()) return;
  complete_ = true;
  surplus_ = *taken < in.size();
  Finish(Side::kOrigin, absl::OkStatus());
}

void ResponseRelay::OnBytes(Side from, std::span<uint8_t> in, net::RelayOutput& out) {
  if (from == Side::kClient) {
    if (tunnel_) {
      observer_.OnBytesPassed(in.size(), 0);
      out.to_origin.AppendView(in);
    } else {
      client_.reader.Append(in);
      // Read no further, its leaving would go unseen.
      if (client_.reader.unread() >= http::kMaxHeadBytes) {
        complete_ = false;
        Finish(Side::kClient, ClientFailure(absl::StatusCode::kResourceExhausted,
                                            "sent 64 kB of requests ahead of the answer"));
      }
    }
    return;
  }
  origin_active_ = true;
  PassBody(in, out.to_client);
  observer_.OnBytesPassed(0, out.to_client.total_bytes());
  if (!out.to_client.empty()) NoteContent();
}

void ResponseRelay::NoteContent() {
  if (refused_ || content_) return;
  content_ = true;
  observer_.OnContent();
  changed_.Notify();
}

void ResponseRelay::OnClosed(Side side, absl::Status why) {
  if (side == Side::kOrigin && why.ok() && !body_.may_close()) {
    why =
        OriginFailure(absl::StatusCode::kDataLoss, "the origin closed in the middle of its answer");
  }
  if (side == Side::kClient) complete_ = false;
  const Side fault = why.ok() ? side : SideOf(why);
  Finish(fault, std::move(why));
}

size_t ResponseRelay::ReadCapacity(Side side) const {
  if (over()) return 0;
  if (side == Side::kOrigin || tunnel_) return SIZE_MAX;
  return http::kMaxHeadBytes - std::min(client_.reader.unread(), http::kMaxHeadBytes);
}

}  // namespace srsproxy
