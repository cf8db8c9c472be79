#include "dataplane/proxy/upstream/http_request.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "dataplane/net/dial.h"

namespace srsproxy {
namespace {

constexpr size_t kReadBytes = 4096;
constexpr size_t kBodyReadBytes = 32 * 1024;

absl::Status BadBody(const http::HeadError& error, bool closed) {
  if (error.status == 413) {
    return OriginFailure(absl::StatusCode::kResourceExhausted, "the origin's answer is too long");
  }
  if (!closed) return BadResponse(error.message);
  return OriginFailure(absl::StatusCode::kDataLoss,
                       "the origin closed in the middle of its answer");
}

}  // namespace

absl::Status BadResponse(std::string_view what) {
  return OriginFailure(absl::StatusCode::kDataLoss,
                       "the origin's answer cannot be used: " + std::string(what));
}

HttpRequest::HttpRequest(const UpstreamNeeds& needs, Limits limits)
    : needs_(needs), limits_(limits) {
  if (limits.whole < absl::InfiniteDuration()) whole_.emplace(limits.whole);
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
  auto dialled = co_await net::Dial(needs_.context.executor(), needs_.dial_rules, endpoint_.host,
                                    endpoint_.port, Within(limits_.connect));
  if (!dialled.socket.ok()) co_return dialled.socket.status();
  net::TcpStream stream(*std::move(dialled.socket), Side::kOrigin);
  stream.Tune(limits_.write);
  co_return stream;
}

net::Task<HttpRequest::Head> HttpRequest::Send(net::TcpStream connection, std::string text,
                                               std::string method) {
  Close();
  connection_.emplace(std::move(connection));
  awaited_.emplace(needs_.context.immediate_poller(), needs_.context.executor(), *connection_);
  reader_ = http::MessageReader({.max_body = limits_.max_body});
  const auto sent = co_await awaited_->Write(text, Within(limits_.write));
  not_sent_ = absl::IsUnavailable(sent);
  if (!sent.ok()) co_return sent;
  co_return co_await ReadHead(std::move(method));
}

net::Task<HttpRequest::Head> HttpRequest::ReadHead(std::string method) {
  const net::TimeLeft left(Within(limits_.head));
  while (true) {
    auto read = reader_.ReadResponse(method);
    if (auto* head = std::get_if<http::ResponseHead>(&read)) co_return std::move(*head);
    if (const auto* error = std::get_if<http::HeadError>(&read)) {
      co_return BadResponse(error->message);
    }
    const auto got = co_await ReadSome(kReadBytes, left.now());
    const bool ended = got.ok() ? *got == 0 : absl::IsUnavailable(got.status());
    not_sent_ = reader_.untouched() && ended;
    if (!got.ok()) co_return got.status();
    if (*got == 0) {
      co_return OriginFailure(absl::StatusCode::kPermissionDenied,
                              "the origin closed without an answer");
    }
  }
}

net::Task<absl::StatusOr<size_t>> HttpRequest::ReadSome(size_t most, absl::Duration timeout) {
  auto got = co_await awaited_->Read(reader_.Prepare(most), timeout);
  reader_.Commit(got.ok() ? *got : 0);
  co_return got;
}

net::TcpStream& HttpRequest::connection() {
  awaited_.reset();
  return *connection_;
}

net::Task<absl::StatusOr<std::string>> HttpRequest::ReadBody(const http::ResponseHead& head,
                                                             absl::Duration timeout) {
  if (head.status == 101) co_return BadResponse("it changes the protocol unasked");
  const net::TimeLeft left(Within(timeout));
  bool closed = false;
  while (true) {
    auto read = reader_.ReadBody();
    if (auto* body = std::get_if<std::string>(&read)) {
      // Bytes behind the end would be taken for the next response.
      if (head.keep_alive && reader_.idle()) PoolConnection();
      co_return std::move(*body);
    }
    if (const auto* error = std::get_if<http::HeadError>(&read)) co_return BadBody(*error, closed);
    const auto got = co_await ReadSome(kBodyReadBytes, left.now());
    if (!got.ok()) co_return got.status();
    if (*got == 0) {
      closed = true;
      reader_.Close();
    }
  }
}

void HttpRequest::PoolConnection() { needs_.connections.Keep(endpoint_, std::move(connection())); }

std::unique_ptr<StreamLease> HttpRequest::TakeLease() {
  return placement_.has_value() ? std::move(placement_->lease) : nullptr;
}

absl::Duration HttpRequest::Within(absl::Duration timeout) const {
  return whole_.has_value() ? std::min(timeout, whole_->now()) : timeout;
}

void HttpRequest::Close() {
  awaited_.reset();
  connection_.reset();
}

}  // namespace srsproxy
