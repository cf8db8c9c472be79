// What every session does to find its origin, besides asking the balancer.
#pragma once

#include <memory>

#include "dataplane/core/balancer.h"
#include "dataplane/net/task.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only, for one pick at a time.
class OriginPicker {
 public:
  // `needs` outlives it.
  explicit OriginPicker(const UpstreamNeeds& needs) : needs_(needs) {}
  OriginPicker(const OriginPicker&) = delete;
  OriginPicker& operator=(const OriginPicker&) = delete;

  // Asks the balancer. Just after the start of the proxy a stream that has no place yet waits
  // before that until the origins are there (StartSettle), StartSettle::kLongestWait at most. A
  // client for which an origin was tried in vain does not wait again. CANCELLED: see Cancel;
  // nothing was picked then.
  net::Task<absl::StatusOr<Placement>> Pick(PickRequest request);

  // Ends the wait for origins, if it goes on.
  void Cancel();

 private:
  struct Wait;

  // Returns when the stream may be placed. Every origin that comes meanwhile puts that off.
  net::Task<void> AwaitSettled(const PickRequest& request, std::shared_ptr<Wait> wait);

  const UpstreamNeeds& needs_;
  std::shared_ptr<Wait> wait_;  // While it waits.
};

}  // namespace srsproxy
