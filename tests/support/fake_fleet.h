// A fleet in which a test says who drives.
#pragma once

#include <atomic>
#include <string>

#include "dataplane/core/fleet_bus.h"

namespace srsproxy {

// Another proxy drives, when this one does not: "proxy-2", or nobody.
struct FakeFleet final : FleetBus {
  bool drives() const override { return driving; }
  std::string driver() const override { return driving ? "me" : vacant ? "" : "proxy-2"; }

  bool settles() const override { return settling; }

  std::atomic<bool> driving{true};
  std::atomic<bool> settling{false};
  std::atomic<bool> vacant{false};
};

}  // namespace srsproxy
