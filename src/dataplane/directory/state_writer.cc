#include "dataplane/directory/state_writer.h"

#include <utility>

namespace srsproxy {

StateWriter::StateWriter(absl::Duration period, std::function<void()> each_period)
    : period_(period), each_period_(std::move(each_period)), thread_([this] { Run(); }) {}

bool StateWriter::Post(Task& task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_ || waiting_.size() >= kMaxWaiting) return false;
    waiting_.push_back(std::move(task));
  }
  changed_.notify_one();
  return true;
}

void StateWriter::Stop() {
  const std::lock_guard once(stop_mutex_);
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
  for (Task& task : std::exchange(waiting_, {})) task(false);
}

void StateWriter::Run() {
  const auto period = absl::ToChronoNanoseconds(period_);
  std::unique_lock lock(mutex_);
  while (true) {
    const auto has_work = [this] { return stopping_ || !waiting_.empty(); };
    const bool woken = changed_.wait_for(lock, period, has_work);
    if (stopping_) return;
    Task task;
    if (woken) {
      task = std::move(waiting_.front());
      waiting_.pop_front();
    }
    lock.unlock();
    woken ? task(true) : each_period_();
    task = nullptr;
    lock.lock();
  }
}

}  // namespace srsproxy
