// Runs a coroutine to its end on an io_context of its own.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "dataplane/net/cancel_scope.h"
#include "dataplane/net/task.h"

namespace srsproxy::net::testing {

template <typename T>
Task<T> WithoutThrowing(Task<T> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_return co_await std::move(task);
}

// Until `task`, which runs in `scope`, is done; what else was spawned on `io` runs meanwhile.
template <typename T>
T RunTask(asio::io_context& io, CancelScope& scope, Task<T> task) {
  std::optional<T> result;
  auto done = [&](const std::exception_ptr& error, T value) {
    if (error) std::rethrow_exception(error);
    result.emplace(std::move(value));
    io.stop();
  };
  asio::co_spawn(io, WithoutThrowing(std::move(task)),
                 asio::bind_cancellation_slot(scope.slot(), std::move(done)));
  io.restart();
  io.run();
  return *std::move(result);
}

// The same, not to be cancelled.
template <typename T>
T RunTask(asio::io_context& io, Task<T> task) {
  CancelScope scope;
  return RunTask(io, scope, std::move(task));
}

}  // namespace srsproxy::net::testing
