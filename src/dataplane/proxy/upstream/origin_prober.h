// Probes origins that are DOWN for this proxy: a connection each, whose outcome is reported
// to the registry. One that succeeds ends the opinion.
#pragma once

#include <memory>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/live_config.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"

namespace srsproxy {

// Used on its worker only; outlives its thread.
class OriginProber {
 public:
  // All outlive it.
  OriginProber(OriginRegistry& origins, const LiveConfig& config, const net::DialRules& rules,
               net::Worker& worker)
      : origins_(origins), config_(config), rules_(rules), worker_(worker) {}

  // Begins the probes that are due.
  void Tick();

 private:
  net::Task<void> Probe(std::shared_ptr<const Origin> origin);

  OriginRegistry& origins_;
  const LiveConfig& config_;
  const net::DialRules& rules_;
  net::Worker& worker_;
};

}  // namespace srsproxy
