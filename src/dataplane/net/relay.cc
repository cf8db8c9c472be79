#include "dataplane/net/relay.h"

#include <algorithm>
#include <cerrno>
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

absl::Status CloseStatus(Side side, int error) {
  // A reset is how many players leave; what else the kernel says (a timeout, no route) is a broken
  // connection.
  if (error == 0 || error == ECONNRESET || error == EPIPE) return absl::OkStatus();
  const boost::system::error_code code(error, boost::system::system_category());
  return ErrorStatus(side, "connection to the " + std::string(SideName(side)) + " broke", code);
}

}  // namespace

Relay::Relay(Worker& worker, Handler& handler, absl::Duration write_timeout)
    : worker_(worker),
      handler_(handler),
      write_timeout_(write_timeout),
      ends_{End(worker.io().get_executor()), End(worker.io().get_executor())},
      progress_(worker.io().get_executor()) {}

void Relay::Attach(TcpStream& stream) {
  end(stream.side()).stream = &stream;
  WaitReadable(stream.side());
}

void Relay::Detach(Side side) {
  End& which = end(side);
  if (which.stream != nullptr) which.stream->Close();
  which.stream = nullptr;
  which.unsent = {};
  which.unsent_start = 0;
  which.write_deadline.Disarm();
  progress_.Notify();
}

void Relay::Send(const RelayOutput& out) {
  Write(Side::kClient, out.to_client);
  Write(Side::kOrigin, out.to_origin);
}

void Relay::Resume() {
  WaitReadable(Side::kClient);
  WaitReadable(Side::kOrigin);
}

Task<void> Relay::Drained(Side side) {
  while (end(side).stream != nullptr && !end(side).unsent.empty()) co_await progress_.Wait();
}

Task<void> Relay::Idle() {
  while (waits_ > 0) co_await progress_.Wait();
}

size_t Relay::Readable(Side side) {
  if (end(side).stream == nullptr || !end(Other(side)).unsent.empty() ||
      end(side).unsent.size() > kMaxUnsentToReadOn) {
    return 0;
  }
  return std::min(handler_.Appetite(side), worker_.scratch().size());
}

void Relay::WaitReadable(Side side) {
  End& from = end(side);
  if (from.waiting_readable || Readable(side) == 0) return;
  from.waiting_readable = true;
  ++waits_;
  const auto wait = [this, side, stream = from.stream](const boost::system::error_code& error) {
    --waits_;
    end(side).waiting_readable = false;
    if (error || end(side).stream != stream) {
      progress_.Notify();
      return;
    }
    OnReadable(side);
  };
  if (from.stream->may_hold_more()) {
    asio::post(worker_.io(), [wait] { wait({}); });
  } else {
    from.stream->AsyncWaitReadable(wait);
  }
}

void Relay::OnReadable(Side side) {
  RelayOutput& out = worker_.output();
  const auto scratch = worker_.scratch();
  for (int i = 0; i < kReadsInARow; ++i) {
    const size_t wanted = Readable(side);
    if (wanted == 0) return;  // Resume reads on.
    TcpStream& stream = *end(side).stream;
    const IoResult got = stream.TryRead(scratch.first(wanted));
    if (got.state == IoState::kClosed) {
      Closed(side, CloseStatus(side, got.error));
      return;
    }
    if (got.state == IoState::kWouldBlock) break;
    out.Clear();
    handler_.OnBytes(side, scratch.first(got.bytes), out);
    Send(out);
    if (got.bytes < wanted && !stream.may_hold_more()) break;
  }
  WaitReadable(side);
}

void Relay::Write(Side side, const Pieces& pieces) {
  End& to = end(side);
  if (pieces.empty() || to.stream == nullptr) return;
  size_t sent = 0;
  if (to.unsent.empty()) {
    const IoResult result = to.stream->TryWrite(pieces.list());
    if (result.state == IoState::kClosed) {
      Closed(side, CloseStatus(side, result.error));
      return;
    }
    sent = result.bytes;
  }
  if (sent == pieces.total_bytes()) return;
  pieces.CopyTo(to.unsent, sent);
  WaitWritable(side);
}

void Relay::WaitWritable(Side side) {
  End& to = end(side);
  if (to.waiting_writable) return;
  to.waiting_writable = true;
  ++waits_;
  ArmWriteDeadline(side);
  to.stream->AsyncWaitWritable(
      [this, side, stream = to.stream](const boost::system::error_code& error) {
        --waits_;
        end(side).waiting_writable = false;
        if (error || end(side).stream != stream) {
          progress_.Notify();
          return;
        }
        OnWritable(side);
      });
}

void Relay::ArmWriteDeadline(Side side) {
  end(side).write_deadline.Arm(write_timeout_, [this, side] {
    Closed(side, Failure(side, absl::StatusCode::kDeadlineExceeded,
                         "took no data for " + absl::FormatDuration(write_timeout_)));
  });
}

void Relay::OnWritable(Side side) {
  End& to = end(side);
  const Pieces::Piece rest = std::span(to.unsent).subspan(to.unsent_start);
  const IoResult result = to.stream->TryWrite({&rest, 1});
  if (result.state == IoState::kClosed) {
    Closed(side, CloseStatus(side, result.error));
    return;
  }
  to.unsent_start += result.bytes;
  if (to.unsent_start < to.unsent.size()) {
    WaitWritable(side);
    return;
  }
  to.unsent = {};
  to.unsent_start = 0;
  to.write_deadline.Disarm();
  progress_.Notify();
  Resume();
}

void Relay::Closed(Side side, absl::Status why) {
  Detach(side);
  handler_.OnClosed(side, std::move(why));
}

}  // namespace srsproxy::net
