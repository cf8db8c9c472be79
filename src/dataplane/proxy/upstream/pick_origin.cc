#include "dataplane/proxy/upstream/pick_origin.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "dataplane/balance/start_settle.h"

namespace srsproxy {
namespace {

namespace asio = net::asio;

// Returns when the stream may be placed, or the coroutine was cancelled. Every origin that comes
// meanwhile puts that off.
net::Task<void> AwaitSettled(const UpstreamNeeds& needs, const PickRequest& request) {
  const Clock& clock = needs.context.clock;
  const auto executor = needs.context.executor();
  const MonotonicTime at_most = clock.Now() + StartSettle::kLongestWait;
  const auto timer = std::make_shared<asio::steady_timer>(executor);
  while (true) {
    const auto state = co_await asio::this_coro::cancellation_state;
    if (net::IsCancelled(state)) co_return;
    const auto from = needs.origins.PlaceFrom();
    const MonotonicTime until = std::min(from.value_or(at_most), at_most);
    const auto left = until - clock.Now();
    if (left <= left.zero() || needs.balancer.Explain(request).placed()) co_return;
    timer->expires_after(left);
    Subscription first;
    if (!from.has_value()) {
      first = needs.origins.AwaitFirstOrigin(
          [timer, executor] { asio::post(executor, [timer] { timer->cancel(); }); });
    }
    const auto [cut_short] = co_await timer->async_wait(net::kNoThrow);
    if (!cut_short && until == at_most) co_return;
  }
}

}  // namespace

net::Task<absl::StatusOr<Placement>> PickOrigin(const UpstreamNeeds& needs, PickRequest request) {
  const bool starting = needs.context.clock.Now() - needs.proxy_started < StartSettle::kWindow;
  if (starting && request.excluded.empty()) co_await AwaitSettled(needs, request);
  auto pick = [&needs, request = std::move(request)](auto done) mutable {
    needs.balancer.Pick(std::move(request), std::move(done));
  };
  co_return co_await net::AwaitCallback<absl::StatusOr<Placement>>(needs.context.executor(),
                                                                   std::move(pick));
}

}  // namespace srsproxy
