// A balancer that places everybody on one origin, once each.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <utility>

#include "dataplane/core/balancer.h"
#include "dataplane/core/status.h"
#include "tests/unit/dataplane/proxy/counted_lease.h"

namespace srsproxy::testing {

class OneOrigin final : public Balancer {
 public:
  explicit OneOrigin(uint16_t port) {
    auto origin = std::make_shared<Origin>();
    origin->id = "o-s-1";
    origin->registration.server = "o";
    origin->registration.ip = "127.0.0.1";
    origin_ = std::move(origin);
    endpoint_ = {Transport::kTcp, "127.0.0.1", port};
  }

  void Pick(PickRequest request, PickCallback done) override {
    if (!request.excluded.empty()) {
      return done(ProxyFailure(absl::StatusCode::kUnavailable, "there is no other origin"));
    }
    Placement placement;
    placement.origin = origin_;
    placement.endpoint = endpoint_;
    placement.strategy = "random";
    placement.lease = std::make_unique<CountedLease>(leases);
    done(std::move(placement));
  }
  PickExplanation Explain(const PickRequest&) const override { return {}; }
  void ReportConnect(std::string_view, ConnectOutcome) override {}

  int leases = 0;  // That are held.

 private:
  std::shared_ptr<const Origin> origin_;
  Endpoint endpoint_;
};

}  // namespace srsproxy::testing
