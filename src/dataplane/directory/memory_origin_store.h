// The OriginStore of a proxy that shares nothing.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dataplane/core/origin_store.h"
#include "dataplane/directory/state_file.h"

namespace srsproxy {

// Thread-safe. Registrations live as long as the store; overrides as long as `state`.
class MemoryOriginStore final : public OriginStore {
 public:
  explicit MemoryOriginStore(std::shared_ptr<StateFile> state = std::make_shared<StateFile>())
      : state_(std::move(state)) {}

  void PutRecord(const OriginRecord& record) override;
  void RemoveRecord(std::string_view origin_id) override;
  std::vector<OriginRecord> Records() const override;
  OriginOverrides Overrides(std::string_view server) const override;
  std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const override;
  absl::Status SetOverrides(std::string_view server, const OriginOverrides& overrides) override;

 private:
  const std::shared_ptr<StateFile> state_;
  mutable std::mutex mutex_;
  std::map<std::string, OriginRecord, std::less<>> records_;  // By origin id.
};

}  // namespace srsproxy
