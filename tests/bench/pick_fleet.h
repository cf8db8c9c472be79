// What picks are measured with: 1,000 origins, and streams by number.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include <absl/strings/str_cat.h>

#include "dataplane/balance/sticky_balancer.h"
#include "dataplane/directory/memory_origin_store.h"

namespace srsproxy {

constexpr int kOrigins = 1'000;
constexpr int kStreams = 100'000;
constexpr int kStride = 7919;  // From one pick to the next: no order that caches could guess.

inline const Clock& TheClock() {
  static const Clock clock;
  return clock;
}

inline StreamKey Key(int i) { return {"__defaultVhost__", "live", absl::StrCat("livestream-", i)}; }

inline OriginRegistration Registration(int i) {
  OriginRegistration registration;
  registration.ip = absl::StrCat("10.0.", i / 250, ".", i % 250 + 1);
  registration.server = absl::StrCat("vid-0123456789-", i);
  registration.service = "service-0123456789";
  registration.pid = "12345";
  registration.labels = {{"disk", "hdd"}};
  registration.rtmp = {{Transport::kTcp, "", 1935}};
  return registration;
}

struct PickFleet {
  explicit PickFleet(std::shared_ptr<StreamDirectory> its_streams, PlacementOptions options = {})
      : streams(std::move(its_streams)), balancer(origins, streams, counts, std::move(options), 1) {
    for (int i = 0; i < kOrigins; ++i) origins.Register(Registration(i), "10.0.0.1").value();
  }

  // For stores that answer inline.
  Placement Pick(const StreamKey& key, Role role) {
    Placement placement;
    balancer.Pick({key, Protocol::kRtmp, role, {}},
                  [&](absl::StatusOr<Placement> picked) { placement = *std::move(picked); });
    return placement;
  }
  Placement View(int i) { return Pick(Key(i), Role::kViewer); }
  // Leaves an idle mapping.
  void PublishOnce(int i) { Pick(Key(i), Role::kPublisher).lease->MarkLive(); }

  MemoryOriginStore store;
  OriginRegistry origins{TheClock(), store};
  const std::shared_ptr<StreamDirectory> streams;
  StreamCounts counts;
  StickyBalancer balancer;
  const Subscription counted_streams = streams->Subscribe(counts);
};

}  // namespace srsproxy
