// Which origin serves this client? The one question of every protocol's session.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_claims.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

// A session's hold on its stream's mapping. Destroying it ends the session's use.
// Thread-safe: may be used and destroyed on any thread, after the Balancer too.
class StreamLease {
 public:
  virtual ~StreamLease() = default;

  // As those of StreamHold: the acceptance, and what may become of it later.
  virtual void MarkLive(StreamHold::LiveCallback done) = 0;
  virtual void WhenLost(StreamHold::LostCallback lost) = 0;
  // For who needs no answer.
  void MarkLive() {
    MarkLive([](const absl::Status&) {});
  }

  // Media was passed on to a viewer, the first or more: its origin is in use. Costs next to
  // nothing.
  virtual void MediaPassed() {}

  // The origin refused before media flowed: the hold ends now. A provisional claim goes unless
  // another session holds it.
  virtual void Refused() = 0;
};

struct PickRequest {
  StreamKey key;
  Protocol protocol = Protocol::kRtmp;
  Role role = Role::kViewer;
  std::vector<std::string> excluded;  // Origin ids that this client's session has tried in vain.
};

enum class PickReason : uint8_t {
  kMapped,         // The stream has a mapping and its origin is usable.
  kMappedByVhost,  // Placed where the same app/stream of exactly one other vhost is.
  kClaimed,        // A new mapping, chosen by the strategy.
  kLostRace,       // Another claim came first; its origin is used.
  kPinned,         // A new mapping, where an operator has pinned the stream.
};
constexpr auto NamesOf(PickReason) {
  return EnumNames<PickReason>({{PickReason::kMapped, "mapped"},
                                {PickReason::kMappedByVhost, "mapped_by_vhost"},
                                {PickReason::kClaimed, "claimed"},
                                {PickReason::kLostRace, "lost_race"},
                                {PickReason::kPinned, "pinned"}});
}

struct Placement {
  std::shared_ptr<const Origin> origin;
  Endpoint endpoint;  // The origin's, for that protocol; host already replaced by the ip where
                      // needed.
  PickReason reason = PickReason::kClaimed;
  std::string_view strategy;           // In force when it was picked; a literal.
  std::unique_ptr<StreamLease> lease;  // Never null.
};

// What a pick would do, and why, without doing it.
struct PickExplanation {
  // Whether the stream has its place, so that none is chosen for it.
  bool placed() const { return !origin_id.empty() && reason != PickReason::kClaimed; }

  std::string origin_id;  // Empty when no origin can serve.
  PickReason reason = PickReason::kClaimed;
  bool mapped = false;
  std::vector<std::string> steps;  // Sentences, in the order in which the rules were applied.
  // Before that the client waits for so long, as far as is known now: for origins, because this
  // proxy has just started.
  std::optional<absl::Duration> wait = {};
};

// How a connection to an origin went, as this proxy saw it.
enum class ConnectOutcome : uint8_t {
  kOk,
  kRefused,
  kTimedOut,
  kFailed,
  kForbidden,  // Not tried: it is this proxy itself, or no address for an origin (net/dial_rules).
};
constexpr auto NamesOf(ConnectOutcome) {
  return EnumNames<ConnectOutcome>({{ConnectOutcome::kOk, "ok"},
                                    {ConnectOutcome::kRefused, "refused"},
                                    {ConnectOutcome::kTimedOut, "timed_out"},
                                    {ConnectOutcome::kFailed, "failed"},
                                    {ConnectOutcome::kForbidden, "forbidden"}});
}

// Thread-safe.
class Balancer {
 public:
  using PickCallback = absl::AnyInvocable<void(absl::StatusOr<Placement>)>;

  virtual ~Balancer() = default;

  // Calls `done` once, inline or later on any thread. A session that picks again, because an origin
  // could not be reached, lets go of its former placement first. UNAVAILABLE: no origin can serve;
  // the message has the reason. RESOURCE_EXHAUSTED: PROXY_MAX_STREAMS is reached and no idle
  // mapping can go.
  virtual void Pick(PickRequest request, PickCallback done) = 0;

  virtual PickExplanation Explain(const PickRequest& request) const = 0;

  // Feeds this proxy's opinion of the origin (DOWN after consecutive failures or refused
  // connections).
  virtual void ReportConnect(std::string_view origin_id, ConnectOutcome outcome) = 0;
};

}  // namespace srsproxy
