#include "dataplane/proxy/upstream/origin_call.h"

#include <algorithm>
#include <utility>
#include <variant>

#include "dataplane/net/time_left.h"

namespace srsproxy {
namespace {

constexpr size_t kReadBytes = 4096;
constexpr size_t kBodyReadBytes = 32 * 1024;
// 100 Continue and its kind; more are no answer.
constexpr int kMaxInterimAnswers = 8;

}  // namespace

absl::Status BadAnswer(std::string_view what) {
  return OriginFailure(absl::StatusCode::kDataLoss,
                       "the origin's answer cannot be used: " + std::string(what));
}

net::Task<absl::StatusOr<http::ResponseHead>> OriginCall::Ask(net::TcpStream connection,
                                                              std::string text, std::string method,
                                                              Timeouts timeouts) {
  Close();
  connection_.emplace(std::move(connection));
  awaited_.emplace(worker_.poller(net::Poller::Pace::kPrompt), worker_.io().get_executor(),
                   *connection_);
  if (cancelled_) awaited_->Cancel();
  unread_.clear();
  reusable_ = false;
  const auto sent = co_await awaited_->Write(text, timeouts.write);
  unheard_ = absl::IsUnavailable(sent);
  if (!sent.ok()) co_return sent;
  co_return co_await ReadHead(std::move(method), timeouts.head);
}

net::Task<absl::StatusOr<http::ResponseHead>> OriginCall::ReadHead(std::string method,
                                                                   absl::Duration timeout) {
  const net::TimeLeft left(timeout);
  size_t looked_at = 0;
  for (int interim = 0; interim <= kMaxInterimAnswers;) {
    if (const auto end = http::FindHeadEnd(http::AsText(unread_))) {
      auto parsed = http::ParseResponseHead(http::AsText(unread_).substr(0, *end), method);
      unread_.erase(unread_.begin(), unread_.begin() + static_cast<ptrdiff_t>(*end));
      if (const auto* error = std::get_if<http::HeadError>(&parsed)) {
        co_return BadAnswer(error->message);
      }
      auto& head = std::get<http::ResponseHead>(parsed);
      if (head.status / 100 != 1 || head.status == 101) co_return std::move(head);
      ++interim;
      looked_at = 0;
      continue;
    }
    if (auto error = http::CheckUnfinishedHead(http::AsText(unread_), looked_at)) {
      co_return BadAnswer(error->message);
    }
    looked_at = unread_.size();
    if (unread_.size() >= http::kMaxHeadBytes) co_return BadAnswer("its head is too long");
    const bool first = unread_.empty() && interim == 0;
    const auto got = co_await ReadSome(left.now());
    const bool ended = got.ok() ? *got == 0 : absl::IsUnavailable(got.status());
    unheard_ = first && ended;
    if (!got.ok()) co_return got.status();
    if (*got == 0) {
      co_return OriginFailure(absl::StatusCode::kPermissionDenied,
                              "the origin closed without an answer");
    }
  }
  co_return BadAnswer("it goes on saying 100 Continue");
}

net::Task<absl::StatusOr<size_t>> OriginCall::ReadSome(absl::Duration timeout) {
  const size_t known = unread_.size();
  unread_.resize(known + kReadBytes);
  auto got = co_await awaited_->Read(std::span(unread_).subspan(known), timeout);
  unread_.resize(known + (got.ok() ? *got : 0));
  co_return got;
}

net::TcpStream& OriginCall::connection() {
  awaited_.reset();
  return *connection_;
}

net::Task<absl::StatusOr<std::string>> OriginCall::ReadBody(const http::ResponseHead& head,
                                                            size_t limit, absl::Duration timeout) {
  if (head.status == 101) co_return BadAnswer("it changes the protocol unasked");
  const net::TimeLeft left(timeout);
  http::BodyReader reader(head.framing, head.length, http::BodyReader::Chunks::kRemoved);
  std::string body;
  if (head.framing == http::Framing::kLength) body.reserve(std::min<uint64_t>(head.length, limit));
  while (true) {
    Pieces pieces;
    const auto taken = reader.Read(unread_, pieces);
    if (!taken.ok()) co_return BadAnswer(MessageOf(taken.status()));
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
  // Bytes behind the end would be taken for the next answer.
  reusable_ = head.keep_alive && unread_.empty();
  co_return body;
}

std::optional<net::TcpStream> OriginCall::TakeReusable() {
  awaited_.reset();
  if (!std::exchange(reusable_, false)) return std::nullopt;
  auto taken = std::move(connection_);
  connection_.reset();
  return taken;
}

void OriginCall::Cancel() {
  cancelled_ = true;
  if (awaited_.has_value()) awaited_->Cancel();
}

void OriginCall::Close() {
  awaited_.reset();
  connection_.reset();
}

}  // namespace srsproxy
