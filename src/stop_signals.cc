#include "stop_signals.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <csignal>
#include <ctime>
#include <mutex>
#include <thread>
#include <utility>

#include <pthread.h>

namespace srsproxy {
namespace {

using Monotonic = std::chrono::steady_clock;
constexpr auto kNever = Monotonic::time_point::max();

// So that no time_point overflows.
std::chrono::nanoseconds Bounded(absl::Duration timeout) {
  return absl::ToChronoNanoseconds(
      std::clamp(timeout, absl::ZeroDuration(), absl::Hours(24 * 365)));
}

}  // namespace

struct StopSignals::State {
  // Ends the process when it is time; never returns.
  void Run();
  // The next signal; 0 when `deadline` has passed first.
  int Take(Monotonic::time_point deadline) const;
  void OnStop();
  [[noreturn]] void EndByForce();

  sigset_t signals;

  mutable std::mutex mutex;  // Guards what follows.
  mutable std::condition_variable changed;
  std::chrono::nanoseconds force_timeout{0};
  int stops = 0;
  bool reload = false;
  Monotonic::time_point hurry_at = kNever;
  Monotonic::time_point end_at = kNever;
  int exit_code = kExitForced;

  std::mutex words_mutex;  // Guards last_words; held while they are called.
  std::function<void()> last_words;

  bool IsHurried() const { return Monotonic::now() >= hurry_at; }
};

void StopSignals::State::Run() {
  while (true) {
    Monotonic::time_point deadline;
    {
      const std::lock_guard lock(mutex);
      deadline = end_at;
    }
    const int signal = Take(deadline);
    const std::lock_guard lock(mutex);
    if (signal == SIGHUP) {
      reload = true;
    } else if (signal == SIGTERM || signal == SIGINT) {
      OnStop();
    }
    if (Monotonic::now() >= end_at) EndByForce();
    changed.notify_all();
  }
}

int StopSignals::State::Take(Monotonic::time_point deadline) const {
  // In steps: the deadline may come nearer meanwhile.
  constexpr std::chrono::nanoseconds kStep = std::chrono::milliseconds(100);
  const auto left = std::clamp<std::chrono::nanoseconds>(deadline - Monotonic::now(),
                                                         std::chrono::nanoseconds(0), kStep);
  const timespec limit{0, static_cast<long>(left.count())};
  const int signal =
      deadline == kNever ? sigwaitinfo(&signals, nullptr) : sigtimedwait(&signals, nullptr, &limit);
  return std::max(signal, 0);
}

void StopSignals::State::OnStop() {
  const auto now = Monotonic::now();
  const auto last = absl::ToChronoNanoseconds(kLastWords);
  ++stops;
  if (stops == 1) {
    end_at = std::min(end_at, now + force_timeout);
    hurry_at = end_at - std::min(last, force_timeout / 4);
  } else {
    hurry_at = now;
    end_at = stops == 2 ? std::min(end_at, now + last) : now;
  }
}

void StopSignals::State::EndByForce() {
  // Not here: they may block.
  std::thread([this] {
    const std::lock_guard lock(words_mutex);
    if (last_words) last_words();
  }).detach();
  std::this_thread::sleep_for(absl::ToChronoNanoseconds(kLastWords) / 2);
  ::_exit(exit_code);
}

StopSignals::StopSignals(absl::Duration force_timeout) : state_(std::make_shared<State>()) {
  sigemptyset(&state_->signals);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&state_->signals, signal);
  pthread_sigmask(SIG_BLOCK, &state_->signals, nullptr);
  std::signal(SIGPIPE, SIG_IGN);
  SetForceTimeout(force_timeout);
  std::thread([state = state_] {
    pthread_setname_np(pthread_self(), "signals");
    state->Run();
  }).detach();
}

StopSignals::~StopSignals() { SetLastWords({}); }

void StopSignals::SetForceTimeout(absl::Duration timeout) {
  const std::lock_guard lock(state_->mutex);
  state_->force_timeout = Bounded(timeout);
}

void StopSignals::SetLastWords(std::function<void()> last_words) {
  const std::lock_guard lock(state_->words_mutex);
  state_->last_words = std::move(last_words);
}

StopSignals::Event StopSignals::Wait() const {
  std::unique_lock lock(state_->mutex);
  state_->changed.wait(lock, [this] { return state_->stops > 0 || state_->reload; });
  if (state_->stops > 0) return Event::kStop;
  state_->reload = false;
  return Event::kReload;
}

bool StopSignals::stopping() const {
  const std::lock_guard lock(state_->mutex);
  return state_->stops > 0;
}

bool StopSignals::hurried() const {
  const std::lock_guard lock(state_->mutex);
  return state_->IsHurried();
}

bool StopSignals::HurriedWithin(absl::Duration timeout) const {
  std::unique_lock lock(state_->mutex);
  const auto until = Monotonic::now() + Bounded(timeout);
  while (!state_->IsHurried()) {
    const auto next = std::min(until, state_->hurry_at);
    if (Monotonic::now() >= until) return false;
    state_->changed.wait_until(lock, next);
  }
  return true;
}

void StopSignals::EndWithin(absl::Duration timeout, int exit_code) {
  const std::lock_guard lock(state_->mutex);
  state_->exit_code = exit_code;
  state_->end_at = std::min(state_->end_at, Monotonic::now() + Bounded(timeout));
}

}  // namespace srsproxy
