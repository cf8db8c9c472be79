// The sessions of this proxy, as operators and moves of streams see them.
#pragma once

#include <array>
#include <cstdint>
#include <iterator>
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

// One client's use of one stream, at one moment.
struct SessionInfo {
  std::string id;
  Protocol protocol = Protocol::kRtmp;
  Role role = Role::kViewer;
  StreamKey key;
  std::string origin_id;  // Empty: not connected to one yet.
  std::string client;     // address:port
  absl::Time started_at;
  uint64_t bytes_in = 0;   // From the client.
  uint64_t bytes_out = 0;  // To the client.
  bool media_flows = false;
};

// Which sessions are meant: those that fit every member that is set.
struct SessionFilter {
  std::vector<std::string> ids;  // Empty: any.
  std::optional<StreamKey> key;
  std::string origin_id;      // Empty: any.
  std::string not_origin_id;  // Empty: any; else those that are connected to another origin.
  std::string client_host;    // Without a port. Empty: any.
  std::optional<Role> role;
  std::optional<Protocol> protocol;
  // Also viewers of HLS, who follow a stream by themselves with their next request.
  bool followers_too = true;

  bool Matches(const SessionInfo& session) const;
};

// What uses one stream, at one moment.
struct StreamAudience {
  uint32_t publishers = 0;
  std::array<uint32_t, kEnumSize<Protocol>> viewers{};
  uint64_t bytes_in = 0;                      // From the publishers of now.
  absl::Time since = absl::InfiniteFuture();  // When the first of them came.

  // A publisher counts once its media flows.
  void Add(const SessionInfo& session);
  void Add(const StreamAudience& other);
};

// Thread-safe. Callbacks run once, on any thread, after every worker has answered.
class SessionControl {
 public:
  virtual ~SessionControl() = default;

  struct Page {
    std::vector<SessionInfo> sessions;  // Sorted by id.
    std::string next;                   // Empty at the end.
  };
  using PageCallback = absl::AnyInvocable<void(Page)>;
  // At most `limit` sessions after the id `after`. A page may hold fewer and not be the last: no
  // worker looks at more than a few thousand sessions at a time.
  virtual void List(SessionFilter filter, std::string after, size_t limit, PageCallback done) = 0;

  using CountCallback = absl::AnyInvocable<void(std::vector<StreamAudience>)>;
  // The audience of each stream, in the order of `keys`. At a cost that grows with `keys`, not with
  // the audiences.
  virtual void Count(std::vector<StreamKey> keys, CountCallback done) = 0;

  using KickCallback = absl::AnyInvocable<void(std::vector<SessionInfo> kicked)>;
  // Ends at most `limit` sessions with the status `why`.
  virtual void Kick(SessionFilter filter, size_t limit, absl::Status why, KickCallback done) = 0;
};

}  // namespace srsproxy
