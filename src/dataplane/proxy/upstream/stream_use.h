// One client's use of one stream, from its name to its end: what is the same for every protocol.
// Asks for an origin and dials it, holds the stream's lease, counts, and tells the end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "dataplane/core/balancer.h"
#include "dataplane/core/config.h"
#include "dataplane/core/session_control.h"
#include "dataplane/proxy/upstream/origin_search.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only. A session may have several, one after another.
class StreamUse {
 public:
  // The session is to end because of this, in words that are fit for the client.
  using Lost = std::function<void(const absl::Status& why)>;

  // Begins. `client`: address:port; it has come by `hops`. `upstream` outlives it. `lost` is called
  // when the stream turns out to be on another origin: at most once, on the worker, never from
  // within a member, and not after this is gone.
  StreamUse(const UpstreamNeeds& upstream, std::shared_ptr<const Config> config, Protocol protocol,
            Role role, StreamKey key, std::string client, const HopList& hops, Lost lost);
  StreamUse(const StreamUse&) = delete;
  StreamUse& operator=(const StreamUse&) = delete;

  const SessionInfo& info() const { return info_; }
  Role role() const { return info_.role; }

  // As those of OriginSearch; the lease of what was picked last is held here.
  bool may_try_another() const { return search_.may_try_another(); }
  net::Task<absl::StatusOr<Placement>> Pick(std::function<void()>& cancel);
  net::Task<absl::StatusOr<net::TcpStream>> Dial(const Endpoint& target, net::Dialer*& dialing);
  void OriginFailed(ConnectOutcome outcome, const absl::Status& why);
  absl::Status failure() const { return search_.failure(); }

  // The origin said no, or nobody could be asked.
  void Refused();
  // The origin said yes to a publisher. Whether the stream is still on that origin is asked then.
  void PublisherAccepted();
  // The first media has come, `since` the client's connection. For a viewer, asks likewise.
  void MediaFlows(MonotonicTime since);

  // Bytes from, and to, the client.
  void AddBytes(uint64_t in, uint64_t out);

  // Ends, once: lets go of the stream, counts and logs.
  void Finish(Side side, const absl::Status& why);

 private:
  void MarkLive();
  void Lose(const absl::Status& why);

  const UpstreamNeeds& upstream_;
  const SessionContext& context_;
  const MonotonicTime started_;
  SessionInfo info_;
  OriginSearch search_;
  std::unique_ptr<StreamLease> lease_;
  const Lost lost_;
  std::shared_ptr<StreamUse*> self_;  // By which answers about lease_ find this, if it is there.
};

}  // namespace srsproxy
