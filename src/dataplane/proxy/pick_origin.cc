#include "dataplane/proxy/pick_origin.h"

#include <memory>
#include <utility>

#include <absl/cleanup/cleanup.h>
#include <boost/asio/steady_timer.hpp>

namespace srsproxy {
namespace {

net::Task<absl::StatusOr<Placement>> AskBalancer(net::asio::any_io_executor executor,
                                                 Balancer& balancer, PickRequest request) {
  auto ask = [&balancer, request = std::move(request)](auto done) mutable {
    balancer.Pick(std::move(request), std::move(done));
  };
  co_return co_await net::AwaitCallback<absl::StatusOr<Placement>>(executor, std::move(ask));
}

}  // namespace

net::Task<absl::StatusOr<Placement>> PickOrigin(net::asio::any_io_executor executor,
                                                Balancer& balancer, OriginRegistry& origins,
                                                const Clock& clock, MonotonicTime started,
                                                PickRequest request,
                                                std::function<void()>& cancel) {
  bool cancelled = false;
  cancel = [&cancelled] { cancelled = true; };
  const absl::Cleanup forget = [&cancel] { cancel = nullptr; };
  auto placement = co_await AskBalancer(executor, balancer, request);
  const bool starting = clock.Now() - started < absl::ToChronoNanoseconds(kStartupGrace);
  if (placement.ok() || !absl::IsUnavailable(placement.status()) || !starting || cancelled ||
      !origins.snapshot()->origins.empty()) {
    co_return placement;
  }
  auto timer =
      std::make_shared<net::asio::steady_timer>(executor, absl::ToChronoNanoseconds(kStartupWait));
  cancel = [timer, &cancelled] {
    cancelled = true;
    timer->cancel();
  };
  const auto subscription = origins.AwaitFirstOrigin(
      [timer, executor] { net::asio::post(executor, [timer] { timer->cancel(); }); });
  co_await timer->async_wait(net::kNoThrow);
  if (cancelled) co_return placement;
  co_return co_await AskBalancer(executor, balancer, std::move(request));
}

}  // namespace srsproxy
