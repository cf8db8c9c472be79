// OriginChanges: what operators change about a server, for OriginService.
#pragma once

#include <string>

#include "controlplane/access/call_context.h"
#include "controlplane/services/origin_describer.h"
#include "controlplane/services/serve.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/overrides_change.h"
#include "srsproxy/v1/origin_service.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it, and requests and call contexts their answers.
class OriginChanges {
 public:
  OriginChanges(OriginRegistry& origins, const OriginDescriber& describer,
                const CallObserver& observer)
      : origins_(origins), describer_(describer), observer_(observer) {}

  void Update(const v1::UpdateOriginRequest& request, const CallContext& call,
              Done<v1::UpdateOriginResponse> done);
  void Drain(const v1::DrainOriginRequest& request, const CallContext& call,
             Done<v1::DrainOriginResponse> done);

 private:
  // What is in force for `server` after `change`, or would be.
  void ChangeOverrides(const std::string& server, OverridesChange change, bool validate_only,
                       const CallContext& call, Done<OriginOverrides> done);

  OriginRegistry& origins_;
  const OriginDescriber& describer_;
  const CallObserver& observer_;
};

}  // namespace srsproxy::control
