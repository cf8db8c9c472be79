#include "dataplane/proxy/upstream/origin_prober.h"

#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "dataplane/core/origin.h"
#include "dataplane/net/dial.h"

namespace srsproxy {

void OriginProber::Tick() {
  for (auto& origin : origins_.TakeDueProbes()) {
    net::asio::co_spawn(worker_.io(), Probe(std::move(origin)), net::asio::detached);
  }
}

net::Task<void> OriginProber::Probe(std::shared_ptr<const Origin> origin) {
  if (origin->registration.rtmp.empty()) co_return;
  const Endpoint target = DialEndpoint(origin->registration, origin->registration.rtmp.front());
  const auto dialled = co_await net::Dial(worker_.io().get_executor(), rules_, target.host,
                                          target.port, config_.Get()->connect_timeout);
  origins_.ReportConnect(origin->id, dialled.outcome);
}

}  // namespace srsproxy
