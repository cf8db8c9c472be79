// The search for an origin that can serve one client: asks for one, dials it, and goes on to
// another when it cannot be reached.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/core/balancer.h"
#include "dataplane/core/config.h"
#include "dataplane/core/hops.h"
#include "dataplane/net/dial.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only.
class OriginSearch {
 public:
  // How many origins one client is tried on.
  static constexpr size_t kMaxOriginsTried = 3;

  // `client`: address:port, for the log; it has come by `hops`. `upstream` outlives it.
  OriginSearch(const UpstreamNeeds& upstream, std::shared_ptr<const Config> config,
               std::string client, const HopList& hops);
  OriginSearch(const OriginSearch&) = delete;
  OriginSearch& operator=(const OriginSearch&) = delete;

  bool may_try_another() const { return tried_.size() < kMaxOriginsTried; }

  // Asks for an origin that was not tried in vain; `request.excluded` is set here. `cancel` as in
  // PickOrigin. Fails as the last origin that was tried did, when there is no other. A lease that
  // the caller holds from a former pick is let go of first. A client that has come in a circle gets
  // none: CheckHops.
  net::Task<absl::StatusOr<Placement>> Pick(PickRequest request, std::function<void()>& cancel);

  // Connects to `target` at the picked origin. `dialing` is set while it may be cancelled. A
  // failure was reported by OriginFailed.
  net::Task<absl::StatusOr<net::TcpStream>> Dial(const Endpoint& target, net::Dialer*& dialing);

  // The picked origin could not be reached, or does not speak the protocol. Counts against it.
  void OriginFailed(ConnectOutcome outcome, const absl::Status& why);
  // Why the origin that was tried last could not be used, in words that are fit for the client.
  // Never OK, also when none was tried.
  absl::Status failure() const;

  // Of the picked origin; empty before.
  const std::string& origin_id() const { return origin_id_; }
  const std::string& server() const { return server_; }

 private:
  const UpstreamNeeds& upstream_;
  const SessionContext& context_;
  const std::shared_ptr<const Config> config_;
  const std::string client_;
  const HopList hops_;
  std::string origin_id_;
  std::string server_;
  std::vector<std::string> tried_;  // Origin ids.
  absl::Status failure_;
};

}  // namespace srsproxy
