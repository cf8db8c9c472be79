// Moves bytes between a client and an origin, through a handler that may change them on the way.
//
// Costs one receive and one send for each burst: bytes are read into the worker's one buffer and
// sent from there; only what the peer does not take is kept. While anything is kept for one side,
// the other is not read.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/bytes.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/net/event.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/timeout.h"
#include "dataplane/net/worker.h"

namespace srsproxy::net {

// Used on one worker only. Has to outlive its waits: close the streams, then await Idle(), before
// it is destroyed.
class Relay {
 public:
  class Handler {
   public:
    virtual ~Handler() = default;

    // `in` came from `from`. It is all consumed: what is to be sent is appended to `out`, pointing
    // into `in` or into memory of the handler that stays until its next call. Must not call the
    // relay.
    virtual void OnBytes(Side from, std::span<uint8_t> in, RelayOutput& out) = 0;

    // The connection to `side` has ended; called once for each attached stream. OK: an orderly end,
    // after the last byte. DEADLINE_EXCEEDED: it has not taken a byte for the write timeout. Must
    // not call the relay.
    virtual void OnClosed(Side side, absl::Status why) = 0;

    // How many bytes of `side` it can take at once; while 0, nothing is read from there.
    virtual size_t Appetite(Side side) const = 0;
  };

  Relay(Worker& worker, Handler& handler, absl::Duration write_timeout);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  // Starts reading from `stream`, which the caller owns and keeps until Idle().
  void Attach(TcpStream& stream);
  // Closes the stream of `side` and forgets what is kept for it. Await Idle() before the stream is
  // destroyed.
  void Detach(Side side);

  // Sends what was made outside OnBytes.
  void Send(const RelayOutput& out);
  // Reads again where Appetite has grown from 0.
  void Resume();

  // Returns when all that is kept for `side` was sent, or its connection has ended.
  Task<void> Drained(Side side);
  // Returns when no wait is under way: after both sides are detached or closed.
  Task<void> Idle();

 private:
  struct End {
    explicit End(const asio::any_io_executor& executor) : write_deadline(executor) {}

    TcpStream* stream = nullptr;
    std::vector<uint8_t> unsent;
    size_t unsent_start = 0;
    bool waiting_readable = false;
    bool waiting_writable = false;
    Deadline write_deadline;
  };

  End& end(Side side) { return ends_[side == Side::kClient ? 0 : 1]; }
  static Side Other(Side side) { return side == Side::kClient ? Side::kOrigin : Side::kClient; }

  void WaitReadable(Side side);
  void WaitWritable(Side side);
  void OnReadable(Side side);
  void OnWritable(Side side);
  size_t Readable(Side side);
  void Write(Side side, const Pieces& pieces);
  void ArmWriteDeadline(Side side);
  void Closed(Side side, absl::Status why);

  Worker& worker_;
  Handler& handler_;
  const absl::Duration write_timeout_;
  std::array<End, 2> ends_;
  int waits_ = 0;
  Event progress_;
};

}  // namespace srsproxy::net
