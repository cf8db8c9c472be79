// A stream's pin as Redis has it, and what scripts/pin.lua is given and answers: values.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/directory/redis/feed_entry.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

struct KeptPin {
  std::string server;     // Empty: it was unpinned.
  uint64_t revision = 0;  // Grows with every change; 0: nothing is known.
};
// What x-pins has of a stream.
KeptPin ReadKeptPin(std::string_view value);

// `copy`: what the caller knows. `server`: where it is pinned to, empty to unpin it; absent: the
// copy is written, for a Redis that has lost it.
std::vector<std::string> PinArguments(const StreamKey& key, const KeptPin& copy, size_t max_pins,
                                      const std::optional<std::string>& server);

enum class PinStep : uint8_t { kPinned, kUnpinned, kMissing, kFull };
constexpr auto NamesOf(PinStep) {
  return EnumNames<PinStep>({{PinStep::kPinned, "pinned"},
                             {PinStep::kUnpinned, "unpinned"},
                             {PinStep::kMissing, "missing"},
                             {PinStep::kFull, "full"}});
}
struct PinAnswer {
  PinStep step = PinStep::kMissing;
  KeptPin pin;                // As it is now.
  std::string former_server;  // Empty: it was not pinned.
};
absl::StatusOr<PinAnswer> ReadPinAnswer(const absl::StatusOr<ScriptRunner::Answer>& answer);
// DATA_LOSS: it is not what pin.lua writes.
absl::StatusOr<KeptPin> ReadFedPin(const FeedEntry& entry);

}  // namespace srsproxy::redis
