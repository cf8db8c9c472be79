#include "dataplane/listeners.h"

#include <exception>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>

#include "dataplane/proxy/http/http_session.h"
#include "dataplane/proxy/rtmp/rtmp_session.h"

namespace srsproxy {
namespace {

namespace asio = boost::asio;

constexpr absl::Duration kRefusalLogInterval = absl::Seconds(10);

// Others are opened by whoever serves them.
bool IsServedHere(Service service) {
  return service == Service::kRtmp || service == Service::kHttpMedia ||
         service == Service::kHttpApi;
}

}  // namespace

struct Listeners::Opened {
  const ListenerRow& row;
  std::vector<net::tcp::acceptor> acceptors;  // One for each worker.
};

Listeners::Listeners(const Needs& needs)
    : needs_(needs),
      certificate_(needs.logger, needs.metrics),
      refusal_logged_(needs.contexts.size()) {}

Listeners::~Listeners() = default;

void Listeners::Close() { opened_.clear(); }

absl::Status Listeners::Open(const Config& config) {
  if (auto status = certificate_.Load(config); !status.ok()) return status;
  for (const ListenerRow& row : kListeners) {
    const ListenAddress& address = config.*row.address;
    if (!IsServedHere(row.service) || !address.enabled) continue;
    if (auto status = Open(row, address); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status Listeners::Open(const ListenerRow& row, const ListenAddress& address) {
  auto acceptors = net::OpenListeners(std::string(row.setting), address, needs_.workers);
  if (!acceptors.ok()) return acceptors.status();
  const auto& opened =
      opened_.emplace_back(std::make_unique<Opened>(Opened{row, *std::move(acceptors)}));
  const auto bound = opened->acceptors.front().local_endpoint();
  bound_.push_back({std::string(row.setting), net::FormatPeer(bound)});
  needs_.dial_rules.AddListener(row.setting, bound.address().to_string(), bound.port());
  for (size_t i = 0; i < needs_.contexts.size(); ++i) {
    auto accepted = [this, i, &row](net::Incoming client) { Accept(i, row, std::move(client)); };
    auto exhausted = [this](const boost::system::error_code& error) {
      needs_.metrics.limit_rejections.Increment(LimitReason::kDescriptors);
      needs_.logger.Error("cannot accept: pausing", {{"error", error.message()}});
    };
    asio::co_spawn(needs_.contexts[i]->worker().io(),
                   net::AcceptLoop(opened->acceptors[i], std::move(accepted), std::move(exhausted)),
                   asio::detached);
  }
  return absl::OkStatus();
}

uint16_t Listeners::PortOf(Listener listener) const {
  for (const auto& opened : opened_) {
    if (opened->row.listener == listener) return opened->acceptors.front().local_endpoint().port();
  }
  return 0;
}

void Listeners::StopAccepting() {
  stopped_ = true;
  for (const auto& opened : opened_) {
    for (size_t i = 0; i < needs_.contexts.size(); ++i) {
      auto close = [&acceptor = opened->acceptors[i]] {
        boost::system::error_code ignored;
        acceptor.close(ignored);
      };
      asio::post(needs_.contexts[i]->worker().io(), std::move(close));
    }
  }
}

void Listeners::Accept(size_t worker, const ListenerRow& row, net::Incoming client) {
  // Nobody would end its session.
  if (stopped_) return;
  if (!needs_.limit.Take()) {
    needs_.metrics.limit_rejections.Increment(LimitReason::kMaxSessions);
    const MonotonicTime now = needs_.clock.Now();
    if (now - refusal_logged_[worker] > absl::ToChronoNanoseconds(kRefusalLogInterval)) {
      refusal_logged_[worker] = now;
      needs_.logger.Warn("connection refused: PROXY_MAX_SESSIONS is reached",
                         {{"sessions_limit", needs_.limit.limit()}});
    }
    return;
  }
  auto ended = [this](const std::exception_ptr& fault) {
    needs_.limit.Give();
    if (fault == nullptr) return;
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& error) {
      needs_.logger.Error("session failed", {{"error", error.what()}});
    }
  };
  WorkerContext& context = *needs_.contexts[worker];
  auto serve = [this, &context, &row, client = std::move(client)](net::CancelScope& scope) mutable {
    return Serve(context, row, std::move(client), scope);
  };
  net::SpawnInScope(context.worker().io().get_executor(), std::move(serve), std::move(ended));
}

net::Task<void> Listeners::Serve(WorkerContext& worker, const ListenerRow& row,
                                 net::Incoming client, net::CancelScope& scope) {
  auto tls = row.tls ? certificate_.context() : nullptr;
  if (row.service == Service::kRtmp) {
    RtmpSession session(worker.rtmp(), scope, row.listener, std::move(client));
    co_return co_await session.Run(std::move(tls));
  }
  const HttpSite& site =
      row.service == Service::kHttpApi ? worker.sites().api() : worker.sites().media();
  HttpSession session(worker.http(), scope, site, row.listener, std::move(client), std::move(tls));
  co_await session.Run();
}

}  // namespace srsproxy
