// The end of an RTMP connection: what it counts as, and how it is logged where no session reports
// it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <absl/time/time.h>

#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/net/relay.h"
#include "dataplane/net/task.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/protocol/rtmp/bridge.h"
#include "dataplane/proxy/sessions/session_context.h"

namespace srsproxy {

// A connection that ended before its client had named a stream.
struct UnnamedConnection {
  std::string_view client;  // address:port
  uint64_t bytes_in = 0;
  uint64_t bytes_out = 0;
  absl::Duration lasted = absl::ZeroDuration();
  bool silent = false;  // The client has sent nothing, as a health check does.
};
// Ended by `side`, because of `why`.
void LogUnnamedConnection(const Logger& logger, const UnnamedConnection& connection, Side side,
                          const absl::Status& why);

// What the client, which ended the connection because of `why`, has done wrong; nullopt: nothing.
// `phase`: in which it ended. `left_in_handshake`: it had begun to shake hands, and left.
std::optional<ClientError> ClientErrorOf(const absl::Status& why, rtmp::BridgeState phase,
                                         bool left_in_handshake);

// Closes both connections, once `relay`, which they are attached to, has sent what it keeps for
// those who are still there; takes some seconds at most. `origin`: null if there is none. All
// outlive it.
net::Task<void> CloseConnections(const SessionContext& context, net::Relay& relay,
                                 net::TcpStream& client, net::TcpStream* origin);

}  // namespace srsproxy
