// Readiness of sockets of one worker: an epoll of its own, edge-triggered, inside the worker's
// io_context.
//
// A socket is registered once, and no system call is needed for each event but the read and the
// write themselves (Asio's own wait costs an epoll_ctl each time). A coalescing poller that carries
// many connections lets events collect for a moment before it looks again: what arrived meanwhile
// is read at once, in fewer and larger pieces, and a wake-up, which costs as much as a read and a
// write of a frame, serves many connections.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/net/task.h"

namespace srsproxy::net {

// Used on one worker only. Outlives its targets.
class Poller {
 public:
  struct Readiness {
    bool readable = false;
    bool writable = false;
    bool ended = false;  // The peer has closed, or there was an error: read to the end.
  };

  class Target {
   public:
    virtual ~Target() = default;
    // What has become true since the last call. It is reported once: read, or write, until that
    // would block. May add and remove any target.
    virtual void OnReady(Readiness ready) = 0;
  };

  // kImmediate: every event is reported at once, as somebody waits for an answer.
  // kCoalescing: for media, which players buffer; reported up to 20 ms late.
  enum class Delivery : uint8_t { kImmediate, kCoalescing };

  explicit Poller(Delivery delivery);
  Poller(const Poller&) = delete;
  Poller& operator=(const Poller&) = delete;
  ~Poller();

  // Calls the targets until the io_context stops. Spawned once, by the worker.
  Task<void> Run();

  // `target` is notified of `fd`, first of its state now, until Remove. False when the kernel
  // refuses (out of memory or watches).
  bool Add(int fd, Target& target);
  // From now on `target` is not called. Before `fd` is closed.
  void Remove(int fd, Target& target);

  // Calls `target` again, as readable, after the others had their turn.
  void Requeue(Target& target) { requeued_.push_back(&target); }

  // There is more to read than fits: do not wait for more this time.
  void SkipDelay() { skip_delay_ = true; }

 private:
  void DispatchRequeued();
  // How many there were.
  int DispatchEvents();

  const Delivery delivery_;
  const int epoll_;
  size_t targets_ = 0;
  bool skip_delay_ = false;
  std::vector<Target*> requeued_;
  std::vector<Target*> batch_;  // Of the dispatch under way; removed ones are null.
};

}  // namespace srsproxy::net
