// What operators write for an origin: its server, device_id or id, or the beginning of one.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/origin.h"

namespace srsproxy::control {

// What a text may mean.
struct OriginName {
  std::string server;
  std::string origin_id;  // Empty: the text stands for all origins of the server.

  friend auto operator<=>(const OriginName&, const OriginName&) = default;
};

// What `text` means among the origins of `snapshot` and `servers` (those that are known without
// being registered now), sorted: who has it as id, else as server, else as device_id, else those
// whose server, device_id or id begins so. Empty: nothing. More than one: it is ambiguous.
std::vector<OriginName> MatchOrigins(const OriginSnapshot& snapshot,
                                     const std::vector<std::string>& servers,
                                     std::string_view text);

// The origins of `snapshot` that `name` means, in its order.
std::vector<std::shared_ptr<const Origin>> OriginsOf(const OriginSnapshot& snapshot,
                                                     const OriginName& name);

}  // namespace srsproxy::control
