// A TCP connection that is read and written by awaiting, for the parts of a session in which one
// thing happens after another: heads, short bodies. Media goes through a Relay.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"
#include "dataplane/net/event.h"
#include "dataplane/net/poller.h"
#include "dataplane/net/task.h"
#include "dataplane/net/tcp_stream.h"

namespace srsproxy::net {

// Used on one worker only, by one coroutine at a time.
class AwaitedStream {
 public:
  // Watches `stream`, which outlives it, from the first wait until it is destroyed: what is done at
  // once costs no watch. Immediate.
  AwaitedStream(Poller& poller, const asio::any_io_executor& executor, TcpStream& stream);
  AwaitedStream(const AwaitedStream&) = delete;
  AwaitedStream& operator=(const AwaitedStream&) = delete;
  ~AwaitedStream();

  // Reads what is there, once something is. 0 bytes: the peer has closed in order.
  // DEADLINE_EXCEEDED after `timeout`; UNAVAILABLE: the connection broke; CANCELLED: it
  // would have to wait, and the coroutine was cancelled.
  Task<absl::StatusOr<size_t>> Read(std::span<uint8_t> into, absl::Duration timeout);

  // Writes all of it, or fails as Read does.
  Task<absl::Status> Write(std::span<const uint8_t> bytes, absl::Duration timeout);
  Task<absl::Status> Write(std::string_view text, absl::Duration timeout);

 private:
  struct Waiter final : Poller::Target {
    explicit Waiter(const asio::any_io_executor& executor) : event(executor) {}
    void OnReady(Poller::Readiness) override { event.Notify(); }
    Event event;
  };

  absl::Status Broken(int error) const;
  // OK: try again.
  Task<absl::Status> Wait(MonotonicTime deadline);

  Poller& poller_;
  const asio::any_io_executor executor_;
  TcpStream& stream_;
  Waiter waiter_;
  bool watched_ = false;
};

}  // namespace srsproxy::net
