// Where a stream is, where it is to go, and what an operator has bound it to: values.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <absl/time/time.h>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

// Why a stream comes to another origin.
enum class MoveCause : uint8_t {
  kOperator,
  kDrain,
  kRebalance,
  kSuperseded,  // Its origin was, by this one.
  kUnusable,    // Its origin is gone, or cannot serve it.
  kPublisher,   // Its live publisher is there.
};
constexpr auto NamesOf(MoveCause) {
  return EnumNames<MoveCause>({{MoveCause::kOperator, "operator"},
                               {MoveCause::kDrain, "drain"},
                               {MoveCause::kRebalance, "rebalance"},
                               {MoveCause::kSuperseded, "superseded"},
                               {MoveCause::kUnusable, "unusable"},
                               {MoveCause::kPublisher, "publisher"}});
}

// A move that waits until no publisher is left.
struct PendingMove {
  std::string origin_id;                         // Where the stream goes then.
  absl::Time deadline = absl::InfiniteFuture();  // When its publisher is to be ended.
  MoveCause cause = MoveCause::kOperator;

  friend bool operator==(const PendingMove&, const PendingMove&) = default;
};

// Where a stream is. `version` grows with every change of origin and is never used twice, for
// compare-and-swap.
struct StreamMapping {
  StreamKey key;
  std::string origin_id;
  uint64_t version = 0;
  bool provisional = false;     // No media has flowed yet.
  bool publisher_live = false;  // A publisher's session has media flowing.
  uint32_t publishers = 0;      // Sessions of this proxy.
  uint32_t viewers = 0;
  bool used_elsewhere = false;  // By sessions of other proxies, as far as is known.
  absl::Time claimed_at;
  std::optional<PendingMove> pending;  // Waits for the publisher's end.

  // It is load: somebody publishes or views it. Else it is a name that is remembered.
  bool in_use() const { return publisher_live || publishers > 0 || viewers > 0 || used_elsewhere; }
};

// A stream that an operator has bound to the origins of one `server`.
struct StreamPin {
  StreamKey key;
  std::string server;
};

}  // namespace srsproxy
