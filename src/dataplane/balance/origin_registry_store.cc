// What its store reports to OriginRegistry: what operators decide, and what other proxies do.
#include <utility>

#include "dataplane/balance/origin_registry.h"

namespace srsproxy {

void OriginRegistry::OnDecision(const std::string& server, const OriginOverrides& overrides) {
  const std::lock_guard lock(mutex_);
  for (const std::string& id : table_.IdsOfServer(server)) {
    OriginEntry& entry = table_.At(id);
    Origin changed = *entry.origin;
    OperatorOverrides::Apply(changed, overrides);
    table_.Update(entry, std::move(changed), "set by an operator");
  }
  Publish();
}

void OriginRegistry::OnRecordsPut(std::span<const OriginRecord> records, bool alive) {
  const std::lock_guard lock(mutex_);
  for (const OriginRecord& record : records) shared_.Put(record, alive);
  backends_.Restore();
  Publish();
}

void OriginRegistry::OnRecordRemoved(std::string_view origin_id, const OriginEnd& end) {
  const std::lock_guard lock(mutex_);
  shared_.Remove(origin_id, end);
  backends_.Restore();
  Publish();
}

void OriginRegistry::OnBeats(std::span<const OriginBeat> beats) {
  const std::lock_guard lock(mutex_);
  shared_.Beat(beats);
  Publish();
}

void OriginRegistry::OnOriginsInUse(std::span<const std::string> origin_ids) {
  const std::lock_guard lock(mutex_);
  shared_.InUse(origin_ids);
}

}  // namespace srsproxy
