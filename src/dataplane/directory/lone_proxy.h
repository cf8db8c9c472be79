// The FleetBus of a proxy that shares nothing: it is the fleet.
#pragma once

#include <string>
#include <utility>

#include "dataplane/core/fleet_bus.h"

namespace srsproxy {

class LoneProxy final : public FleetBus {
 public:
  // `id`: PROXY_ID.
  explicit LoneProxy(std::string id) : id_(std::move(id)) {}

  bool drives() const override { return true; }
  std::string driver() const override { return id_; }

 private:
  const std::string id_;
};

}  // namespace srsproxy
