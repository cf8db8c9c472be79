// OriginRegistrations: how origins come and go, for OriginService.
#pragma once

#include <vector>

#include <boost/asio/ip/address.hpp>

#include "controlplane/access/call_context.h"
#include "controlplane/access/refusal_log.h"
#include "controlplane/services/heartbeats.h"
#include "controlplane/services/origin_describer.h"
#include "controlplane/services/serve.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/session_control.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/name_lookup.h"
#include "srsproxy/v1/origin_service.pb.h"

namespace srsproxy::control {

// Thread-safe. Requests and call contexts outlive their answers.
class OriginRegistrations {
 public:
  // All outlive it.
  struct Needs {
    OriginRegistry& origins;
    SessionControl& sessions;
    const LiveConfig& config;
    const net::DialRules& dial_rules;
    net::NameLookup& names;
    RefusalLog& refusals;
    Heartbeats& heartbeats;
    const OriginDescriber& describer;
    const CallObserver& observer;
  };

  explicit OriginRegistrations(const Needs& needs) : needs_(needs) {}

  // Looks up where the registration's ip leads to when that is a name. What is refused is counted,
  // and listed in `refusals`, unless it was only to be validated.
  void Register(const v1::RegisterOriginRequest& request, const CallContext& call,
                Done<v1::RegisterOriginResponse> done);
  // With `kick`, the sessions on the origin are ended before `done` is called.
  void Deregister(const v1::DeregisterOriginRequest& request, const CallContext& call,
                  Done<v1::DeregisterOriginResponse> done);

 private:
  // Where the name in an origin's ip leads to; empty: it is none, or no name server answered.
  using Addresses = std::vector<boost::asio::ip::address>;
  absl::StatusOr<v1::RegisterOriginResponse> TryRegister(const v1::RegisterOriginRequest& request,
                                                         const CallContext& call,
                                                         const Addresses& ip_leads_to);
  absl::StatusOr<OriginDeparture> TryDeregister(const v1::DeregisterOriginRequest& request);

  const Needs needs_;
};

}  // namespace srsproxy::control
