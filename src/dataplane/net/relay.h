// Moves bytes between a client and an origin, through a handler that may change them on the way.
//
// Costs one receive and one send for each burst: bytes are read into the worker's one buffer and
// sent from there; only what the peer does not take is kept. While anything is kept for one side,
// the other is not read.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/bytes.h"
#include "dataplane/core/clock.h"
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
    virtual size_t ReadCapacity(Side side) const = 0;
  };

  Relay(Worker& worker, Handler& handler, absl::Duration write_timeout);
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  ~Relay();

  // Starts reading from `stream`, which the caller owns and keeps until it has taken it back.
  void Attach(TcpStream& stream);
  // Takes the stream of `side` back as it is, open. What is kept for it is forgotten.
  void Release(Side side);

  // How soon what comes from both sides is read from now on; immediately at first.
  void SetDelivery(Poller::Delivery delivery);

  // Sends what was made outside OnBytes.
  void Send(const RelayOutput& out);
  // Reads again where ReadCapacity has grown from 0.
  void Resume();

  // Whether anything is kept for `side`, which is slow.
  bool Keeps(Side side) const {
    return !(side == Side::kClient ? client_ : origin_).unsent.empty();
  }
  // Returns when all that is kept for `side` was sent, or its connection has ended. CANCELLED: the
  // coroutine was cancelled.
  Task<absl::Status> Drained(Side side);

 private:
  struct End final : Poller::Target {
    End(Relay& owner, Side its_side, const asio::any_io_executor& executor)
        : relay(owner), side(its_side), write_deadline(executor) {}
    void OnReady(Poller::Readiness ready) override;

    Relay& relay;
    const Side side;
    TcpStream* stream = nullptr;
    bool readable = false;  // There may be something to read.
    bool ended = false;     // And after that, the end.
    std::vector<uint8_t> unsent;
    size_t unsent_start = 0;
    Deadline write_deadline;
    MonotonicTime write_deadline_armed;
  };

  End& end(Side side) { return side == Side::kClient ? client_ : origin_; }
  static Side Other(Side side) { return side == Side::kClient ? Side::kOrigin : Side::kClient; }

  size_t Readable(Side side);
  void Read(Side side);
  void Write(Side side, const BufferSequence& buffers);
  void WriteUnsent(Side side);
  void ArmWriteDeadline(Side side);
  void Closed(Side side, absl::Status why);
  Poller& poller() { return worker_.poller(delivery_); }
  void Watch(End& which);

  Worker& worker_;
  Handler& handler_;
  const absl::Duration write_timeout_;
  Poller::Delivery delivery_ = Poller::Delivery::kImmediate;
  End client_;
  End origin_;
  Event sent_;
};

}  // namespace srsproxy::net
