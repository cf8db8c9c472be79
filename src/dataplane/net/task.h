// The coroutine type of every session, and how a callback of core's interfaces is awaited.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace srsproxy::net {

namespace asio = boost::asio;

template <typename T>
using Task = asio::awaitable<T>;

// For Asio operations that answer with an error code instead of throwing.
inline constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// Awaits a function that takes a completion callback: `start(callback)` is called at once, and the
// coroutine resumes on `executor` with the callback's argument, whichever thread called it. The
// callback must be called exactly once.
template <typename Result, typename Start>
Task<Result> AwaitCallback(asio::any_io_executor executor, Start start) {
  auto initiate = [executor, start = std::move(start)](auto handler) mutable {
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));
    start([executor, shared](Result result) mutable {
      auto resume = [shared, result = std::move(result)]() mutable {
        std::move (*shared)(std::move(result));
      };
      asio::post(executor, std::move(resume));
    });
  };
  co_return co_await asio::async_initiate<const asio::use_awaitable_t<>&, void(Result)>(
      std::move(initiate), asio::use_awaitable);
}

}  // namespace srsproxy::net
