#include "dataplane/net/awaited_stream.h"

#include <chrono>
#include <string>
#include <system_error>

#include "dataplane/net/error.h"
#include "dataplane/net/timeout.h"

namespace srsproxy::net {
namespace {

MonotonicTime After(absl::Duration timeout) {
  return std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
}

}  // namespace

AwaitedStream::AwaitedStream(Poller& poller, const asio::any_io_executor& executor,
                             TcpStream& stream)
    : poller_(poller), executor_(executor), stream_(stream), waiter_(executor) {}

AwaitedStream::~AwaitedStream() {
  if (watched_) poller_.Remove(stream_.fd(), waiter_);
}

Task<absl::StatusOr<size_t>> AwaitedStream::Read(std::span<uint8_t> into, absl::Duration timeout) {
  const MonotonicTime deadline = After(timeout);
  while (true) {
    const IoResult got = stream_.TryRead(into);
    if (got.state == IoState::kOk) co_return got.bytes;
    if (got.state == IoState::kClosed) {
      if (got.error == 0) co_return 0;
      co_return Broken(got.error);
    }
    if (auto status = co_await Wait(deadline); !status.ok()) co_return status;
  }
}

Task<absl::Status> AwaitedStream::Write(std::span<const uint8_t> bytes, absl::Duration timeout) {
  const MonotonicTime deadline = After(timeout);
  while (true) {
    const IoResult sent = stream_.TryWrite({&bytes, 1});
    bytes = bytes.subspan(sent.bytes);
    if (sent.state == IoState::kClosed) co_return Broken(sent.error);
    if (bytes.empty()) co_return absl::OkStatus();
    if (auto status = co_await Wait(deadline); !status.ok()) co_return status;
  }
}

Task<absl::Status> AwaitedStream::Write(std::string_view text, absl::Duration timeout) {
  const std::span bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  co_return co_await Write(bytes, timeout);
}

Task<absl::Status> AwaitedStream::Wait(MonotonicTime deadline) {
  const Side side = stream_.side();
  if (!watched_) watched_ = stream_.is_open() && poller_.Add(stream_.fd(), waiter_);
  if (!watched_) {
    co_return ProxyFailure(absl::StatusCode::kResourceExhausted,
                           "the kernel watches no more sockets");
  }
  const auto left = deadline - std::chrono::steady_clock::now();
  if (left <= std::chrono::nanoseconds::zero()) {
    co_return Failure(side, absl::StatusCode::kDeadlineExceeded,
                      "the " + std::string(ToName(side)) + " took too long");
  }
  const Deadline late(executor_, absl::FromChrono(left), [this] { waiter_.event.Notify(); });
  co_return co_await waiter_.event.Wait();
}

absl::Status AwaitedStream::Broken(int error) const {
  const boost::system::error_code code(error, boost::system::system_category());
  const Side side = stream_.side();
  return ErrorStatus(side, "connection to the " + std::string(ToName(side)) + " broke", code);
}

}  // namespace srsproxy::net
