// RememberedOrigins: the origins that the store knows from before this proxy's start. They can be
// used at once, and are SUSPECT until their first heartbeat.
#pragma once

#include "dataplane/balance/origin_registry_options.h"
#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/start_settle.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin_store.h"

namespace srsproxy {

// Called under the registry's lock.
class RememberedOrigins {
 public:
  // All outlive it.
  struct Needs {
    const Clock& clock;
    OriginStore& store;
    OriginTable& table;
    StartSettle& start_settle;
    const OriginRegistryOptions& options;
  };

  explicit RememberedOrigins(const Needs& needs) : needs_(needs), added_at_(needs.clock.Now()) {}

  // Adds them to the table, and has the store forget those that are of long ago.
  void TakeOver();

  // The same for one that the store came to know later, when it is not in the table.
  void Remember(OriginRecord record);

  // Of those that sent nothing for a whole round since they came, none is expected any more.
  void ForgetExpected(MonotonicTime now);

 private:
  const Needs needs_;
  MonotonicTime added_at_;  // The last one, or the start.
};

}  // namespace srsproxy
