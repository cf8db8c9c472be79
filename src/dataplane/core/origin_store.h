// Where registrations and an operator's wishes for origins are kept, so that they outlive what one
// proxy remembers. DESIGN "Origins": wishes belong to `server`, not to one registration of it.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/origin.h"

namespace srsproxy {

// A registration as it is kept.
struct OriginRecord {
  OriginRegistration registration;
  uint64_t generation = 1;
  std::string lease_id;  // Secret: never logged or listed.
  std::string source;    // Who registered it, for the log.
  absl::Time registered_at;
};

// What an operator decided for every origin of one `server`. An absent value leaves the
// registration's own in force.
struct OriginOverrides {
  std::optional<AdminState> admin_state;
  std::optional<double> weight;
  std::optional<std::string> zone;
  std::optional<std::map<std::string, std::string>> labels;  // In place of all of them.
  std::optional<int64_t> capacity;

  friend bool operator==(const OriginOverrides&, const OriginOverrides&) = default;
};

// Thread-safe; no call waits for a network.
class OriginStore {
 public:
  virtual ~OriginStore() = default;

  // By OriginRegistration::Id(); replaces what is there.
  virtual void PutRecord(const OriginRecord& record) = 0;
  virtual void RemoveRecord(std::string_view origin_id) = 0;
  virtual std::vector<OriginRecord> Records() const = 0;

  // Empty overrides when the operator wishes nothing. Setting empty ones forgets the server.
  virtual OriginOverrides Overrides(std::string_view server) const = 0;
  virtual void SetOverrides(std::string_view server, const OriginOverrides& overrides) = 0;
};

}  // namespace srsproxy
