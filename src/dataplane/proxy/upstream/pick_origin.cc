#include "dataplane/proxy/upstream/pick_origin.h"

#include <algorithm>
#include <memory>
#include <utility>

#include <absl/cleanup/cleanup.h>
#include <boost/asio/steady_timer.hpp>

#include "dataplane/balance/start_settle.h"

namespace srsproxy {
namespace {

net::Task<absl::StatusOr<Placement>> AskBalancer(net::asio::any_io_executor executor,
                                                 Balancer& balancer, PickRequest request) {
  auto ask = [&balancer, request = std::move(request)](auto done) mutable {
    balancer.Pick(std::move(request), std::move(done));
  };
  co_return co_await net::AwaitCallback<absl::StatusOr<Placement>>(executor, std::move(ask));
}

struct Wait {
  explicit Wait(const net::asio::any_io_executor& executor) : timer(executor) {}
  net::asio::steady_timer timer;
  bool cancelled = false;
};

// Returns when the stream may be placed. Every origin that comes meanwhile puts that off.
net::Task<void> AwaitSettled(net::asio::any_io_executor executor, const Balancer& balancer,
                             OriginRegistry& origins, const Clock& clock,
                             const PickRequest& request, std::shared_ptr<Wait> wait) {
  const MonotonicTime at_most = clock.Now() + StartSettle::kLongestWait;
  while (!wait->cancelled) {
    const auto from = origins.PlaceFrom();
    const MonotonicTime until = std::min(from.value_or(at_most), at_most);
    const auto left = until - clock.Now();
    if (left <= left.zero() || balancer.Explain(request).placed()) co_return;
    wait->timer.expires_after(left);
    OriginRegistry::Subscription first;
    if (!from.has_value()) {
      first = origins.AwaitFirstOrigin(
          [wait, executor] { net::asio::post(executor, [wait] { wait->timer.cancel(); }); });
    }
    const auto [cut_short] = co_await wait->timer.async_wait(net::kNoThrow);
    if (!cut_short && until == at_most) co_return;
  }
}

}  // namespace

net::Task<absl::StatusOr<Placement>> PickOrigin(net::asio::any_io_executor executor,
                                                Balancer& balancer, OriginRegistry& origins,
                                                const Clock& clock, MonotonicTime started,
                                                PickRequest request,
                                                std::function<void()>& cancel) {
  const bool starting = clock.Now() - started < StartSettle::kWindow;
  if (starting && request.excluded.empty()) {
    auto wait = std::make_shared<Wait>(executor);
    cancel = [wait] {
      wait->cancelled = true;
      wait->timer.cancel();
    };
    const absl::Cleanup forget = [&cancel] { cancel = nullptr; };
    co_await AwaitSettled(executor, balancer, origins, clock, request, wait);
    if (wait->cancelled) co_return absl::CancelledError("the wait for origins was ended");
  }
  co_return co_await AskBalancer(executor, balancer, std::move(request));
}

}  // namespace srsproxy
