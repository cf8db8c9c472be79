#include "dataplane/directory/redis/connection.h"

#include <algorithm>
#include <chrono>
#include <span>
#include <system_error>
#include <utility>

#include <absl/strings/str_cat.h>
#include <boost/asio/post.hpp>

#include "dataplane/net/error.h"

namespace srsproxy::redis {
namespace {

// Read in one turn. What the replies of one turn lead to is sent before those of the next are read:
// so Redis works while this does.
constexpr size_t kReadBytes = 8 * 1024;
// hiredis moves what is left of what it was fed, for each kilobyte that was taken of it.
constexpr size_t kFedAtOnce = 4 * 1024;
// Turns in which a reply that is late by its deadline may be found.
constexpr int kReadsWhenLate = 64;
// A buffer that has grown beyond this is given back once it is empty.
constexpr size_t kKeptBytes = 256 * 1024;
// A timer that is later than this was held up.
constexpr auto kHeldUp = std::chrono::milliseconds(250);

absl::Status Unavailable(std::string_view message) {
  return ProxyFailure(absl::StatusCode::kUnavailable, message);
}

}  // namespace

Connection::Connection(net::Poller& poller, asio::any_io_executor executor, net::TcpStream stream)
    : poller_(poller),
      executor_(std::move(executor)),
      stream_(std::move(stream)),
      buffer_(kReadBytes),
      timer_(executor_) {}

Connection::~Connection() {
  Close(ProxyFailure(absl::StatusCode::kCancelled, "the connection to Redis was given up"));
}

bool Connection::Start(Closed closed) {
  closed_ = std::move(closed);
  watched_ = poller_.Add(stream_.fd(), *this);
  return watched_;
}

void Connection::Send(std::string_view command, absl::Duration timeout, Done done) {
  if (!open()) return done(why_closed_);
  const MonotonicTime now = std::chrono::steady_clock::now();
  const MonotonicTime deadline = now + absl::ToChronoNanoseconds(timeout);
  if (open_.empty()) silent_since_ = now;
  out_.append(command);
  open_.push_back({deadline, timeout, std::move(done)});
  if (deadline < armed_) ArmTimer(deadline);
  FlushLater();
}

void Connection::FlushLater() {
  if (std::exchange(flush_posted_, true)) return;
  auto flush = [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr) return;
    self->flush_posted_ = false;
    self->Flush();
  };
  asio::post(executor_, std::move(flush));
}

void Connection::Flush() {
  if (!open() || sent_ == out_.size()) return;
  const std::span<const uint8_t> rest(reinterpret_cast<const uint8_t*>(out_.data()) + sent_,
                                      out_.size() - sent_);
  const net::IoResult result = stream_.TryWrite({&rest, 1});
  sent_ += result.bytes;
  if (result.state == net::IoState::kClosed) {
    auto why = Broken(result);
    // Why Redis has closed may be there to be read: it reports that before.
    if (result.error != EPROTO) Read();
    return Fail(std::move(why));
  }
  if (sent_ < out_.size()) {
    if (sent_ > kKeptBytes) out_.erase(0, std::exchange(sent_, 0));
    return;
  }
  sent_ = 0;
  out_.clear();
  if (out_.capacity() > kKeptBytes) out_.shrink_to_fit();
}

void Connection::OnReady(net::Poller::Readiness ready) {
  const auto self = shared_from_this();
  peer_ended_ = peer_ended_ || ready.ended;
  // TLS writes when it has read, and reads when it has written, until its handshake is over.
  Flush();
  Read();
  Flush();
}

void Connection::Read(int turns) {
  for (int i = 0; i < turns && open(); ++i) {
    const net::IoResult got = stream_.TryRead(buffer_);
    if (got.state == net::IoState::kWouldBlock) return;
    if (got.state == net::IoState::kClosed) return Fail(Broken(got));
    silent_since_ = std::chrono::steady_clock::now();
    const std::string_view bytes(reinterpret_cast<const char*>(buffer_.data()), got.bytes);
    for (size_t fed = 0; fed < bytes.size(); fed += kFedAtOnce) {
      reader_.Feed(bytes.substr(fed, kFedAtOnce));
      if (!TakeReplies()) return;
    }
    // An end is reported once: it may come after these bytes.
    if (got.bytes < buffer_.size() && !stream_.may_hold_more() && !peer_ended_) return;
  }
  if (open()) ReadLater();
}

