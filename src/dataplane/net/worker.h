// One thread, one io_context: where sessions are born, live and end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include "dataplane/core/bytes.h"
#include "dataplane/net/poller.h"

namespace srsproxy::net {

namespace asio = boost::asio;

// What a session is about to send to its two sides.
struct RelayOutput {
  BufferSequence to_client;
  BufferSequence to_origin;

  void Clear() {
    to_client.Clear();
    to_origin.Clear();
  }
};

class Worker {
 public:
  explicit Worker(uint32_t index);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  ~Worker();  // Joins.

  void Start();
  // Ends the thread after the handler that runs now; what is left is destroyed unrun. From any
  // thread.
  void Stop();
  // Stop, and returns when the thread has ended.
  void Join();

  uint32_t index() const { return index_; }
  asio::io_context& io() { return io_; }
  // Where a socket is watched while somebody waits for an answer, and while media flows.
  Poller& poller(Poller::Delivery delivery) {
    return delivery == Poller::Delivery::kImmediate ? immediate_ : coalescing_;
  }

  // One read buffer for all sessions of this worker: what is in it is gone at the next wait. Worker
  // thread only.
  std::span<uint8_t> scratch() { return scratch_; }
  // One list of what to send, likewise; empty it before use.
  RelayOutput& output() { return output_; }

 private:
  const uint32_t index_;
  // Before io_: what io_ destroys with itself may use them.
  Poller immediate_{Poller::Delivery::kImmediate};
  Poller coalescing_{Poller::Delivery::kCoalescing};
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::vector<uint8_t> scratch_;
  RelayOutput output_;
  std::thread thread_;
};

using Workers = std::vector<std::unique_ptr<Worker>>;

// `count` workers, not started; 0 means one for each core this process may run on.
Workers MakeWorkers(uint32_t count);

}  // namespace srsproxy::net
