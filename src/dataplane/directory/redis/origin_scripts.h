// What the scripts about origins are given and answer, as values (scripts/register.lua,
// decide.lua); what is in the keys that they write, and what the feed brings of them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/origin_record.h"
#include "dataplane/core/overrides_change.h"
#include "dataplane/core/status.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/script_runner.h"
#include "dataplane/protocol/redis/reply.h"

namespace srsproxy::redis {

// A larger value of one key is nothing that was written by a proxy.
inline constexpr size_t kMaxOriginBytes = 64 * 1024;

// ---- Registrations

struct KeptRecord {
  OriginRecord record;
  uint64_t revision = 0;  // 0: of one that only a Go proxy has written.
};
// `value`: of x-origin:{id}. DATA_LOSS: no proxy has written it, or it is not that of `id`.
absl::StatusOr<KeptRecord> ReadOriginRecord(std::string_view id, std::string_view value);
// `value`: of the Go proxy's key. Nothing of it tells whether the origin is alive.
absl::StatusOr<KeptRecord> ReadGoOrigin(std::string_view id, std::string_view value);

// Whether only a Go proxy knows this registration.
inline bool IsOfGo(const OriginRecord& record) {
  return record.lease_digests.empty() && !record.leaving;
}

// `now`: by the wall clock, for the Go proxy, whose key is left alone when the record is its own.
// `expected`: the revision in whose place it is put alone.
std::vector<std::string> PutArguments(const OriginRecord& record, absl::Duration ttl,
                                      absl::Time now, std::optional<uint64_t> expected);
std::vector<std::string> EndArguments(std::string_view id, const OriginEnd& end,
                                      std::optional<uint64_t> expected);

struct RegisterAnswer {
  bool newer = false;  // Nothing was written: it has another revision than was expected.
  uint64_t revision = 0;
};
absl::StatusOr<RegisterAnswer> ReadRegisterAnswer(const ScriptRunner::Answer& answer);

struct FedOrigin {
  std::string id;
  uint64_t revision = 0;
  std::optional<OriginRecord> record;  // Absent: it has ended.
  OriginEnd end = {};
};
// DATA_LOSS: it is not what register.lua writes.
absl::StatusOr<FedOrigin> ReadFedOrigin(const FeedEntry& entry);

// ---- Decisions

// By `server`.
struct KeptOverrides {
  OriginOverrides overrides;  // Empty: nothing is decided.
  uint64_t revision = 0;
  std::vector<std::string> broken = {};  // Fields that are passed over.
};
// What to read of x-server:{server}, and its answer.
std::span<const std::string_view> OverridesFields();
absl::StatusOr<KeptOverrides> ReadOverrides(std::span<const Reply> values);

// What a proxy knows, for a Redis that has lost it.
struct DecisionCopy {
  KeptOverrides kept;
  // The token of the history that it was read in: in that one, what Redis does not have was
  // cleared. Empty: it was lost.
  std::string history = "";
};
// A change that leaves all as it is: the copy is all that is written.
std::vector<std::string> DecideArguments(std::string_view server, const DecisionCopy& copy,
                                         const OverridesChange& change);
absl::StatusOr<KeptOverrides> ReadDecideAnswer(const ScriptRunner::Answer& answer);
// DATA_LOSS: it is not what decide.lua writes.
absl::StatusOr<KeptOverrides> ReadFedOverrides(const FeedEntry& entry);

}  // namespace srsproxy::redis
