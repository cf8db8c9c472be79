// Calls that may block, of files above all, on threads of their own: no worker waits for a disk.
#pragma once

#include <cstddef>
#include <mutex>
#include <type_traits>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>

#include "dataplane/core/status.h"
#include "dataplane/net/task.h"

namespace srsproxy::net {

// Thread-safe. Executors that it resumes on are alive until Stop has returned.
class BlockingPool {
 public:
  // At most `max_waiting` calls wait or run.
  BlockingPool(size_t threads, size_t max_waiting) : max_waiting_(max_waiting), threads_(threads) {}
  BlockingPool(const BlockingPool&) = delete;
  BlockingPool& operator=(const BlockingPool&) = delete;
  ~BlockingPool() { Stop(); }

  // Runs `call`, which returns an absl::StatusOr and owns all that it uses, and resumes the
  // coroutine on `executor` with the result. RESOURCE_EXHAUSTED: too many wait. CANCELLED: stopped,
  // or the coroutine was cancelled, whether or not `call` runs.
  template <typename Call>
  Task<std::invoke_result_t<Call>> Run(asio::any_io_executor executor, Call call) {
    using Result = std::invoke_result_t<Call>;
    auto start = [this, call = std::move(call)](auto done) mutable {
      if (auto refused = Enter(); !refused.ok()) return done(std::move(refused));
      auto job = [this, call = std::move(call), done = std::move(done)]() mutable {
        auto result = call();
        Leave();
        done(std::move(result));
      };
      asio::post(threads_, std::move(job));
    };
    co_return co_await AwaitCallback<Result>(executor, std::move(start));
  }

  // Returns when all calls have answered; later ones are refused.
  void Stop();

 private:
  absl::Status Enter();
  void Leave();

  const size_t max_waiting_;
  std::mutex mutex_;
  size_t waiting_ = 0;
  bool stopped_ = false;
  asio::thread_pool threads_;
};

}  // namespace srsproxy::net
