// Everything this proxy tells Prometheus: each metric is declared once, here and in metrics.cc, and
// described in docs/metrics.md.
//
// Labels come from closed lists: never a stream, a session or a client's address. `origin` is the
// origin's `server`.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <absl/time/time.h>

#include "dataplane/core/balancer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/listener.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/session.h"
#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// As seen from the client's side of this proxy.
enum class Direction : uint8_t { kIn, kOut };
constexpr auto NamesOf(Direction) {
  return EnumNames<Direction>({{Direction::kIn, "in"}, {Direction::kOut, "out"}});
}

// What a client did wrong.
enum class ClientError : uint8_t {
  kWrongProtocol,  // Not this protocol at all: HTTP or TLS on the RTMP port, random bytes.
  kHandshake,      // The handshake was cut or wrong.
  kMalformed,      // A message cannot be read.
  kTooLarge,       // It is over a size limit.
  kBadName,        // The stream's name is missing or not allowed.
  kTimeout,        // It was silent or too slow.
  kUnsupported,    // It asks for what this proxy does not do.
};
constexpr auto NamesOf(ClientError) {
  return EnumNames<ClientError>({{ClientError::kWrongProtocol, "wrong_protocol"},
                                 {ClientError::kHandshake, "handshake"},
                                 {ClientError::kMalformed, "malformed"},
                                 {ClientError::kTooLarge, "too_large"},
                                 {ClientError::kBadName, "bad_name"},
                                 {ClientError::kTimeout, "timeout"},
                                 {ClientError::kUnsupported, "unsupported"}});
}

enum class LimitReason : uint8_t {
  kMaxSessions,
  kMaxStreams,
  kDescriptors,
  kConnections,
  kClusterRequests,
};
constexpr auto NamesOf(LimitReason) {
  return EnumNames<LimitReason>({{LimitReason::kMaxSessions, "max_sessions"},
                                 {LimitReason::kMaxStreams, "max_streams"},
                                 {LimitReason::kDescriptors, "descriptors"},
                                 {LimitReason::kConnections, "connections"},
                                 {LimitReason::kClusterRequests, "cluster_requests"}});
}

enum class HeartbeatResult : uint8_t { kAccepted, kRejected, kUnknownLease };
constexpr auto NamesOf(HeartbeatResult) {
  return EnumNames<HeartbeatResult>({{HeartbeatResult::kAccepted, "accepted"},
                                     {HeartbeatResult::kRejected, "rejected"},
                                     {HeartbeatResult::kUnknownLease, "unknown_lease"}});
}

enum class AuthResult : uint8_t { kAllowed, kDenied };
constexpr auto NamesOf(AuthResult) {
  return EnumNames<AuthResult>(
      {{AuthResult::kAllowed, "allowed"}, {AuthResult::kDenied, "denied"}});
}

