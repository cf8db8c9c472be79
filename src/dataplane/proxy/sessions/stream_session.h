// One client's session with one stream, from its name to its end: what is the same for every
// protocol. Holds the stream's lease, counts, and reports the end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dataplane/core/balancer.h"
#include "dataplane/core/session_control.h"
#include "dataplane/proxy/sessions/session_context.h"

namespace srsproxy {

// Used on its worker only. A session may have several, one after another.
class StreamSession {
 public:
  // The session is to end because of this, in words that are fit for the client.
  using Lost = std::function<void(const absl::Status& why)>;

  // Begins. `client`: address:port. `context` outlives it. `lost` is called when the stream turns
  // out to be on another origin: at most once, on the worker, never from within a member, and not
  // after this is gone.
  StreamSession(const SessionContext& context, Protocol protocol, Role role, StreamKey key,
                std::string client, Lost lost);
  StreamSession(const StreamSession&) = delete;
  StreamSession& operator=(const StreamSession&) = delete;

  const SessionInfo& info() const { return info_; }
  Role role() const { return info_.role; }

  // What to pick an origin for.
  PickRequest Wanted() const { return {info_.key, info_.protocol, info_.role, {}}; }
  // It goes to `origin` from now on.
  void Picked(const Origin& origin);
  // Its hold on the stream there, or null.
  void Hold(std::unique_ptr<StreamLease> lease) { lease_ = std::move(lease); }
  // Lets go of the stream, before another origin is picked.
  void Release() { lease_.reset(); }

  // The origin refused, or none was reached.
  void Refused();
  // The origin accepted a publisher. Whether the stream is still on that origin is checked then.
  void PublisherAccepted();
  // The first media has come, `since` the client's connection. For a viewer, checks likewise.
  void OnFirstMedia(MonotonicTime since);

  // Bytes from, and to, the client.
  void AddBytes(uint64_t in, uint64_t out);

  // Ends, once: lets go of the stream, counts and logs.
  void Finish(Side side, const absl::Status& why);

 private:
  void MarkLive();
  void Lose(const absl::Status& why);

  const SessionContext& context_;
  const MonotonicTime started_;
  SessionInfo info_;
  std::string server_;  // Of the origin.
  std::unique_ptr<StreamLease> lease_;
  const Lost lost_;
  std::shared_ptr<StreamSession*>
      self_;  // By which answers about lease_ find this, if it is there.
};

}  // namespace srsproxy
