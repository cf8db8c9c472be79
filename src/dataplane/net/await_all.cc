#include "dataplane/net/await_all.h"

#include <exception>
#include <memory>
#include <utility>

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>

namespace srsproxy::net {
namespace {

// Owned by the coroutines that run: with the last of them the one that awaits them is resumed.
template <typename Handler>
struct Group {
  Group(Handler its_handler, size_t tasks)
      : handler(std::move(its_handler)), signals(tasks), running(tasks) {}

  void Cancel() {
    for (auto& signal : signals) signal.emit(asio::cancellation_type::terminal);
  }

  Handler handler;
  std::vector<asio::cancellation_signal> signals;  // One for each task.
  size_t running;
};

Task<void> Run(Task<void> task) {
  co_await asio::this_coro::throw_if_cancelled(false);
  co_await std::move(task);
}

}  // namespace

Task<void> AwaitAll(asio::any_io_executor executor, std::vector<Task<void>> tasks) {
  if (tasks.empty()) co_return;
  const auto state = co_await asio::this_coro::cancellation_state;
  auto initiate = [executor, cancelled = IsCancelled(state), &tasks](auto handler) {
    auto slot = asio::get_associated_cancellation_slot(handler);
    const auto group = std::make_shared<Group<decltype(handler)>>(std::move(handler), tasks.size());
    if (slot.is_connected()) {
      slot.assign([running = std::weak_ptr(group)](asio::cancellation_type) {
        if (const auto still = running.lock()) still->Cancel();
      });
    }
    for (size_t i = 0; i < tasks.size(); ++i) {
      auto ended = [executor, group](const std::exception_ptr&) {
        if (--group->running > 0) return;
        asio::post(executor, [group] { std::move(group->handler)(); });
      };
      asio::co_spawn(executor, Run(std::move(tasks[i])),
                     asio::bind_cancellation_slot(group->signals[i].slot(), std::move(ended)));
    }
    if (cancelled) group->Cancel();
  };
  co_await asio::async_initiate<const asio::use_awaitable_t<>&, void()>(std::move(initiate),
                                                                        asio::use_awaitable);
}

}  // namespace srsproxy::net
