// OriginFile: which origins were registered, kept over a restart of a proxy that shares nothing:
// the file `origins.json` in PROXY_STATE_DIR.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/log.h"
#include "dataplane/core/origin_store.h"
#include "dataplane/core/status.h"
#include "dataplane/directory/state_folder.h"

namespace srsproxy {

// Used on one thread at a time. Every call waits for the disk.
class OriginFile {
 public:
  // What was written longer ago is no sign of who is there.
  static constexpr absl::Duration kMaxAge = absl::Hours(24);

  // `logger` outlives it.
  OriginFile(std::shared_ptr<const StateFolder> folder, const Logger& logger)
      : folder_(std::move(folder)), logger_(logger) {}

  // What was kept. None of it when it was written more than kMaxAge before `now`, by the wall
  // clock. A file that cannot be understood is set aside as StateFile does; an origin that would
  // not be registered any more is left out. Both are logged. FAILED_PRECONDITION, naming
  // PROXY_STATE_DIR: the file can be neither read nor renamed.
  absl::StatusOr<std::vector<OriginRecord>> Read(absl::Time now) const;

  // UNAVAILABLE: it cannot be written; what was written before stands.
  absl::Status Write(const std::vector<OriginRecord>& records, absl::Time now) const;

 private:
  const std::shared_ptr<const StateFolder> folder_;
  const Logger& logger_;
};

}  // namespace srsproxy
