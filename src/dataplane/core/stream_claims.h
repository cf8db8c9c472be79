// What all proxies have to agree on about where streams are: claims and the holds that they answer
// with, moves, releases, pins. Answered by callback.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_event.h"
#include "dataplane/core/stream_mapping.h"

namespace srsproxy {

// A session's hold on its stream's mapping, owned by the session: its destruction is the session's
// end. It belongs to the mapping as it was claimed, and stands while that one is on the same
// origin, or on the one that superseded it.
//
// Thread-safe: may be used and destroyed on any thread, after whatever gave it out, too, and from
// within its own answers.
class StreamHold {
 public:
  // ABORTED: the hold does not stand, and the session is to end; in words that are fit for the
  // client. CANCELLED: the store was stopped. Others there are none: a store out of reach
  // answers when it can.
  using LiveCallback = absl::AnyInvocable<void(absl::Status)>;
  using LostCallback = absl::AnyInvocable<void(const absl::Status&)>;

  virtual ~StreamHold() = default;

  // The origin accepted and media flows: a viewer's claim is no longer provisional, a publisher is
  // live. This is the acceptance: a compare-and-swap on the mapping that was claimed. `done` is
  // called once, inline (memory) or later on any thread (shared stores): OK when the hold stands.
  // A viewer's stands also on another origin than the mapping's when a live publisher is there.
  // Calls after the first, and of a hold that has ended, change nothing, and are answered OK.
  virtual void MarkLive(LiveCallback done) = 0;
  // For who needs no answer.
  void MarkLive() {
    MarkLive([](const absl::Status&) {});
  }

  // `lost` is called at most once, on any thread, when a publisher's hold that stood when it was
  // marked live stands no longer because another publisher was accepted on another origin: the
  // session is to end. The status as ABORTED above. Set it before MarkLive.
  virtual void WhenLost(LostCallback lost) = 0;

  // The hold ends now. Of one that was not marked live: the origin refused, and a provisional claim
  // goes unless another session holds it.
  virtual void Refused() = 0;
};

// A request to place a stream on `origin_id`. Granted when there is no mapping, or when the one
// there is has `replaces_version`. Otherwise the answer is the mapping that stands.
struct ClaimRequest {
  StreamKey key;
  std::string origin_id;
  Role role = Role::kViewer;
  uint64_t replaces_version = 0;  // 0: replaces nothing.
  bool inherits = false;  // `origin_id` superseded the replaced one: what was published stays so.
  bool unless_live = false;  // Replaces nothing that has a live publisher by then.
  // The origin of StreamView::FindInOtherVhost as it was seen, "" for none. When another one is
  // found by then, and JoinsOtherVhost, a granted claim goes to that one instead. Absent: it does
  // not matter.
  std::optional<std::string> other_vhost_origin = std::nullopt;
};

// Whether a client goes where `other`, of FindInOtherVhost, is: a viewer; and a publisher when
// viewers wait there for a publisher.
bool JoinsOtherVhost(Role role, const StreamMapping& other);

struct ClaimOutcome {
  StreamMapping mapping;             // With the caller's session.
  bool granted = false;              // This claim made the mapping.
  std::unique_ptr<StreamHold> hold;  // On `mapping`. Never null.
};

// A request to have a stream on `origin_id`. Done at once when it has no publisher, live or about
// to be, else pending: the store does it in the same step in which its last publisher's session
// ends.
struct MoveRequest {
  StreamKey key;
  std::string origin_id;
  uint64_t expected_version = 0;  // 0: whatever it is.
  absl::Time deadline = absl::InfiniteFuture();
  MoveCause cause = MoveCause::kOperator;
  // Its live publisher is on `origin_id` already: done at once, and a pending move stays.
  bool to_publisher = false;
  bool validate_only = false;  // Nothing changes: the answer is what it would come to.
};

struct MoveOutcome {
  StreamMapping mapping = {};         // After the step; `pending` is set while it waits.
  std::string former_origin_id = {};  // Empty when the move is pending.
  // Sessions of all proxies that share the store; where there are others, no more than these.
  uint32_t publishers = 0;
  uint32_t viewers = 0;
};

// A request to forget a mapping.
struct ReleaseRequest {
  StreamKey key;
  uint64_t expected_version = 0;  // 0: whatever it is.
  bool force = false;             // Also one that sessions use.
  StreamEventReason reason = StreamEventReason::kReleased;
};

// Life of a mapping: a claim makes it. Once a publisher's media has flowed on it, or it was moved,
// it stays when the last session has ended, idle; else it goes then. At the cap, idle mappings
// leave, oldest first.
//
// Thread-safe. Every callback is called once, inline (memory) or later on any thread (shared
// stores); each may be answered CANCELLED (see Stop).
class StreamClaims {
 public:
  using ClaimCallback = absl::AnyInvocable<void(absl::StatusOr<ClaimOutcome>)>;
  using MoveCallback = absl::AnyInvocable<void(absl::StatusOr<MoveOutcome>)>;
  using ReleaseCallback = absl::AnyInvocable<void(absl::StatusOr<StreamMapping>)>;
  using PinCallback = absl::AnyInvocable<void(absl::StatusOr<StreamPin>)>;

  virtual ~StreamClaims() = default;

  // Claims atomically, and in the same step counts the caller's session on the mapping it gets,
  // granted or not. RESOURCE_EXHAUSTED: the cap is reached and no mapping is idle.
  virtual void Claim(ClaimRequest request, ClaimCallback done) = 0;

  // NOT_FOUND: no mapping. ABORTED: another version. Moving to where it is forgets a pending move.
  virtual void Move(MoveRequest request, MoveCallback done) = 0;

  // Sessions that use a released mapping go on, uncounted, until somebody ends them; what they hold
  // stands no longer. NOT_FOUND: no mapping. ABORTED: another version. FAILED_PRECONDITION:
  // sessions use it, and `force` is not set.
  virtual void Release(ReleaseRequest request, ReleaseCallback done) = 0;
  void Release(const StreamKey& key, uint64_t expected_version, bool force, ReleaseCallback done) {
    Release(ReleaseRequest{key, expected_version, force}, std::move(done));
  }

  // Pins are kept with or without a mapping, and over a restart where the store can.
  // RESOURCE_EXHAUSTED: too many pins. UNAVAILABLE: they cannot be kept now; nothing has changed.
  virtual void Pin(StreamPin pin, PinCallback done) = 0;
  // NOT_FOUND: it has no pin.
  virtual void Unpin(const StreamKey& key, PinCallback done) = 0;

  // PROXY_MAX_STREAMS. Idle mappings above a lower cap leave, oldest first; those in use stay.
  virtual void SetMaxStreams(size_t max_streams) = 0;

  // Every open question is answered CANCELLED, on this thread, before it returns; later ones are at
  // once. Observers are not called any more, and holds end silently. For the end of the
  // process, before the threads that sessions live on are gone.
  virtual void Stop() = 0;
};

}  // namespace srsproxy
