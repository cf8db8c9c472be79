#include "dataplane/proxy/sessions/graceful_shutdown.h"

#include <chrono>
#include <cmath>
#include <condition_variable>
#include <mutex>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

namespace srsproxy {
namespace {

constexpr std::chrono::nanoseconds kStep = std::chrono::milliseconds(100);

}  // namespace

// Workers report here that their sessions are gone; outlives a wait that was given up.
struct GracefulShutdown::Progress {
  std::mutex mutex;
  std::condition_variable changed;
  size_t waiting = 0;
};

bool GracefulShutdown::BeginDrain(absl::Duration spread) {
  if (draining_.exchange(true)) return false;
  for (const WorkerSessions& worker : workers_) {
    net::asio::co_spawn(worker.worker.io(), EndOneByOne(worker, spread), net::asio::detached);
  }
  return true;
}

net::Task<void> GracefulShutdown::EndOneByOne(WorkerSessions worker, absl::Duration spread) {
  SessionTable& sessions = worker.sessions;
  const absl::Status why = ProxyFailure(absl::StatusCode::kCancelled, "this proxy is drained");
  const auto end = clock_.Now() + absl::ToChronoNanoseconds(spread);
  net::asio::steady_timer timer(worker.worker.io());
  while (sessions.size() > 0) {
    const auto left = end - clock_.Now();
    if (left <= kStep) break;
    const double steps = std::chrono::duration<double>(left) / kStep;
    const double count = static_cast<double>(sessions.size());
    sessions.KickOldest(static_cast<size_t>(std::ceil(count / steps)), why);
    timer.expires_after(kStep);
    co_await timer.async_wait(net::kNoThrow);
  }
  sessions.KickAll(why);
}

bool GracefulShutdown::EndAll(absl::Duration timeout) {
  if (progress_ == nullptr) {
    progress_ = std::make_shared<Progress>();
    progress_->waiting = workers_.size();
    for (const WorkerSessions& worker : workers_) {
      net::asio::co_spawn(worker.worker.io(), EndAllOf(worker, progress_), net::asio::detached);
    }
  }
  std::unique_lock lock(progress_->mutex);
  return progress_->changed.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                                     [this] { return progress_->waiting == 0; });
}

net::Task<void> GracefulShutdown::EndAllOf(WorkerSessions worker,
                                           std::shared_ptr<Progress> progress) {
  worker.sessions.KickAll(ProxyFailure(absl::StatusCode::kCancelled, "this proxy stops"));
  co_await worker.sessions.Empty();
  const std::lock_guard lock(progress->mutex);
  --progress->waiting;
  progress->changed.notify_all();
}

}  // namespace srsproxy
