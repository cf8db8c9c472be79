#include "dataplane/balance/default_backends.h"

#include <string>
#include <utility>
#include <vector>

namespace srsproxy {

void DefaultBackends::Restore() {
  for (const OriginRegistration& registration : backends_) {
    const std::vector<std::string> addresses = RtmpAddresses(registration);
    std::vector<std::string> ended;  // It takes their place.
    bool served = false;
    for (const auto& [id, entry] : table_.entries()) {
      if (id != registration.Id() && !ShareAddress(entry.addresses, addresses)) continue;
      served |= entry.lease_end.held();
      if (!entry.lease_end.held()) ended.push_back(id);
    }
    if (served) continue;
    Origin origin;
    origin.permanent = true;
    origin.source = "settings";
    origin.registered_at = clock_.WallNow();
    origin.registration = registration;
    const std::string backend = registration.Id();
    if (const auto same = table_.entries().find(backend); same != table_.entries().end()) {
      table_.Remove(same, "the default backend of the settings takes its place", {});
    }
    table_.Add(std::move(origin), {}, "the default backend of the settings");
    for (const std::string& former : ended) {
      if (former != backend) succession_.Supersede(former, backend);
    }
    start_settle_.PermanentJoined();
  }
}

}  // namespace srsproxy
