// Where registrations and an operator's decisions for origins are kept, so that they outlive what
// one proxy remembers. Decisions belong to `server`, not to one registration.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/origin.h"
#include "dataplane/core/origin_record.h"
#include "dataplane/core/overrides_change.h"
#include "dataplane/core/status.h"
#include "dataplane/core/subscription.h"

namespace srsproxy {

// What other proxies do with the origins of a store that they share. One call at a time, with no
// lock held that a method of the store takes.
class OriginStoreObserver {
 public:
  virtual ~OriginStoreObserver() = default;

  // Another proxy has put `records`, or they were found in the store. `alive`: the origins have
  // registered or sent a heartbeat just now; else nothing is known of their last sign of life.
  virtual void OnRecordsPut(std::span<const OriginRecord> records, bool alive) = 0;
  // The registration has ended, by another proxy's decision, or it is not in the store any more.
  virtual void OnRecordRemoved(std::string_view origin_id, const OriginEnd& end) = 0;
  virtual void OnBeats(std::span<const OriginBeat> beats) = 0;
  // As of RecordInUse, at other proxies.
  virtual void OnOriginsInUse(std::span<const std::string> origin_ids) = 0;
};

// Thread-safe. What is known here is answered at once; nothing waits for a network or a disk.
class OriginStore {
 public:
  virtual ~OriginStore() = default;

  // By OriginRegistration::Id(); replaces what is there. May be kept a little later.
  virtual void PutRecord(const OriginRecord& record) = 0;
  // It was superseded, or deregistered: that is decided.
  virtual void RemoveRecord(std::string_view origin_id, const OriginEnd& end) = 0;
  // It was deregistered, and sessions are live on it here: `record`, which is leaving, is kept for
  // those who share the store, for as long as anybody calls RecordInUse.
  virtual void RecordLeaving(const OriginRecord& record) {
    RemoveRecord(record.registration.Id(), OriginEnd{});
  }
  // Silence has cost it its lease at `since`, by the wall clock, as far as this proxy knows:
  // kept until PutRecord by a store that nobody shares. Others may get its heartbeats, so a shared
  // one keeps nothing of it.
  virtual void RecordSilent(std::string_view origin_id, absl::Time since) {
    static_cast<void>(origin_id);
    static_cast<void>(since);
  }
  // This proxy shows it no more because it has been silent for too long. Others may get its
  // heartbeats: only the store removes for silence. One that nobody shares does it at once.
  virtual void RecordExpired(std::string_view origin_id) { RemoveRecord(origin_id, OriginEnd{}); }
  // It gave a sign of life here: who shares the store learns of it within a second or two.
  virtual void RecordBeat(const OriginBeat& beat) { static_cast<void>(beat); }
  // Sessions are live here on an origin that is leaving, or was silent for long: call it each
  // second while that is so. What is shared keeps it meanwhile, and others learn of it.
  virtual void RecordInUse(std::string_view origin_id) { static_cast<void>(origin_id); }
  // For how long an origin is kept after its last sign of life: PROXY_ORIGIN_SERVER_TTL, as it is
  // from now on. Whoever shares nothing leaves that to its caller.
  virtual void SetTtl(absl::Duration ttl) { static_cast<void>(ttl); }
  // Whether heartbeats that come to others are known here: else silence proves nothing.
  virtual bool HearsAll() const { return true; }
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

  // A store that nobody shares never calls `observer`, which outlives the subscription.
  [[nodiscard]] virtual Subscription SubscribeRecords(OriginStoreObserver& observer) {
    static_cast<void>(observer);
    return {};
  }

  // Answers every open ChangeOverrides, and later ones at once, with CANCELLED; keeps what is to be
  // kept. When it returns, none is open and no thread of the store runs. May be called again.
  virtual void Stop() = 0;
};

}  // namespace srsproxy
