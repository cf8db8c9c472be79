#include "dataplane/proxy/upstream/http_request.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "dataplane/net/time_left.h"

namespace srsproxy {
namespace {

constexpr size_t kReadBytes = 4096;
constexpr size_t kBodyReadBytes = 32 * 1024;
// 100 Continue and its kind; more are no response.
constexpr int kMaxInformational = 8;

}  // namespace

absl::Status BadResponse(std::string_view what) {
  return OriginFailure(absl::StatusCode::kDataLoss,
                       "the origin's answer cannot be used: " + std::string(what));
}

net::Task<HttpRequest::Head> HttpRequest::SendPicked(Connector& connector, PickRequest wanted,
                                                     Pool pool, std::string method,
                                                     TextFor text_for) {
  placement_.reset();
  auto connected = co_await connector.Connect(wanted, pool);
  if (!connected.ok()) co_return connected.status();
  placement_.emplace(std::move(connected->placement));
  endpoint_ = placement_->endpoint;
  auto head = co_await Send(*std::move(connected->stream), text_for(*placement_), method);
  if (head.ok() || !connected->pooled || !may_repeat()) co_return head;

  Placement placement = *std::move(placement_);
  placement_.reset();
  auto again = co_await connector.Reconnect(std::move(wanted), std::move(placement));
  if (!again.ok()) co_return again.status();
  placement_.emplace(std::move(again->placement));
  endpoint_ = placement_->endpoint;
  co_return co_await Send(*std::move(again->stream), text_for(*placement_), std::move(method));
}

net::Task<HttpRequest::Head> HttpRequest::SendAgain(Connector& connector, std::string method,
                                                    std::string text) {
  endpoint_ = placement_->endpoint;
  if (auto open = needs_.connections.Take(endpoint_)) {
    auto head = co_await Send(*std::move(open), text, method);
    if (head.ok() || !may_repeat()) co_return head;
  }
  auto dialled = co_await connector.Dial(endpoint_);
  if (!dialled.ok()) co_return dialled.status();
  co_return co_await Send(*std::move(dialled), std::move(text), std::move(method));
}

net::Task<HttpRequest::Head> HttpRequest::SendTo(Endpoint endpoint, Pool pool, std::string method,
                                                 std::string text) {
  endpoint_ = std::move(endpoint);
  if (pool == Pool::kUse) {
    if (auto open = needs_.connections.Take(endpoint_)) {
      auto head = co_await Send(*std::move(open), text, method);
      if (head.ok() || !may_repeat()) co_return head;
    }
  }
  auto dialled = co_await Dial();
  if (!dialled.ok()) co_return dialled.status();
  co_return co_await Send(*std::move(dialled), std::move(text), std::move(method));
}

net::Task<absl::StatusOr<net::TcpStream>> HttpRequest::Dial() {
  if (cancelled_) co_return ProxyFailure(absl::StatusCode::kCancelled, "it was cancelled");
  net::Dialer dialer(needs_.context.executor(), needs_.dial_rules);
  dialer_ = &dialer;
  auto dialled = co_await dialer.Dial(endpoint_.host, endpoint_.port, timeouts_.connect);
  dialer_ = nullptr;
  if (!dialled.socket.ok()) co_return dialled.socket.status();
  net::TcpStream stream(*std::move(dialled.socket), Side::kOrigin);
  stream.Tune(timeouts_.write);
  co_return stream;
}

net::Task<HttpRequest::Head> HttpRequest::Send(net::TcpStream connection, std::string text,
                                               std::string method) {
  Close();
  connection_.emplace(std::move(connection));
  awaited_.emplace(needs_.context.prompt(), needs_.context.executor(), *connection_);
  if (cancelled_) awaited_->Cancel();
  unread_.clear();
  const auto sent = co_await awaited_->Write(text, timeouts_.write);
  not_sent_ = absl::IsUnavailable(sent);
  if (!sent.ok()) co_return sent;
  co_return co_await ReadHead(std::move(method));
}

net::Task<HttpRequest::Head> HttpRequest::ReadHead(std::string method) {
  const net::TimeLeft left(timeouts_.head);
  size_t looked_at = 0;
  for (int informational = 0; informational <= kMaxInformational;) {
    if (const auto end = http::FindHeadEnd(http::AsText(unread_))) {
      auto parsed = http::ParseResponseHead(http::AsText(unread_).substr(0, *end), method);
      unread_.erase(unread_.begin(), unread_.begin() + static_cast<ptrdiff_t>(*end));
      if (const auto* error = std::get_if<http::HeadError>(&parsed)) {
        co_return BadResponse(error->message);
      }
      auto& head = std::get<http::ResponseHead>(parsed);
      if (head.status / 100 != 1 || head.status == 101) co_return std::move(head);
      ++informational;
      looked_at = 0;
      continue;
    }
    if (auto error = http::CheckUnfinishedHead(http::AsText(unread_), looked_at)) {
      co_return BadResponse(error->message);
    }
    looked_at = unread_.size();
    if (unread_.size() >= http::kMaxHeadBytes) co_return BadResponse("its head is too long");
    const bool first = unread_.empty() && informational == 0;
    const auto got = co_await ReadSome(left.now());
    const bool ended = got.ok() ? *got == 0 : absl::IsUnavailable(got.status());
    not_sent_ = first && ended;
    if (!got.ok()) co_return got.status();
    if (*got == 0) {
      co_return OriginFailure(absl::StatusCode::kPermissionDenied,
                              "the origin closed without an answer");
    }
  }
  co_return BadResponse("it goes on saying 100 Continue");
}

net::Task<absl::StatusOr<size_t>> HttpRequest::ReadSome(absl::Duration timeout) {
  const size_t known = unread_.size();
  unread_.resize(known + kReadBytes);
  auto got = co_await awaited_->Read(std::span(unread_).subspan(known), timeout);
  unread_.resize(known + (got.ok() ? *got : 0));
  co_return got;
}

net::TcpStream& HttpRequest::connection() {
  awaited_.reset();
  return *connection_;
}

net::Task<absl::StatusOr<std::string>> HttpRequest::ReadBody(const http::ResponseHead& head,
                                                             size_t limit, absl::Duration timeout) {
  if (head.status == 101) co_return BadResponse("it changes the protocol unasked");
  const net::TimeLeft left(timeout);
  http::BodyReader reader(head.framing, head.length, http::BodyReader::Chunks::kRemoved);
  std::string body;
  if (head.framing == http::Framing::kLength) body.reserve(std::min<uint64_t>(head.length, limit));
  while (true) {
    Pieces pieces;
    const auto taken = reader.Read(unread_, pieces);
    if (!taken.ok()) co_return BadResponse(MessageOf(taken.status()));
    if (body.size() + pieces.total_bytes() > limit || head.length > limit) {
      co_return OriginFailure(absl::StatusCode::kResourceExhausted,
                              "the origin's answer is too long");
    }
    for (const Pieces::Piece& piece : pieces.list()) body.append(http::AsText(piece));
    unread_.erase(unread_.begin(), unread_.begin() + static_cast<ptrdiff_t>(*taken));
    if (reader.at_end()) break;
    unread_.resize(kBodyReadBytes);
    const auto got = co_await awaited_->Read(unread_, left.now());
    unread_.resize(got.ok() ? *got : 0);
    if (!got.ok()) co_return got.status();
    if (*got > 0) continue;
    if (reader.may_close()) co_return body;
    co_return OriginFailure(absl::StatusCode::kDataLoss,
                            "the origin closed in the middle of its answer");
  }
  // Bytes behind the end would be taken for the next response.
  if (head.keep_alive && unread_.empty()) PoolConnection();
  co_return body;
}

void HttpRequest::PoolConnection() { needs_.connections.Keep(endpoint_, std::move(connection())); }

std::unique_ptr<StreamLease> HttpRequest::TakeLease() {
  return placement_.has_value() ? std::move(placement_->lease) : nullptr;
}

void HttpRequest::Cancel() {
  cancelled_ = true;
  if (dialer_ != nullptr) dialer_->Cancel();
  if (awaited_.has_value()) awaited_->Cancel();
}

void HttpRequest::Close() {
  awaited_.reset();
  connection_.reset();
}

}  // namespace srsproxy
