// The coroutine type of every session, and how a callback of core's interfaces is awaited.
#pragma once

#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/associated_cancellation_slot.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_state.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "dataplane/core/status.h"

namespace srsproxy::net {

namespace asio = boost::asio;

template <typename T>
using Task = asio::awaitable<T>;

// For Asio operations that answer with an error code instead of throwing.
inline constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// Whether the coroutine that has this state (`co_await asio::this_coro::cancellation_state`) was
// cancelled. Asio's operations end by a cancellation that comes while they are awaited; whoever
// begins one checks this before. Name the state first: gcc 12 miscompiles a condition that awaits.
inline bool IsCancelled(const asio::cancellation_state& state) {
  return state.cancelled() != asio::cancellation_type::none;
}

// What is awaited in vain fails with this.
inline absl::Status CancelledStatus() {
  return ProxyFailure(absl::StatusCode::kCancelled, "it was cancelled");
}

// Of a callback's argument, or CANCELLED.
template <typename T>
struct OrCancelledOf {
  using type = absl::StatusOr<T>;
};
template <>
struct OrCancelledOf<absl::Status> {
  using type = absl::Status;
};
template <typename T>
struct OrCancelledOf<absl::StatusOr<T>> {
  using type = absl::StatusOr<T>;
};
template <typename T>
using OrCancelled = typename OrCancelledOf<T>::type;

// A coroutine that waits for a callback, or to be cancelled: what comes first resumes it, what
// comes second finds nobody. Owned by the callback, used on the coroutine's executor.
template <typename Result, typename Handler>
class CallbackWait {
 public:
  explicit CallbackWait(Handler handler) : handler_(std::move(handler)) {}

  void Resume(OrCancelled<Result> result) {
    if (!handler_.has_value()) return;
    Handler handler = *std::move(handler_);
    handler_.reset();
    std::move(handler)(std::move(result));
  }

 private:
  std::optional<Handler> handler_;
};

// Awaits a function that takes a completion callback: `start(callback)` is called at once, and the
// coroutine resumes on `executor`, its own, with the callback's argument, whichever thread called
// it. The callback must be called exactly once. CANCELLED: the coroutine was cancelled; the
// callback may still come, and what it brings is destroyed on `executor`. Cancelled before, nothing
// is started.
template <typename Result, typename Start>
Task<OrCancelled<Result>> AwaitCallback(asio::any_io_executor executor, Start start) {
  const auto before = co_await asio::this_coro::cancellation_state;
  if (IsCancelled(before)) co_return CancelledStatus();
  auto initiate = [executor, start = std::move(start)](auto handler) mutable {
    const asio::cancellation_slot slot = asio::get_associated_cancellation_slot(handler);
    using Wait = CallbackWait<Result, decltype(handler)>;
    auto wait = std::make_shared<Wait>(std::move(handler));
    if (slot.is_connected()) {
      asio::cancellation_slot(slot).assign(
          [executor, waiting = std::weak_ptr<Wait>(wait)](asio::cancellation_type) {
            asio::post(executor, [waiting] {
              if (const auto cancelled = waiting.lock()) cancelled->Resume(CancelledStatus());
            });
          });
    }
    start([executor, wait = std::move(wait)](Result result) mutable {
      auto resume = [wait = std::move(wait), result = std::move(result)]() mutable {
        wait->Resume(std::move(result));
      };
      asio::post(executor, std::move(resume));
    });
  };
  auto result =
      co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(OrCancelled<Result>)>(
          std::move(initiate), asio::use_awaitable);
  const auto after = co_await asio::this_coro::cancellation_state;
  if (IsCancelled(after)) co_return CancelledStatus();
  co_return result;
}

}  // namespace srsproxy::net
