// The way of one client to an origin: picks one, dials it, reports how that went, and goes on to
// the next one when it cannot be reached.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dataplane/core/balancer.h"
#include "dataplane/core/config.h"
#include "dataplane/core/hops.h"
#include "dataplane/net/task.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only, for one call at a time.
class Connector {
 public:
  // How many origins one client is tried on.
  static constexpr size_t kMaxOriginsTried = 3;

  // Where to connect to, of an origin that was picked; nullopt: nowhere, for the caller is
  // connected already. A failure ends the search.
  using Choose = std::function<absl::StatusOr<std::optional<Endpoint>>(const Placement&)>;

  struct Connected {
    Placement placement;
    std::optional<net::TcpStream> stream;  // Absent: as Choose decided.
    bool pooled = false;                   // It carried other requests before.
  };
  enum class Pool : bool { kUse, kAvoid };

  // `client`: address:port, for the log; it has come by `hops`. `needs` outlives it. Without
  // `choose`: to the endpoint of the placement.
  Connector(const UpstreamNeeds& needs, std::shared_ptr<const Config> config, std::string client,
            const HopList& hops, Choose choose = nullptr);
  Connector(const Connector&) = delete;
  Connector& operator=(const Connector&) = delete;

  // Connects to an origin that was not tried in vain; `request.excluded` is set here. With
  // Pool::kUse a connection that is open already does. A lease that the caller holds from a former
  // call is let go of before. Fails as the last origin that was tried did, in words that are fit
  // for the client, when there is no other or enough were tried; CANCELLED: the coroutine was. A
  // client that has come in a circle gets none: CheckHops.
  net::Task<absl::StatusOr<Connected>> Connect(PickRequest request, Pool pool = Pool::kAvoid);

  // The same, beginning with a new connection to the origin that was picked already.
  net::Task<absl::StatusOr<Connected>> Reconnect(PickRequest request, Placement placement);

  // A new connection to `target` at the origin that was picked last, and no other.
  net::Task<absl::StatusOr<net::TcpStream>> Dial(const Endpoint& target);

  // The connected origin turned out not to speak the protocol. Counts against it.
  void OriginFailed(ConnectOutcome outcome, const absl::Status& why);

 private:
  net::Task<absl::StatusOr<Placement>> Pick(PickRequest request);
  net::Task<absl::StatusOr<Connected>> ConnectTo(Placement placement, Pool pool);
  // Why the origin that was tried last could not be used. Never OK.
  absl::Status failure() const;
  bool may_try_another() const { return tried_.size() < kMaxOriginsTried; }

  const UpstreamNeeds& needs_;
  const SessionContext& context_;
  const std::shared_ptr<const Config> config_;
  const std::string client_;
  const HopList hops_;
  const Choose choose_;
  std::string origin_id_;  // Of what was picked last.
  std::string server_;
  std::vector<std::string> tried_;  // Origin ids.
  absl::Status failure_;
};

}  // namespace srsproxy
