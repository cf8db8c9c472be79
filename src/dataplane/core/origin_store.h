// Where registrations and an operator's decisions for origins are kept, so that they outlive what
// one proxy remembers. Decisions belong to `server`, not to one registration.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/origin.h"
#include "dataplane/core/overrides_change.h"
#include "dataplane/core/status.h"
#include "dataplane/core/subscription.h"

namespace srsproxy {

// A registration as it is kept.
struct OriginRecord {
  OriginRegistration registration;
  uint64_t generation = 1;
  // Of the lease ids that are known for it, latest first: a lease id is a secret, and nobody who
  // reads the store is to have it. Not empty.
  std::vector<std::string> lease_digests;
  std::string source;  // Who registered it, for the log.
  absl::Time registered_at;
  // As of RecordSilent. Absent: it holds its lease.
  std::optional<absl::Time> silent_since = {};
};

// Thread-safe. What is known here is answered at once; nothing waits for a network or a disk.
class OriginStore {
 public:
  virtual ~OriginStore() = default;

  // By OriginRegistration::Id(); replaces what is there. May be kept a little later.
  virtual void PutRecord(const OriginRecord& record) = 0;
  // It was superseded, or deregistered: that is decided.
  virtual void RemoveRecord(std::string_view origin_id) = 0;
  // Silence has cost it its lease at `since`, by the wall clock, as far as this proxy knows:
  // kept until PutRecord by a store that nobody shares. Others may get its heartbeats, so a shared
  // one keeps nothing of it.
  virtual void RecordSilent(std::string_view origin_id, absl::Time since) {
    static_cast<void>(origin_id);
    static_cast<void>(since);
  }
  // This proxy shows it no more because it has been silent for too long. Others may get its
  // heartbeats: only the store removes for silence. One that nobody shares does it at once.
  virtual void RecordExpired(std::string_view origin_id) { RemoveRecord(origin_id); }
  // Those that are still worth something: none that was removed, or of long ago.
  virtual std::vector<OriginRecord> Records() const = 0;

  // Empty overrides when the operator has decided nothing.
  virtual OriginOverrides Overrides(std::string_view server) const = 0;
  // Of every server for which there are any.
  virtual std::map<std::string, OriginOverrides, std::less<>> AllOverrides() const = 0;

  // Merges `change` with what is in force for `server` (Merge), in one step: of two decisions
  // made at once, the later one sees the former. Calls `done` once, inline or later on any thread,
  // with what is in force then; all of it is kept by then and Overrides answers it. A server for
  // which nothing is decided any more is forgotten. After an error nothing has changed:
  // INVALID_ARGUMENT as ValidateServer and ValidateOverrides. UNAVAILABLE: it cannot be kept now.
  // RESOURCE_EXHAUSTED: too many servers. CANCELLED: the store was stopped.
  using ChangeOverridesCallback = absl::AnyInvocable<void(absl::StatusOr<OriginOverrides>)>;
  virtual void ChangeOverrides(std::string server, OverridesChange change,
                               ChangeOverridesCallback done) = 0;

  // `callback` is called with every change, whoever made it, before whoever made it is answered:
  // what is in force for `server` then. One call at a time, in the order of the decisions. It must
  // not call ChangeOverrides, Subscribe or Stop.
  using OverridesCallback =
      absl::AnyInvocable<void(const std::string& server, const OriginOverrides&)>;
  [[nodiscard]] virtual Subscription Subscribe(OverridesCallback callback) = 0;

  // Answers every open ChangeOverrides, and later ones at once, with CANCELLED; keeps what is to be
  // kept. When it returns, none is open and no thread of the store runs. May be called again.
  virtual void Stop() = 0;
};

}  // namespace srsproxy
