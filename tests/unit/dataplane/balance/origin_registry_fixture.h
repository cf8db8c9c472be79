// A registry over a memory store, whose time passes second by second.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/balance/candidates.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/directory/memory_origin_store.h"
#include "tests/support/change_overrides.h"
#include "tests/support/fake_clock.h"

namespace srsproxy {

inline OriginRegistration Srs(const std::string& server, const std::string& ip,
                              const std::string& pid, uint16_t port = 1935) {
  OriginRegistration registration;
  registration.ip = ip;
  registration.server = server;
  registration.service = "svc";
  registration.pid = pid;
  registration.rtmp = {{Transport::kTcp, "", port}};
  return registration;
}

class OriginRegistryTest : public testing::Test {
 protected:
  OriginLease Register(OriginRegistration registration, std::string_view source = "10.0.0.1") {
    return registry_.Register(std::move(registration), source).value();
  }
  std::vector<std::string> Ids() const {
    std::vector<std::string> ids;
    for (const auto& origin : registry_.snapshot()->origins) ids.push_back(origin->id);
    return ids;
  }
  // Those that hold a lease.
  std::vector<std::string> Living() const {
    std::vector<std::string> ids;
    for (const auto& origin : registry_.snapshot()->origins) {
      if (HoldsLease(*origin)) ids.push_back(origin->id);
    }
    return ids;
  }
  std::shared_ptr<const Origin> Find(std::string_view id) {
    return registry_.CurrentSnapshot()->Find(id);
  }
  static OriginHeartbeat WithStreams(int64_t streams, uint64_t sequence = 0) {
    OriginHeartbeat heartbeat;
    heartbeat.load.streams = streams;
    heartbeat.sequence = sequence;
    return heartbeat;
  }
  absl::Status SetAdminState(std::string_view server, std::optional<AdminState> state) {
    return UpdateOverrides(registry_, server,
                           [&](OriginOverrides& overrides) { overrides.admin_state = state; })
        .status();
  }
  absl::Status SetWeight(std::string_view server, std::optional<double> weight) {
    return UpdateOverrides(registry_, server,
                           [&](OriginOverrides& overrides) { overrides.weight = weight; })
        .status();
  }
  // Time passes second by second, as the proxy lives it.
  void Pass(absl::Duration duration) {
    for (; duration > absl::ZeroDuration(); duration -= absl::Seconds(1)) {
      clock_.Advance(absl::Seconds(1));
      registry_.Tick();
    }
  }
  // The same, while `leases` keep their 10 s heartbeats.
  void PassAlive(absl::Duration duration, const std::vector<std::string>& leases) {
    for (; duration > absl::ZeroDuration(); duration -= absl::Seconds(10)) {
      Pass(absl::Seconds(10));
      for (const std::string& lease : leases) {
        EXPECT_TRUE(registry_.Heartbeat(lease, {}).ok());
      }
    }
  }

  FakeClock clock_;
  MemoryOriginStore store_;
  OriginRegistry registry_{clock_, store_};
};

}  // namespace srsproxy
