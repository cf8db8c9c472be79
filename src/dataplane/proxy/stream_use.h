// One client's use of one stream, from its name to its end: what is the same for every protocol.
// Asks for an origin and dials it, holds the stream's lease, counts, and tells the end.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/core/balancer.h"
#include "dataplane/core/config.h"
#include "dataplane/core/session_control.h"
#include "dataplane/net/dial.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/proxy/session_services.h"

namespace srsproxy {

// Used on its worker only. A session may have several, one after another.
class StreamUse {
 public:
  // How many origins one client's connection is tried on.
  static constexpr size_t kMaxOriginsTried = 3;

  // Begins. `client`: address:port. `services` outlives it.
  StreamUse(SessionServices& services, std::shared_ptr<const Config> config, Protocol protocol,
            Role role, StreamKey key, std::string client);
  StreamUse(const StreamUse&) = delete;
  StreamUse& operator=(const StreamUse&) = delete;

  const SessionInfo& info() const { return info_; }
  Role role() const { return info_.role; }

  bool may_try_another() const { return tried_.size() < kMaxOriginsTried; }
  // Asks for an origin that was not tried in vain, and holds its lease from then on. `cancel` as in
  // PickOrigin. Fails as the last origin that was tried did, when there is no other.
  net::Task<absl::StatusOr<Placement>> Pick(std::function<void()>& cancel);

  // Connects to `target` at the picked origin. `dialing` is set while it may be cancelled. A
  // failure was reported by OriginFailed.
  net::Task<absl::StatusOr<net::TcpStream>> Dial(const Endpoint& target, net::Dialer*& dialing);

  // The picked origin could not be reached, or does not speak the protocol. Counts against it.
  void OriginFailed(ConnectOutcome outcome, const absl::Status& why);
  // Why the origin that was tried last could not be used, in words that are fit for the client.
  const absl::Status& failure() const { return failure_; }

  // The origin said no, or nobody could be asked.
  void Refused();
  // The origin said yes to a publisher.
  void PublisherAccepted();
  // The first media has come, `since` the client's connection.
  void MediaFlows(MonotonicTime since);

  // Bytes from, and to, the client.
  void AddBytes(uint64_t in, uint64_t out);

  // Ends, once: lets go of the stream, counts and logs.
  void Finish(Side side, const absl::Status& why);

 private:
  SessionServices& services_;
  const std::shared_ptr<const Config> config_;
  const MonotonicTime started_;
  SessionInfo info_;
  std::string origin_;              // `server`
  std::vector<std::string> tried_;  // Origin ids.
  absl::Status failure_;
  std::unique_ptr<StreamLease> lease_;
};

}  // namespace srsproxy
