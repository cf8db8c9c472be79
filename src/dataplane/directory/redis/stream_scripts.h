// What the scripts about streams are given and answer, as values (scripts/claim.lua, use.lua,
// move.lua, release.lua), and what the feed tells of streams.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/stream_claims.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/script_runner.h"
#include "dataplane/directory/stream_record.h"

namespace srsproxy::redis {

// What a script did with a stream's record.
enum class RecordStep : uint8_t {
  kMissing,  // There is none.
  kFound,    // It is as it was, but for the use.
  kPlaced,   // It is new.
  kReplaced,
  kFull,     // There is no room for one.
  kRefused,  // The session that asked does not stand.
  kRemoved,
  kWaits,  // The move does.
  kMoved,
  kVersion,  // It has another version than was expected.
  kUsed,     // Sessions use it: it is not released.
  kSettles,  // What was asked, or follows from it, is done when the settle time is over.
};
constexpr auto NamesOf(RecordStep) {
  return EnumNames<RecordStep>({{RecordStep::kMissing, "missing"},
                                {RecordStep::kFound, "found"},
                                {RecordStep::kPlaced, "placed"},
                                {RecordStep::kReplaced, "replaced"},
                                {RecordStep::kFull, "full"},
                                {RecordStep::kRefused, "refused"},
                                {RecordStep::kRemoved, "removed"},
                                {RecordStep::kWaits, "waits"},
                                {RecordStep::kMoved, "moved"},
                                {RecordStep::kVersion, "version"},
                                {RecordStep::kUsed, "used"},
                                {RecordStep::kSettles, "settles"}});
}

struct RecordAnswer {
  RecordStep step = RecordStep::kMissing;
  StreamRecord record;      // But for kMissing and kFull.
  StreamChange change;      // Without a reason: nothing that anybody is notified of.
  uint32_t publishers = 0;  // Of all proxies.
  uint32_t sessions = 0;    // Of all proxies, at most.
  bool rival = false;       // A publisher of another proxy is live where the stream is.
};

absl::StatusOr<RecordAnswer> ReadRecordAnswer(const StreamKey& key,
                                              const ScriptRunner::Answer& answer);
// The same of an answer that may be none.
absl::StatusOr<RecordAnswer> ReadRecordAnswer(const StreamKey& key,
                                              const absl::StatusOr<ScriptRunner::Answer>& answer);

struct FedRecord {
  StreamRecord record;
  StreamChange change;
};
// DATA_LOSS: it is not what scripts/stream.lua writes.
absl::StatusOr<FedRecord> ReadFedRecord(const FeedEntry& entry);

// What records are read by from x-url hashes: HMGET's names, in the order of ReadRecord.
std::span<const std::string_view> RecordFields();
// nullopt: there is none. DATA_LOSS: it is broken.
absl::StatusOr<std::optional<StreamRecord>> ReadRecord(const StreamKey& key, const Reply& reply);

// `use`: the caller's, with the session that is to come. `restores`: none comes, and the stream is
// to be where the caller's are.
std::vector<std::string> ClaimArguments(
    const ClaimRequest& request, const StreamUse& use, size_t max_streams,
    const std::optional<LocalPlacement>& restores = std::nullopt);

// A session whose media flows now.
struct Acceptance {
  Role role = Role::kViewer;
  uint64_t claimed_version = 0;
  std::string claimed_origin;
};
std::vector<std::string> UseArguments(const StreamKey& key, const StreamUse& use,
                                      const std::optional<Acceptance>& asks, size_t max_streams);
std::vector<std::string> MoveArguments(const MoveRequest& request);
std::vector<std::string> ReleaseArguments(const ReleaseRequest& request);

// nullopt: the text is no key as StreamKey::ToString writes it.
std::optional<StreamKey> ReadStreamKey(std::string_view text);

}  // namespace srsproxy::redis
