// Sessions that belong to no worker, as whoever lists and ends sessions sees them.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "dataplane/core/session_control.h"
#include "dataplane/core/status.h"
#include "dataplane/proxy/sessions/session_table.h"

namespace srsproxy {

// Thread-safe. Answers at once; each call as the one of SessionTable with its name.
class SessionSource {
 public:
  virtual ~SessionSource() = default;

  virtual SessionTable::Page List(const SessionFilter& filter, std::string_view after,
                                  size_t limit) const = 0;
  virtual StreamAudience AudienceOf(const StreamKey& key) const = 0;
  virtual std::vector<SessionInfo> Kick(const SessionFilter& filter, size_t limit,
                                        const absl::Status& why) = 0;
};

}  // namespace srsproxy
