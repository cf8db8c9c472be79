#include "dataplane/net/worker.h"

#include <algorithm>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <pthread.h>
#include <sched.h>

namespace srsproxy::net {
namespace {

// Large enough that a burst of one stream is read at once; one for each worker, not for each
// session.
constexpr size_t kScratchBytes = 128 * 1024;

uint32_t UsableCores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return std::max(CPU_COUNT(&set), 1);
  return std::max(std::thread::hardware_concurrency(), 1u);
}

}  // namespace

Worker::Worker(uint32_t index)
    : index_(index), io_(1), work_(asio::make_work_guard(io_)), scratch_(kScratchBytes) {
  asio::co_spawn(io_, immediate_.Run(), asio::detached);
  asio::co_spawn(io_, coalescing_.Run(), asio::detached);
}

Worker::~Worker() { Join(); }

void Worker::Join() {
  Stop();
  if (thread_.joinable()) thread_.join();
}

void Worker::Start() {
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), ("worker-" + std::to_string(index_)).c_str());
    io_.run();
  });
}

void Worker::Stop() { io_.stop(); }

Workers MakeWorkers(uint32_t count) {
  if (count == 0) count = UsableCores();
  Workers workers;
  for (uint32_t i = 0; i < count; ++i) workers.push_back(std::make_unique<Worker>(i));
  return workers;
}

}  // namespace srsproxy::net
