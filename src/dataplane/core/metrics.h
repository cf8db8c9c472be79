// Everything that this proxy shows Prometheus, described in docs/metrics.md. A metric is one row:
// of this file, or of worker_metrics when sessions count it more than a few times, or of
// origin_metrics when its series come and go with the origins.
//
// Labels come from closed lists: never a stream, a session or a client's address. `origin` is the
// origin's `server`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <prometheus/registry.h>

#include "dataplane/core/balancer.h"
#include "dataplane/core/enum_names.h"
#include "dataplane/core/metric_family.h"
#include "dataplane/core/origin_metrics.h"
#include "dataplane/core/process_metrics.h"
#include "dataplane/core/protocol.h"
#include "dataplane/core/stream_mapping.h"
#include "dataplane/core/worker_metrics.h"

namespace srsproxy {

// What a client did wrong.
enum class ClientError : uint8_t {
  kWrongProtocol,  // Not this protocol at all: HTTP or TLS on the RTMP port, random bytes.
  kHandshake,      // The handshake was cut or wrong.
  kMalformed,      // A message cannot be read.
  kTooLarge,       // It is over a size limit.
  kBadName,        // The stream's name is missing or not allowed.
  kTimeout,        // It was silent or too slow.
  kUnsupported,    // It wants what this proxy does not do.
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

// Whether a stream has moved, or its move waits for its publisher's end.
enum class MoveProgress : uint8_t { kDone, kPending };
constexpr auto NamesOf(MoveProgress) {
  return EnumNames<MoveProgress>(
      {{MoveProgress::kDone, "done"}, {MoveProgress::kPending, "pending"}});
}

// Thread-safe. Everything but WorkerMetrics takes a lock for a moment: call it once or a few times
// for a session, never for a packet.
class Metrics {
 public:
  // `version` is what build_info shows.
  explicit Metrics(std::string_view version) { build_info_.Set(version, 1); }
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // A new set of numbers for the calling thread. Lives as long as the Metrics.
  WorkerMetrics& AddWorker() { return workers_.Add(); }

  // `collect` is called at the start of each Serialize, to set the gauges that are computed then.
  // What it uses must live as long as the Metrics are served.
  void AddCollector(std::function<void(Metrics&)> collect);

  Traffic traffic() const { return workers_.traffic(); }

  // The text exposition format 0.0.4. Any thread, blocking for some milliseconds.
  std::string Serialize();

 private:
  using Text = std::string_view;
  using Buckets = prometheus::Histogram::BucketBoundaries;

  // Upper bounds in seconds.
  static Buckets PickBuckets();
  static Buckets NetworkBuckets();
  static Buckets RedisBuckets();
  static Buckets SessionBuckets();
  static Buckets LagBuckets();

  prometheus::Registry registry_;  // Before its families.
  WorkerTotals workers_;
  ProcessMetrics process_;
  std::mutex scrape_mutex_;  // One scrape at a time; guards the list.
  std::vector<std::function<void(Metrics&)>> collectors_;

  GaugeFamily<Text> build_info_{
      registry_, "srsproxy_build_info", "The version of this proxy; always 1.", {"version"}};

 public:
  // Sessions.
  HistogramFamily<Protocol, Side> handshake{registry_,
                                            "srsproxy_handshake_seconds",
                                            "Time of the handshake with the client or the origin.",
                                            {"protocol", "side"},
                                            NetworkBuckets()};
  HistogramFamily<> pick{registry_,
                         "srsproxy_pick_seconds",
                         "Time to find the origin of a client's stream.",
                         {},
                         PickBuckets()};
  HistogramFamily<> origin_connect{registry_,
                                   "srsproxy_origin_connect_seconds",
                                   "Time to connect to an origin, when it succeeded.",
                                   {},
                                   NetworkBuckets()};
  // From the client's connection to the first byte of media for it, or from it.
  HistogramFamily<Protocol, Role> first_byte{
      registry_,
      "srsproxy_first_byte_seconds",
      "Time from the client's connection to the first byte of media.",
      {"protocol", "role"},
      NetworkBuckets()};
  HistogramFamily<Protocol, Role> session_duration{registry_,
                                                   "srsproxy_session_duration_seconds",
                                                   "How long sessions lasted.",
                                                   {"protocol", "role"},
                                                   SessionBuckets()};
  HistogramFamily<size_t> worker_loop_lag{registry_,
                                          "srsproxy_worker_loop_lag_seconds",
                                          "How late a worker thread comes to work that is due.",
                                          {"worker"},
                                          LagBuckets()};
  // `protocol`: a name of Protocol, "system_api" or "http_api".
  CounterFamily<Text, ClientError> client_errors{registry_,
                                                 "srsproxy_client_errors_total",
                                                 "What clients sent that is not allowed, by kind.",
                                                 {"protocol", "reason"}};
  CounterFamily<LimitReason> limit_rejections{registry_,
                                              "srsproxy_limit_rejections_total",
                                              "Clients turned away because a limit is reached.",
                                              {"reason"}};
  GaugeFamily<> sessions_limit{registry_, "srsproxy_sessions_limit",
                               "How many sessions may be in progress at once."};

