// Several coroutines at the same time, awaited by one.
#pragma once

#include <vector>

#include "dataplane/net/task.h"

namespace srsproxy::net {

// Runs `tasks` on `executor`, the coroutine's own, and returns when all have ended. When the
// coroutine is cancelled, so is each of them, and they are awaited on.
Task<void> AwaitAll(asio::any_io_executor executor, std::vector<Task<void>> tasks);

}  // namespace srsproxy::net
