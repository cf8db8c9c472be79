// The cancellation of one session: a side, and why, which ends all that its coroutine awaits.
#pragma once

#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/net/task.h"

namespace srsproxy::net {

// Used on one worker only. Outlives the coroutine: see SpawnInScope.
//
// What awaits in this room (Event, AwaitedStream, Dial, AwaitCallback, Relay::Drained) fails with
// CANCELLED then, and so does whatever of it is begun later. It resumes by itself: Cancel may be
// called from within any handler, and by the coroutine.
class CancelScope {
 public:
  struct Cause {
    Side side = Side::kClient;
    absl::Status why;  // OK: an orderly end.
  };

  CancelScope() = default;
  CancelScope(const CancelScope&) = delete;
  CancelScope& operator=(const CancelScope&) = delete;

  // The first cause counts.
  void Cancel(Side side, absl::Status why) {
    if (cancelled()) return;
    cause_ = {side, std::move(why)};
    signal_.emit(asio::cancellation_type::terminal);
  }
  bool cancelled() const { return cause_.has_value(); }
  const Cause& cause() const { return *cause_; }  // Once cancelled.

  asio::cancellation_slot slot() { return signal_.slot(); }

 private:
  asio::cancellation_signal signal_;
  std::optional<Cause> cause_;
};

// Awaited by a coroutine that was cancelled and has its farewells left: what it awaits from now on
// is not cancelled. For good.
inline auto DisableCancellation() {
  return asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
}

template <typename Session>
Task<void> RunInScope(CancelScope& scope, Session session) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await session(scope);
}

// Spawns `session(scope)` with a scope of its own, and calls `ended` with what it threw, or null.
template <typename Session, typename Ended>
void SpawnInScope(const asio::any_io_executor& executor, Session session, Ended ended) {
  auto scope = std::make_shared<CancelScope>();
  auto done = [scope, ended = std::move(ended)](const std::exception_ptr& fault) mutable {
    ended(fault);
  };
  const auto slot = scope->slot();
  asio::co_spawn(executor, RunInScope(*scope, std::move(session)),
                 asio::bind_cancellation_slot(slot, std::move(done)));
}

}  // namespace srsproxy::net
