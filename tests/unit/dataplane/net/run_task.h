// Runs a coroutine to its end on an io_context of its own.
#pragma once

#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>

#include "dataplane/net/task.h"

namespace srsproxy::net::testing {

// Until `task` is done; what else was spawned on `io` runs meanwhile.
template <typename T>
T RunTask(asio::io_context& io, Task<T> task) {
  std::optional<T> result;
  auto done = [&](const std::exception_ptr& error, T value) {
    if (error) std::rethrow_exception(error);
    result = std::move(value);
    io.stop();
  };
  asio::co_spawn(io, std::move(task), std::move(done));
  io.restart();
  io.run();
  return *std::move(result);
}

}  // namespace srsproxy::net::testing