  // Placement. `strategy`: PROXY_LOAD_BALANCER_STRATEGY.
  CounterFamily<Text, PickReason> stream_assignments{
      registry_,
      "srsproxy_stream_assignments_total",
      "Picks of an origin for a client, by the way it was found.",
      {"strategy", "reason"}};
  CounterFamily<MoveCause, MoveProgress> stream_moves{
      registry_,
      "srsproxy_stream_moves_total",
      "Streams that moved to another origin, or whose move began to wait, by cause.",
      {"reason", "result"}};
  CounterFamily<> sticky_violations{
      registry_, "srsproxy_sticky_violations_total",
      "Clients served by another origin than the one that holds their stream."};
  CounterFamily<Text> rebalance_moves{registry_,
                                      "srsproxy_rebalance_moves_total",
                                      "Moves of rebalances, by result.",
                                      {"result"}};  // "moved", "skipped"
  GaugeFamily<> rebalance_in_progress{registry_, "srsproxy_rebalance_in_progress",
                                      "1 while a rebalance moves streams."};
  GaugeFamily<> imbalance_ratio{
      registry_, "srsproxy_imbalance_ratio",
      "Streams in use of the fullest origin over its fair share by weight, less 1; 0 is even."};
  GaugeFamily<Text> streams{registry_,
                            "srsproxy_streams",
                            "Streams that are mapped to an origin, by whether they are in use.",
                            {"state"}};  // "known", "in_use"

  // Origins.
  OriginMetrics origins;
  CounterFamily<HeartbeatResult> heartbeats{registry_,
                                            "srsproxy_heartbeats_total",
                                            "Heartbeats and registrations of origins, by result.",
                                            {"result"}};
  CounterFamily<> lease_expirations{registry_, "srsproxy_lease_expirations_total",
                                    "Leases that ended because the origin was silent."};
  GaugeFamily<> self_preservation{
      registry_, "srsproxy_self_preservation",
      "1 while silent origins are kept because too many went silent at once."};

  // State shared through Redis. `op`: a command or a script, by its name.
  GaugeFamily<> redis_up{
      registry_, "srsproxy_redis_up", "1 while Redis can be used, else 0.", {}, Shown::kOnceSet};
  HistogramFamily<Text> redis_command{registry_,
                                      "srsproxy_redis_command_seconds",
                                      "Time until a command of Redis is answered, or failed.",
                                      {"op"},
                                      RedisBuckets()};
  CounterFamily<> redis_cache_hits{
      registry_, "srsproxy_redis_cache_hits_total",
      "Viewers placed without asking Redis, by what is known here of their stream."};
  GaugeFamily<> redis_cache_staleness{registry_,
                                      "srsproxy_redis_cache_staleness_seconds",
                                      "How old what is known here of Redis may be.",
                                      {},
                                      Shown::kOnceSet};
  // `source`: which part of the state they belong to: "streams", "origins" or "hls".
  CounterFamily<Text> redis_broken_keys{
      registry_,
      "srsproxy_redis_broken_keys_total",
      "What was found in Redis that no proxy writes: removed, or passed over.",
      {"source"}};
  GaugeFamily<Text> fleet_streams{
      registry_,
      "srsproxy_fleet_streams",
      "Streams of all proxies that share Redis, by whether they are in use.",
      {"state"}};  // "known", "in_use"
  GaugeFamily<> proxies{registry_,
                        "srsproxy_proxies",
                        "Proxies that share Redis, this one among them.",
                        {},
                        Shown::kOnceSet};
  GaugeFamily<> driver{registry_,
                       "srsproxy_driver",
                       "1 while this proxy drives: it runs drains and rebalances for all.",
                       {},
                       Shown::kOnceSet};

  // Control plane and log. `method`: "srsproxy.v1.OriginService/RegisterOrigin"; `code`: "OK", ...
  CounterFamily<Text, Text> grpc_handled{registry_,
                                         "srsproxy_grpc_server_handled_total",
                                         "gRPC calls answered, by method and status code.",
                                         {"method", "code"}};
  HistogramFamily<Text> grpc_handling{registry_,
                                      "srsproxy_grpc_server_handling_seconds",
                                      "Time to answer a gRPC call.",
                                      {"method"},
                                      NetworkBuckets()};
  GaugeFamily<> watch_streams{registry_, "srsproxy_watch_streams", "Watch calls that are running."};
  // `reason`: how the caller was known ("token", "certificate", ...), or why it was denied, as in
  // docs/metrics.md.
  CounterFamily<AuthResult, Text> auth_decisions{
      registry_,
      "srsproxy_auth_decisions_total",
      "Whether callers of the control plane were let in, and why.",
      {"result", "reason"}};
  // `listener`: "grpc_server", "rtmps_server" or "https_server".
  GaugeFamily<Text> tls_cert_expiry{
      registry_,
      "srsproxy_tls_cert_expiry_timestamp_seconds",
      "When the listener's certificate expires, in seconds since 1970.",
      {"listener"}};
  GaugeFamily<> config_reload_success{registry_, "srsproxy_config_reload_success",
                                      "1 when the settings could be read the last time, else 0."};
  CounterFamily<> log_dropped{registry_, "srsproxy_log_dropped_total",
                              "Log lines dropped because writing them fell behind."};
};

}  // namespace srsproxy
