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

// Life of a mapping: a claim makes it. Once a publisher's media has flowed on it, it stays when the
// last session has ended, idle; else it goes then. At the cap, idle mappings leave, oldest first.
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
};

}  // namespace srsproxy
