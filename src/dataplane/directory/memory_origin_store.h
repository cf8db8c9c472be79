// The OriginStore of a proxy that shares nothing.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/core/origin_store.h"

namespace srsproxy {

// Thread-safe.
class MemoryOriginStore final : public OriginStore {
 public:
  void PutRecord(const OriginRecord& record) override;
  void RemoveRecord(std::string_view origin_id) override;
  std::vector<OriginRecord> Records() const override;
  OriginOverrides Overrides(std::string_view server) const override;
  void SetOverrides(std::string_view server, const OriginOverrides& overrides) override;

 private:
  mutable std::mutex mutex_;
  std::map<std::string, OriginRecord, std::less<>> records_;       // By origin id.
  std::map<std::string, OriginOverrides, std::less<>> overrides_;  // By server.
};

}  // namespace srsproxy
