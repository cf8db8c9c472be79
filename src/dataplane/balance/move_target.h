// The origin that an operator's move of a stream goes to.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/core/origin.h"
#include "dataplane/core/stream_mapping.h"

namespace srsproxy {

struct MoveTarget {
  std::string origin_id;      // Empty: nothing that was meant is registered.
  std::string_view obstacle;  // Why it cannot take the stream, for people; empty: it can.
};

// Of `meant`, origins of `origins`, the one that streams are best placed on: ACTIVE before any
// other state, then by health. It takes the stream when it is ACTIVE, holds its lease, and this
// proxy can connect to it. Where `mapping` is already, or who superseded that, is no obstacle
// ever, and is named as the mapping names it: such a move takes a pending one back.
MoveTarget MoveTargetOf(const OriginSnapshot& origins, const StreamMapping& mapping,
                        std::span<const std::shared_ptr<const Origin>> meant);

}  // namespace srsproxy
