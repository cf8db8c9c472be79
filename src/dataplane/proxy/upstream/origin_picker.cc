#include "dataplane/proxy/upstream/origin_picker.h"

#include <algorithm>
#include <utility>

#include <boost/asio/steady_timer.hpp>

#include "dataplane/balance/start_settle.h"

namespace srsproxy {

struct OriginPicker::Wait {
  explicit Wait(const net::asio::any_io_executor& executor) : timer(executor) {}
  net::asio::steady_timer timer;
  bool cancelled = false;
};

net::Task<absl::StatusOr<Placement>> OriginPicker::Pick(PickRequest request) {
  const auto executor = needs_.context.executor();
  const bool starting = needs_.context.clock.Now() - needs_.proxy_started < StartSettle::kWindow;
  if (starting && request.excluded.empty()) {
    const auto wait = std::make_shared<Wait>(executor);
    wait_ = wait;
    co_await AwaitSettled(request, wait);
    wait_.reset();
    if (wait->cancelled) co_return absl::CancelledError("the wait for origins was ended");
  }
  auto ask = [this, request = std::move(request)](auto done) mutable {
    needs_.balancer.Pick(std::move(request), std::move(done));
  };
  co_return co_await net::AwaitCallback<absl::StatusOr<Placement>>(executor, std::move(ask));
}

net::Task<void> OriginPicker::AwaitSettled(const PickRequest& request, std::shared_ptr<Wait> wait) {
  const Clock& clock = needs_.context.clock;
  const MonotonicTime at_most = clock.Now() + StartSettle::kLongestWait;
  while (!wait->cancelled) {
    const auto from = needs_.origins.PlaceFrom();
    const MonotonicTime until = std::min(from.value_or(at_most), at_most);
    const auto left = until - clock.Now();
    if (left <= left.zero() || needs_.balancer.Explain(request).placed()) co_return;
    wait->timer.expires_after(left);
    OriginRegistry::Subscription first;
    if (!from.has_value()) {
      first = needs_.origins.AwaitFirstOrigin([wait, executor = needs_.context.executor()] {
        net::asio::post(executor, [wait] { wait->timer.cancel(); });
      });
    }
    const auto [cut_short] = co_await wait->timer.async_wait(net::kNoThrow);
    if (!cut_short && until == at_most) co_return;
  }
}

void OriginPicker::Cancel() {
  if (wait_ == nullptr) return;
  wait_->cancelled = true;
  wait_->timer.cancel();
}

}  // namespace srsproxy
