// Which origin holds which stream. DESIGN "Pick", "State shared by proxies".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

// Why a stream comes to another origin.
enum class MoveCause : uint8_t {
  kOperator,
  kDrain,
  kRebalance,
  kSuperseded,  // Its origin was, by this one.
  kUnusable,    // Its origin is gone, or cannot serve it.
};
inline constexpr size_t kMoveCauses = 5;
// "operator", "drain", "rebalance", "superseded", "unusable"
std::string_view MoveCauseName(MoveCause cause);

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
  bool publisher_live = false;  // A publisher's session, here, has media flowing.
  uint32_t publishers = 0;      // Sessions of this proxy.
  uint32_t viewers = 0;
  absl::Time claimed_at;
  std::optional<PendingMove> pending;  // Waits for the publisher's end.
};

// A wish to place a stream on `origin_id`. Granted when there is no mapping, or when the one there
// is has `replaces_version` (its origin is gone). Otherwise the answer is the mapping that stands.
struct ClaimRequest {
  StreamKey key;
  std::string origin_id;
  Role role = Role::kViewer;
  uint64_t replaces_version = 0;  // 0: replaces nothing.
  bool follows = false;  // `origin_id` superseded the replaced one: what was published stays so.
};

struct ClaimOutcome {
  StreamMapping mapping;
  bool granted = false;  // This claim made the mapping.
};

// A wish to have a stream on `origin_id`. Done at once when it has no publisher, live or about to
// be, else pending: the directory does it in the same step in which its last publisher's session
// ends.
struct MoveRequest {
  StreamKey key;
  std::string origin_id;
  uint64_t expected_version = 0;  // 0: whatever it is.
  absl::Time deadline = absl::InfiniteFuture();
  MoveCause cause = MoveCause::kOperator;
};

struct MoveOutcome {
  StreamMapping mapping;         // After the step; `pending` is set while it waits.
  std::string former_origin_id;  // Empty when the move is pending.
};

// A stream that an operator has bound to the origins of one `server`.
struct StreamPin {
  StreamKey key;
  std::string server;
};

// What has become of a mapping.
struct StreamEvent {
  enum class Kind : uint8_t {
    kPlaced,   // It is new.
    kChanged,  // Its origin, publisher_live, provisional or pending changed. Not: mere counts.
    kRemoved,  // It is gone; `mapping` is what it was last.
  };
  Kind kind = Kind::kPlaced;
  StreamMapping mapping;
  std::string former_origin_id;    // Of a kChanged by which it came to another origin.
  std::string_view reason;         // In words, for people; a literal.
  std::optional<MoveCause> cause;  // Of a kChanged by which it moved, or its move began to wait.
};

// Hears every event of a stream in order.
class StreamObserver {
 public:
  virtual ~StreamObserver() = default;
  // On the thread that made the change, with a lock of the directory held: must not block, nor call
  // the directory.
  virtual void OnStreamEvent(const StreamEvent& event) = 0;
};

// Life of a mapping: a claim makes it. Once a publisher's media has flowed on it, or it was moved,
// it stays when the last session has ended, idle; else it goes then. At the cap, idle mappings
// leave, oldest first.
//
// Thread-safe. The answer callback is called once, inline (memory) or later on any thread (shared
// stores).
class StreamDirectory {
 public:
  using ClaimCallback = absl::AnyInvocable<void(absl::StatusOr<ClaimOutcome>)>;

  virtual ~StreamDirectory() = default;

  virtual std::optional<StreamMapping> Find(const StreamKey& key) const = 0;

  // The mapping of the same app/stream in exactly one other vhost.
  virtual std::optional<StreamMapping> FindInOtherVhost(const StreamKey& key) const = 0;

  // Claims atomically, and in the same step counts the caller's session on the mapping it gets,
  // granted or not. Every answered claim is followed by exactly one SessionEnded.
  // RESOURCE_EXHAUSTED: the cap is reached and no mapping is idle.
  virtual void Claim(ClaimRequest request, ClaimCallback done) = 0;

  // At most once for each answered claim.
  virtual void MediaFlows(const StreamKey& key, Role role) = 0;

  // `media_flowed`: MediaFlows was called for this session.
  virtual void SessionEnded(const StreamKey& key, Role role, bool media_flowed) = 0;

  struct Page {
    std::vector<StreamMapping> mappings;  // By app, then stream, then vhost.
    std::string next;                     // Empty at the end.
  };
  // A page of at most `limit` mappings; `after` is "" for the first, then the `next` of the page
  // before. Mappings that stay in place are told exactly once; claims never wait for long.
  virtual Page List(std::string_view after, size_t limit) const = 0;

  virtual size_t size() const = 0;

  // Mappings on `origin_id`, and those of them with a live publisher.
  struct Counts {
    size_t streams = 0;
    size_t live_publishers = 0;
  };
  virtual Counts CountsOf(std::string_view origin_id) const = 0;

  // Each of the following calls back once, as Claim does.
  using MoveCallback = absl::AnyInvocable<void(absl::StatusOr<MoveOutcome>)>;
  using ReleaseCallback = absl::AnyInvocable<void(absl::StatusOr<StreamMapping>)>;
  using PinCallback = absl::AnyInvocable<void(absl::StatusOr<StreamPin>)>;

  // NOT_FOUND: no mapping. ABORTED: another version. Moving to where it is forgets a pending move.
  virtual void Move(MoveRequest request, MoveCallback done) = 0;

  // Forgets a mapping; sessions that use it go on, uncounted, until somebody ends them. NOT_FOUND:
  // no mapping. ABORTED: another version than `expected_version`, unless that is 0.
  // FAILED_PRECONDITION: sessions use it, and `force` is not set.
  virtual void Release(const StreamKey& key, uint64_t expected_version, bool force,
                       ReleaseCallback done) = 0;

  // Pins are kept with or without a mapping, and over a restart where the store can.
  // RESOURCE_EXHAUSTED: too many pins. UNAVAILABLE: they cannot be kept now; nothing has changed.
  virtual void Pin(StreamPin pin, PinCallback done) = 0;
  // NOT_FOUND: it has no pin.
  virtual void Unpin(const StreamKey& key, PinCallback done) = 0;
  virtual std::optional<std::string> PinnedServer(const StreamKey& key) const = 0;

  struct PinPage {
    std::vector<StreamPin> pins;  // By app, then stream, then vhost.
    std::string next;             // Empty at the end.
  };
  virtual PinPage ListPins(std::string_view after, size_t limit) const = 0;

  // Before the first claim. The observer outlives the directory's use.
  virtual void AddObserver(StreamObserver& observer) = 0;
};

}  // namespace srsproxy