// A counter that one thread writes and any thread reads.
class RelaxedCounter {
 public:
  void Add(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  uint64_t Value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// The counters of one thread. Only that thread calls the members; a scrape sums over the threads.
class alignas(64) WorkerMetrics {
 public:
  void ConnectionOpened(Listener listener) { opened_[Index(listener)].Add(1); }
  void ConnectionClosed(Listener listener) { closed_[Index(listener)].Add(1); }

  void SessionStarted(Protocol protocol, Role role) {
    started_[Index(protocol)][Index(role)].Add(1);
  }
  // The counterpart of SessionStarted. Its bytes were counted by AddBytes as they flowed.
  void SessionEnded(const SessionEnd& end) {
    ended_[Index(end.protocol)][Index(end.role)][Index(end.side)][Index(end.reason)].Add(1);
  }

  // An answer to a client's request over HTTP.
  void CountHttpResponse(Protocol protocol, unsigned status) {
    responses_[Index(protocol)][std::min<size_t>(status, kStatuses - 1)].Add(1);
  }

  void AddBytes(Protocol protocol, Role role, Direction direction, uint64_t bytes) {
    bytes_[Index(protocol)][Index(role)][Index(direction)].Add(bytes);
  }

 private:
  friend class Metrics;

  static constexpr size_t kProtocols = kEnumSize<Protocol>;
  static constexpr size_t kRoles = kEnumSize<Role>;
  static constexpr size_t kSides = kEnumSize<Side>;
  static constexpr size_t kDirections = kEnumSize<Direction>;
  static constexpr size_t kStatuses = 600;

  template <typename Enum>
  static constexpr size_t Index(Enum value) {
    return static_cast<size_t>(value);
  }
  template <typename T, size_t kSize>
  using Array = std::array<T, kSize>;

  Array<RelaxedCounter, kCountedListeners> opened_;
  Array<RelaxedCounter, kCountedListeners> closed_;
  Array<Array<RelaxedCounter, kRoles>, kProtocols> started_;
  Array<Array<Array<Array<RelaxedCounter, kEnumSize<EndReason>>, kSides>, kRoles>, kProtocols>
      ended_;
  Array<Array<Array<RelaxedCounter, kDirections>, kRoles>, kProtocols> bytes_;
  Array<Array<RelaxedCounter, kStatuses>, kProtocols> responses_;
};

// Thread-safe. Everything but WorkerMetrics may take a lock for a moment: call it once or a few
// times for a session, never for a packet.
class Metrics {
 public:
  // `version` is what build_info says.
  explicit Metrics(std::string_view version);
  ~Metrics();

  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // A new set of counters for the calling thread. Lives as long as the Metrics.
  WorkerMetrics& AddWorker();

  // `collect` is called at the start of each Serialize, to set the gauges that are computed then.
  // What it uses must live as long as the Metrics are served.
  void AddCollector(std::function<void(Metrics&)> collect);

  // All sessions since the start.
  struct Traffic {
    uint64_t sessions_begun = 0;
    uint64_t bytes_in = 0;   // From clients.
    uint64_t bytes_out = 0;  // To clients.
  };
  Traffic traffic() const;

  // The text exposition format 0.0.4. Any thread, blocking for some milliseconds.
  std::string Serialize();

  // Sessions.
  void ObserveHandshake(Protocol protocol, Side side, absl::Duration elapsed);
  void ObservePick(absl::Duration elapsed);
  void ObserveOriginConnect(absl::Duration elapsed);
  // From the client's connection to the first byte of media for it, or from it.
  void ObserveFirstByte(Protocol protocol, Role role, absl::Duration elapsed);
  void ObserveSessionDuration(Protocol protocol, Role role, absl::Duration elapsed);
  void ObserveWorkerLoopLag(size_t worker, absl::Duration lag);
  // `protocol`: ToName(), "system_api" or "http_api".
  void CountClientError(std::string_view protocol, ClientError error);
  void CountLimitRejection(LimitReason reason);
  void SetSessionsLimit(uint64_t limit);

  // Placement. `strategy`: PROXY_LOAD_BALANCER_STRATEGY.
  void CountStreamAssignment(std::string_view strategy, PickReason reason);
  // A stream has moved to another origin, or its move has to wait for its publisher's end.
  void CountStreamMove(MoveCause cause, bool pending);
  // A client had to be served by another origin than the stream's.
  void CountStickyViolation();
  void CountRebalanceMove(std::string_view result);  // "moved", "skipped"
  void SetRebalanceInProgress(bool running);
  void SetImbalanceRatio(double ratio);                     // 0: even.
  void SetStreams(std::string_view state, uint64_t count);  // "known", "live", ...

  // Origins. `origin` is the `server`.
  // Sets every gauge of the origins, and forgets the series of those that are no longer there.
  void SetOrigins(const OriginSnapshot& snapshot, MonotonicTime now);
  void CountOriginFailure(std::string_view origin, ConnectOutcome outcome);
  void CountOriginConflict(std::string_view origin);
  void CountHeartbeat(HeartbeatResult result);
  void CountLeaseExpiration();
  void SetSelfPreservation(bool active);

  // Control plane and log. `method`: "srsproxy.v1.OriginService/RegisterOrigin"; `code`: "OK", ...
  void ObserveGrpc(std::string_view method, std::string_view code, absl::Duration elapsed);
  // `reason`: how the caller was known ("token", "certificate", ...), or why it was denied, as in
  // docs/metrics.md.
  void CountAuthDecision(AuthResult result, std::string_view reason);
  // `listener`: "grpc_server", "rtmps_server" or "https_server".
  void SetTlsCertExpiry(std::string_view listener, absl::Time expiry);
  void SetConfigReloadSuccess(bool success);
  void SetWatchStreams(size_t count);
  void SetLogDropped(uint64_t lines);  // Since the start. Called by one collector only.

 private:
  struct Families;
  class WorkerTotals;

  const std::unique_ptr<Families> families_;
};

}  // namespace srsproxy
