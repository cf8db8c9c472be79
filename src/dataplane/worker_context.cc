#include "dataplane/worker_context.h"

#include <chrono>

#include <boost/asio/steady_timer.hpp>

#include "dataplane/core/random_seed.h"

namespace srsproxy {
namespace {

constexpr auto kTick = std::chrono::seconds(1);

}  // namespace

WorkerContext::WorkerContext(net::Worker& worker, const Shared& shared)
    : streams_(*shared.stores.streams),
      random_(RandomSeed()),
      sessions_(worker.io().get_executor()),
      origin_connections_(shared.clock),
      hop_guard_(shared.boot_id, shared.clock, shared.logger),
      context_{.worker = worker,
               .clock = shared.clock,
               .logger = shared.logger,
               .metrics = shared.metrics,
               .counters = shared.metrics.AddWorker()},
      upstream_{.context = context_,
                .balancer = shared.balancer,
                .origins = shared.origins,
                .dial_rules = shared.dial_rules,
                .hop_guard = hop_guard_,
                .connections = origin_connections_,
                .proxy_started = shared.started},
      rtmp_{shared.config, upstream_, sessions_, random_},
      http_{shared.config, context_, sessions_},
      hls_{upstream_, shared.hls_sessions, *shared.stores.sessions},
      cluster_{upstream_, shared.authorizer, shared.cluster_requests} {}

void WorkerContext::ServeHttp(const LiveStreams& live_streams, StaticFiles* files) {
  sites_.emplace(hls_, cluster_, streams_, live_streams, files);
}

net::Task<void> WorkerContext::Maintain() {
  net::asio::steady_timer timer(worker().io());
  while (true) {
    timer.expires_after(kTick);
    co_await timer.async_wait(net::kNoThrow);
    const auto late = std::chrono::steady_clock::now() - timer.expiry();
    context_.metrics.worker_loop_lag.Observe(worker().index(), absl::FromChrono(late));
    origin_connections_.Sweep();
  }
}

}  // namespace srsproxy
