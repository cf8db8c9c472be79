// Where registrations and an operator's wishes for origins are kept, so that they outlive what one
// proxy remembers. DESIGN "Origins": wishes belong to `server`, not to one registration of it.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"

namespace srsproxy {

// A registration as it is kept.
struct OriginRecord {
  OriginRegistration registration;
  uint64_t generation = 1;
  std::string lease_id;  // Secret: never logged or listed.
  std::string source;    // Who registered it, for the log.
  absl::Time registered_at;
};

// Thread-safe. No call waits for a network; SetOverrides may wait for a disk.
class OriginStore {
 public:
  virtual ~OriginStore() = default;

  // By OriginRegistration::Id(); replaces what is there.
  virtual void PutRecord(const OriginRecord& record) = 0;
  virtual void RemoveRecord(std::string_view origin_id) = 0;
  virtual std::vector<OriginRecord> Records() const = 0;

  // Empty overrides when the operator wishes nothing.
  virtual OriginOverrides Overrides(std::string_view server) const = 0;
  // Of every server for which there are any.
  virtual std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const = 0;
  // Setting empty ones forgets the server. UNAVAILABLE: they cannot be kept now.
  // RESOURCE_EXHAUSTED: too many servers. After an error nothing has changed.
  virtual absl::Status SetOverrides(std::string_view server, const OriginOverrides& overrides) = 0;
};

}  // namespace srsproxy