void Connection::ReadLater() {
  auto read = [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->Read();
  };
  asio::post(executor_, std::move(read));
}

bool Connection::TakeReplies() {
  while (open()) {
    auto reply = reader_.Next();
    if (!reply.ok()) {
      Fail(reply.status());
      return false;
    }
    if (!reply->has_value()) return true;
    TakeReply(**std::move(reply));
  }
  return false;
}

void Connection::TakeReply(Reply reply) {
  if (open_.empty()) {
    if (pushed_ != nullptr) return pushed_(std::move(reply));
    // An error that answers nothing is why it closes: there are too many clients.
    if (reply.is_error()) return Fail(reply.ToStatus());
    return Fail(ProxyFailure(absl::StatusCode::kDataLoss,
                             "Redis answered " + reply.ToString() + " to nothing"));
  }
  Done done = std::move(open_.front().done);
  open_.pop_front();
  done(std::move(reply));
}

absl::Status Connection::Broken(const net::IoResult& result) const {
  if (result.error == 0) return Unavailable(kClosedByServer);
  if (result.error == EPROTO) {
    return Unavailable("TLS with Redis failed: " + stream_.TlsProblem() +
                       " (see PROXY_REDIS_TLS and PROXY_REDIS_TLS_CA)");
  }
  const boost::system::error_code code(result.error, boost::system::system_category());
  return net::ErrorStatus(Side::kProxy, "the connection to Redis broke", code);
}

void Connection::Fail(absl::Status why) {
  if (!open()) return;
  const auto self = shared_from_this();
  Closed closed = std::exchange(closed_, nullptr);
  Close(std::move(why));
  if (closed != nullptr) closed(why_closed_);
}

void Connection::Close(absl::Status why) {
  if (!open()) return;
  silent_since_ = silent_since();
  why_closed_ = std::move(why);
  closed_ = nullptr;
  timer_.cancel();
  if (std::exchange(watched_, false)) poller_.Remove(stream_.fd(), *this);
  stream_.Close();
  // What is called may send more, which is answered inline.
  for (Command& command : std::exchange(open_, {})) command.done(why_closed_);
}

MonotonicTime Connection::silent_since() const {
  return open() && open_.empty() ? std::chrono::steady_clock::now() : silent_since_;
}

void Connection::ArmTimer(MonotonicTime deadline) {
  armed_ = deadline;
  timer_.expires_at(deadline);
  timer_.async_wait([weak = weak_from_this()](const boost::system::error_code& error) {
    if (error) return;
    if (const auto self = weak.lock()) self->OnTimer();
  });
}

MonotonicTime Connection::EarliestDeadline() const {
  MonotonicTime earliest = MonotonicTime::max();
  for (const Command& command : open_) earliest = std::min(earliest, command.deadline);
  return earliest;
}

void Connection::OnTimer() {
  // While this machine was suspended, or this thread held up, Redis may have been, too: it gets its
  // time again.
  const MonotonicTime now = std::chrono::steady_clock::now();
  if (now - std::exchange(armed_, MonotonicTime::max()) > kHeldUp) {
    silent_since_ = now;
    for (Command& command : open_)
      command.deadline = now + absl::ToChronoNanoseconds(command.timeout);
  }
  // What has come meanwhile counts.
  if (EarliestDeadline() <= std::chrono::steady_clock::now()) Read(kReadsWhenLate);
  if (!open() || open_.empty()) return;
  const MonotonicTime earliest = EarliestDeadline();
  if (earliest > std::chrono::steady_clock::now()) return ArmTimer(earliest);
  const auto late = std::find_if(open_.begin(), open_.end(), [earliest](const Command& command) {
    return command.deadline == earliest;
  });
  Fail(Unavailable(
      absl::StrCat("Redis has not answered within ", absl::FormatDuration(late->timeout))));
}

}  // namespace srsproxy::redis
