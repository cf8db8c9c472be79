#include "dataplane/net/relay.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <string>
#include <system_error>
#include <utility>

#include "dataplane/net/error.h"

namespace srsproxy::net {
namespace {

// How often one side may be read before other sessions of the worker get their turn.
constexpr int kReadsInARow = 4;
// A handler that answers its sender may make more output while some is kept; past this nothing is
// read.
constexpr size_t kMaxUnsentToReadOn = 64 * 1024;

// A peer that takes data slowly makes progress often; moving its deadline each time would cost more
// than the write.
constexpr auto kRearmInterval = std::chrono::seconds(1);

absl::Status CloseStatus(Side side, int error) {
  // A reset is how many players leave; what else the kernel says (a timeout, no route) is a broken
  // connection.
  if (error == 0 || error == ECONNRESET || error == EPIPE) return absl::OkStatus();
  const boost::system::error_code code(error, boost::system::system_category());
  return ErrorStatus(side, "connection to the " + std::string(ToName(side)) + " broke", code);
}

}  // namespace

Relay::Relay(Worker& worker, Handler& handler, absl::Duration write_timeout)
    : worker_(worker),
      handler_(handler),
      write_timeout_(write_timeout),
      client_(*this, Side::kClient, worker.io().get_executor()),
      origin_(*this, Side::kOrigin, worker.io().get_executor()),
      sent_(worker.io().get_executor()) {}

Relay::~Relay() {
  Release(Side::kClient);
  Release(Side::kOrigin);
}

void Relay::Attach(TcpStream& stream) {
  End& which = end(stream.side());
  which.stream = &stream;
  which.readable = false;
  which.ended = false;
  Watch(which);
}

void Relay::Watch(End& which) {
  if (poller().Add(which.stream->fd(), which)) return;
  which.stream = nullptr;
  handler_.OnClosed(which.side, ProxyFailure(absl::StatusCode::kResourceExhausted,
                                             "the kernel watches no more sockets"));
}

void Relay::SetDelivery(Poller::Delivery delivery) {
  if (delivery == delivery_) return;
  for (End* which : {&client_, &origin_}) {
    if (which->stream != nullptr) poller().Remove(which->stream->fd(), *which);
  }
  delivery_ = delivery;
  for (End* which : {&client_, &origin_}) {
    if (which->stream != nullptr) Watch(*which);
  }
}

void Relay::Release(Side side) {
  End& which = end(side);
  if (which.stream == nullptr) return;
  poller().Remove(which.stream->fd(), which);
  which.stream = nullptr;
  which.unsent = {};
  which.unsent_start = 0;
  which.write_deadline.Disarm();
  sent_.Notify();
}

void Relay::Send(const RelayOutput& out) {
  Write(Side::kClient, out.to_client);
  Write(Side::kOrigin, out.to_origin);
}

void Relay::Resume() {
  for (End* which : {&client_, &origin_}) {
    if (which->readable) Read(which->side);
  }
}

Task<absl::Status> Relay::Drained(Side side) {
  while (!end(side).unsent.empty()) {
    if (auto status = co_await sent_.Wait(); !status.ok()) co_return status;
  }
  co_return absl::OkStatus();
}

void Relay::End::OnReady(Poller::Readiness ready) {
  ended = ended || ready.ended;
  if (ready.writable) relay.WriteUnsent(side);
  if (ready.readable && stream != nullptr) relay.Read(side);
}

size_t Relay::Readable(Side side) {
  if (end(side).stream == nullptr || !end(Other(side)).unsent.empty() ||
      end(side).unsent.size() > kMaxUnsentToReadOn) {
    return 0;
  }
  return std::min(handler_.ReadCapacity(side), worker_.scratch().size());
}

void Relay::Read(Side side) {
  End& from = end(side);
  from.readable = true;
  RelayOutput& out = worker_.output();
  const auto scratch = worker_.scratch();
  for (int i = 0; i < kReadsInARow; ++i) {
    const size_t wanted = Readable(side);
    if (wanted == 0) return;  // Resume reads on.
    const IoResult got = from.stream->TryRead(scratch.first(wanted));
    if (got.state == IoState::kClosed) return Closed(side, CloseStatus(side, got.error));
    if (got.state == IoState::kWouldBlock) {
      from.readable = false;
      return;
    }
    if (got.bytes >= scratch.size() / 2) poller().SkipDelay();
    out.Clear();
    handler_.OnBytes(side, scratch.first(got.bytes), out);
    Send(out);
    if (from.stream == nullptr) return;
    if (got.bytes < wanted && !from.ended && !from.stream->may_hold_more()) {
      from.readable = false;
      return;
    }
  }
  poller().Requeue(from);
}

void Relay::Write(Side side, const BufferSequence& buffers) {
  End& to = end(side);
  if (buffers.empty() || to.stream == nullptr) return;
  size_t sent = 0;
  if (to.unsent.empty()) {
    const IoResult result = to.stream->TryWrite(buffers.list());
    if (result.state == IoState::kClosed) return Closed(side, CloseStatus(side, result.error));
    sent = result.bytes;
    if (sent == buffers.total_bytes()) return;
    ArmWriteDeadline(side);
  }
  buffers.CopyTo(to.unsent, sent);
}

void Relay::WriteUnsent(Side side) {
  End& to = end(side);
  if (to.unsent.empty()) return;
  const BufferSequence::Buffer rest = std::span(to.unsent).subspan(to.unsent_start);
  const IoResult result = to.stream->TryWrite({&rest, 1});
  if (result.state == IoState::kClosed) return Closed(side, CloseStatus(side, result.error));
  to.unsent_start += result.bytes;
  if (to.unsent_start < to.unsent.size()) {
    if (result.bytes > 0) ArmWriteDeadline(side);
    return;
  }
  to.unsent = {};
  to.unsent_start = 0;
  to.write_deadline.Disarm();
  sent_.Notify();
  Resume();
}

void Relay::ArmWriteDeadline(Side side) {
  End& to = end(side);
  const MonotonicTime now = std::chrono::steady_clock::now();
  if (to.write_deadline.armed() && now - to.write_deadline_armed < kRearmInterval) return;
  to.write_deadline_armed = now;
  to.write_deadline.Arm(write_timeout_, [this, side] {
    Closed(side, Failure(side, absl::StatusCode::kDeadlineExceeded,
                         "took no data for " + absl::FormatDuration(write_timeout_)));
  });
}

void Relay::Closed(Side side, absl::Status why) {
  Release(side);
  handler_.OnClosed(side, std::move(why));
}

}  // namespace srsproxy::net
