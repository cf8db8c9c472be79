// Which origins may get which streams: one rule of PROXY_PLACEMENT_RULES.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/origin.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

// `glob -> selector`.
//
// The glob is of a stream's `vhost/app`: `*` is any number of characters and `?` one, neither a
// `/`; a glob that is only `*` fits every stream. The selector is `label=value,label=value`, all of
// which an origin has to have; `zone` and `server` mean the origin's own.
class PlacementRule {
 public:
  // INVALID_ARGUMENT names what is wrong with `text`.
  static absl::StatusOr<PlacementRule> Parse(std::string_view text);

  bool Fits(const StreamKey& key) const;
  bool Selects(const Origin& origin) const;

  // As Parse reads it.
  std::string ToString() const;

  friend bool operator==(const PlacementRule&, const PlacementRule&) = default;

 private:
  std::string glob_;
  std::vector<std::pair<std::string, std::string>> selector_;  // Label and value.
};

}  // namespace srsproxy
