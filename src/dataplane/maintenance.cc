#include "dataplane/maintenance.h"

#include <chrono>
#include <memory>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace srsproxy {
namespace {

namespace asio = boost::asio;

constexpr auto kTick = std::chrono::seconds(1);
constexpr auto kMoverTick = std::chrono::milliseconds(100);

}  // namespace

Maintenance::Maintenance(const Needs& needs, uint32_t index)
    : needs_(needs),
      allowed_origins_(needs.origins, needs.config, needs.dial_rules),
      worker_(index),
      prober_(needs.origins, needs.config, needs.dial_rules, worker_) {}

void Maintenance::Start() {
  allowed_origins_.Review();
  ReportSettling();
  ReportStoreState();
  asio::co_spawn(worker_.io(), EachSecond(), asio::detached);
  asio::co_spawn(worker_.io(), MoveStreams(), asio::detached);
  worker_.Start();
}

void Maintenance::Stop() { worker_.Join(); }

void Maintenance::OriginJoined() {
  asio::post(worker_.io(), [this] { ReportSettling(); });
}

net::Task<void> Maintenance::EachSecond() {
  asio::steady_timer timer(worker_.io());
  while (true) {
    timer.expires_after(kTick);
    co_await timer.async_wait(net::kNoThrow);
    if (const auto pause = needs_.running_clock.Tick(); pause > absl::ZeroDuration()) {
      needs_.logger.Warn("this process did not run for a while; silence is not judged by it",
                         {{"seconds", absl::ToDoubleSeconds(pause)}});
    }
    allowed_origins_.Review();
    needs_.origins.Tick();
    needs_.hls_sessions.Tick();
    for (const uint64_t now = needs_.origins.stats().lease_expirations; expired_ < now;
         ++expired_) {
      needs_.metrics.lease_expirations.Increment();
    }
    prober_.Tick();
  }
}

net::Task<void> Maintenance::MoveStreams() {
  asio::steady_timer timer(worker_.io());
  while (true) {
    timer.expires_after(kMoverTick);
    co_await timer.async_wait(net::kNoThrow);
    ReportStoreState();
    needs_.rebalancer.Tick();
    needs_.migrations.Tick();
  }
}

void Maintenance::ReportSettling() {
  if (needs_.settling == nullptr) return;
  const auto left = needs_.origins.ReadyFrom() - needs_.running_clock.Now();
  const bool settling = left > left.zero();
  if (std::exchange(settling_, settling) != settling) needs_.settling(settling);
  if (!settling) return;
  const auto timer = std::make_shared<asio::steady_timer>(worker_.io(), left);
  timer->async_wait([this, timer](const boost::system::error_code&) { ReportSettling(); });
}

void Maintenance::ReportStoreState() {
  auto now = std::make_pair(needs_.streams.state(), needs_.streams.unusable());
  if (store_state_ == now) return;
  store_state_ = std::move(now);
  if (needs_.store_state != nullptr) needs_.store_state(store_state_->first, store_state_->second);
}

}  // namespace srsproxy
