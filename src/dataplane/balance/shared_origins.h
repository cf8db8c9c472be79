// SharedOrigins: what other proxies, which share the store, do with origins, as it becomes true
// here. Without a lock of its own.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "dataplane/balance/lease_expiry.h"
#include "dataplane/balance/origin_registry_options.h"
#include "dataplane/balance/origin_succession.h"
#include "dataplane/balance/origin_table.h"
#include "dataplane/balance/origin_traffic.h"
#include "dataplane/balance/remembered_origins.h"
#include "dataplane/balance/start_settle.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/origin_record.h"
#include "dataplane/core/origin_store.h"

namespace srsproxy {

class SharedOrigins {
 public:
  // For how long an origin counts as in use after another proxy has said so.
  static constexpr absl::Duration kInUse = absl::Seconds(30);

  // All outlive it.
  struct Needs {
    const Clock& clock;
    const OriginStore& store;
    OriginTraffic& traffic;
    OriginTable& table;
    OriginSuccession& succession;
    LeaseExpiry& expiry;
    RememberedOrigins& remembered;
    StartSettle& start_settle;
    const OriginRegistryOptions& options;
  };

  explicit SharedOrigins(const Needs& needs) : needs_(needs) {}

  // As OriginStoreObserver. Nothing of it is written to the store, but that an origin is kept for
  // what is live on it here.
  void Put(const OriginRecord& record, bool alive);
  void Remove(std::string_view origin_id, const OriginEnd& end);
  void Beat(std::span<const OriginBeat> beats);
  void InUse(std::span<const std::string> origin_ids);

 private:
  void Add(const OriginRecord& record);
  void Update(OriginEntry& entry, const OriginRecord& record, bool alive);
  void SetLeaving(OriginEntry& entry);

  const Needs needs_;
};

}  // namespace srsproxy
