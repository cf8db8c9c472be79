// OriginDescriber: an origin as the calls of OriginService answer it, with its streams and drain.
#pragma once

#include <string>

#include "dataplane/balance/migration_controller.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/stream_view.h"
#include "srsproxy/v1/origin.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it.
class OriginDescriber {
 public:
  OriginDescriber(const StreamView& streams, const MigrationController& migrations)
      : streams_(streams), migrations_(migrations) {}

  v1::Origin Describe(const Origin& origin) const;
  // How far the drain of `server` is.
  v1::DrainProgress ProgressOf(const std::string& server, const OriginDrain& drain) const;

 private:
  const StreamView& streams_;
  const MigrationController& migrations_;
};

}  // namespace srsproxy::control
