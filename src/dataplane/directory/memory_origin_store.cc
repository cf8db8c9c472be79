#include "dataplane/directory/memory_origin_store.h"

namespace srsproxy {

void MemoryOriginStore::PutRecord(const OriginRecord& record) {
  const std::lock_guard lock(mutex_);
  records_.insert_or_assign(record.registration.Id(), record);
}

void MemoryOriginStore::RemoveRecord(std::string_view origin_id) {
  const std::lock_guard lock(mutex_);
  const auto at = records_.find(origin_id);
  if (at != records_.end()) records_.erase(at);
}

std::vector<OriginRecord> MemoryOriginStore::Records() const {
  const std::lock_guard lock(mutex_);
  std::vector<OriginRecord> records;
  records.reserve(records_.size());
  for (const auto& [id, record] : records_) records.push_back(record);
  return records;
}

OriginOverrides MemoryOriginStore::Overrides(std::string_view server) const {
  return state_->OverridesOf(server);
}

std::map<std::string, OriginOverrides, std::less<>> MemoryOriginStore::AllOverrides() const {
  return state_->AllOverrides();
}

absl::Status MemoryOriginStore::SetOverrides(std::string_view server,
                                             const OriginOverrides& overrides) {
  return state_->SetOverrides(server, overrides);
}

}  // namespace srsproxy
