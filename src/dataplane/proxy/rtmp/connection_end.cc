#include "dataplane/proxy/rtmp/connection_end.h"

#include <utility>

#include "dataplane/core/session.h"
#include "dataplane/net/timeout.h"

namespace srsproxy {
namespace {

// How long the last bytes may take to reach those who are still there.
constexpr absl::Duration kLingerTimeout = absl::Seconds(2);

net::Task<void> AwaitDrained(const SessionContext& context, net::Relay& relay) {
  const net::Deadline late(context.executor(), kLingerTimeout, [&relay] {
    relay.Release(Side::kClient);
    relay.Release(Side::kOrigin);
  });
  const auto to_origin = co_await relay.Drained(Side::kOrigin);
  const auto to_client = co_await relay.Drained(Side::kClient);
  to_origin.IgnoreError();
  to_client.IgnoreError();
}

}  // namespace

void LogUnnamedConnection(const Logger& logger, const UnnamedConnection& connection, Side side,
                          const absl::Status& why) {
  const bool health_check = connection.silent && why.ok();
  logger.Log(health_check ? LogLevel::kDebug : LogLevel::kInfo,
             "connection ended before a stream was named",
             {{"protocol", ToName(Protocol::kRtmp)},
              {"client", connection.client},
              {"bytes_in", connection.bytes_in},
              {"bytes_out", connection.bytes_out},
              {"duration_seconds", absl::ToDoubleSeconds(connection.lasted)},
              {"side", ToName(side)},
              {"reason", ToName(EndReasonOf(why))},
              {"detail", MessageOf(why)}});
}

std::optional<ClientError> ClientErrorOf(const absl::Status& why, rtmp::BridgeState phase,
                                         bool left_in_handshake) {
  if (absl::IsDeadlineExceeded(why)) return ClientError::kTimeout;
  if (absl::IsOutOfRange(why)) return ClientError::kTooLarge;
  if (absl::IsInvalidArgument(why)) {
    switch (phase) {
      case rtmp::BridgeState::kHandshake:
        return ClientError::kWrongProtocol;
      case rtmp::BridgeState::kSelecting:
        return ClientError::kBadName;
      default:
        return ClientError::kMalformed;
    }
  }
  if (why.ok() && left_in_handshake) return ClientError::kHandshake;
  return std::nullopt;
}

net::Task<void> CloseConnections(const SessionContext& context, net::Relay& relay,
                                 net::TcpStream& client, net::TcpStream* origin) {
  co_await AwaitDrained(context, relay);
  relay.Release(Side::kClient);
  relay.Release(Side::kOrigin);
  const auto executor = context.executor();
  if (origin != nullptr) {
    origin->ShutdownWrite();
    client.ShutdownWrite();
    co_await net::LingeringClose(context.immediate_poller(), executor, std::move(*origin),
                                 kLingerTimeout);
  }
  co_await net::LingeringClose(context.immediate_poller(), executor, std::move(client),
                               kLingerTimeout);
}

}  // namespace srsproxy
