#include "dataplane/core/metrics.h"

#include <algorithm>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include "dataplane/core/metric_samples.h"
#include "dataplane/core/origin_metrics.h"
#include "dataplane/core/process_metrics.h"

namespace srsproxy {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Buckets = Histogram::BucketBoundaries;

// Upper bounds in seconds.
const Buckets& PickBuckets() {
  static const Buckets buckets{1e-6, 5e-6, 1e-5, 2.5e-5, 5e-5, 1e-4, 5e-4, 1e-3, 0.01, 0.1, 1, 10};
  return buckets;
}
const Buckets& NetworkBuckets() {
  static const Buckets buckets{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                               0.25,  0.5,    1,     2.5,  5,     10,   30};
  return buckets;
}
const Buckets& SessionBuckets() {
  static const Buckets buckets{1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 12 * 3600, 24 * 3600};
  return buckets;
}
const Buckets& LagBuckets() {
  static const Buckets buckets{0.0001, 0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5};
  return buckets;
}

std::string Text(std::string_view text) { return std::string(text); }

}  // namespace

// Sums the workers' counters.
class Metrics::WorkerTotals : public prometheus::Collectable {
 public:
  WorkerMetrics& Add() {
    const std::lock_guard lock(mutex_);
    return *workers_.emplace_back(std::make_unique<WorkerMetrics>());
  }

  std::vector<MetricFamily> Collect() const override {
    const std::lock_guard lock(mutex_);
    return {Connections(), Sessions(), SessionsTotal(), Bytes(), HttpResponses()};
  }

  Traffic Totals() const {
    const std::lock_guard lock(mutex_);
    Traffic totals;
    for (const auto& worker : workers_) {
      for (const auto& [protocol, protocol_name] : kEnumTable<Protocol>) {
        for (const auto& [role, role_name] : kEnumTable<Role>) {
          const auto& bytes = worker->bytes_[Index(protocol)][Index(role)];
          totals.sessions_begun += worker->started_[Index(protocol)][Index(role)].Value();
          totals.bytes_in += bytes[Index(Direction::kIn)].Value();
          totals.bytes_out += bytes[Index(Direction::kOut)].Value();
        }
      }
    }
    return totals;
  }

 private:
  // All of these are called with mutex_ held.

  // The sum over the workers of the counter that `select` picks.
  template <typename Select>
  double Sum(Select select) const {
    uint64_t sum = 0;
    for (const auto& worker : workers_) sum += select(*worker).Value();
    return static_cast<double>(sum);
  }

  template <typename Enum>
  static size_t Index(Enum value) {
    return WorkerMetrics::Index(value);
  }

  double Ended(Protocol protocol, Role role, Side side, EndReason reason) const {
    return Sum([&](const WorkerMetrics& worker) -> const RelaxedCounter& {
      return worker.ended_[Index(protocol)][Index(role)][Index(side)][Index(reason)];
    });
  }

  MetricFamily Connections() const {
    auto family = MakeFamily("srsproxy_connections", "Open client connections.", MetricType::Gauge);
    for (size_t i = 0; i < kCountedListeners; ++i) {
      const double closed = Sum([i](const WorkerMetrics& w) -> auto& { return w.closed_[i]; });
      const double opened = Sum([i](const WorkerMetrics& w) -> auto& { return w.opened_[i]; });
      AddSample(family, {{"listener", kListeners[i].name()}}, std::max(0.0, opened - closed));
    }
    return family;
  }

  MetricFamily Sessions() const {
    auto family = MakeFamily("srsproxy_sessions", "Sessions in progress.", MetricType::Gauge);
    for (const auto& [protocol, protocol_name] : kEnumTable<Protocol>) {
      for (const auto& [role, role_name] : kEnumTable<Role>) {
        double ended = 0;
        for (const auto& [side, side_name] : kEnumTable<Side>) {
          for (const auto& [reason, reason_name] : kEnumTable<EndReason>) {
            ended += Ended(protocol, role, side, reason);
          }
        }
        const double started = Sum([&](const WorkerMetrics& worker) -> auto& {
          return worker.started_[Index(protocol)][Index(role)];
        });
        AddSample(family, {{"protocol", protocol_name}, {"role", role_name}},
                  std::max(0.0, started - ended));
      }
    }
    return family;
  }

  MetricFamily SessionsTotal() const {
    auto family = MakeFamily("srsproxy_sessions_total",
                             "Sessions that have ended, by the side that ended them and why.",
                             MetricType::Counter);
    for (const auto& [protocol, protocol_name] : kEnumTable<Protocol>) {
      for (const auto& [role, role_name] : kEnumTable<Role>) {
        for (const auto& [side, side_name] : kEnumTable<Side>) {
          for (const auto& [reason, reason_name] : kEnumTable<EndReason>) {
            const double ended = Ended(protocol, role, side, reason);
            if (ended == 0) continue;  // Most of these combinations never happen.
            AddSample(family,
                      {{"protocol", protocol_name},
                       {"role", role_name},
                       {"side", side_name},
                       {"reason", reason_name}},
                      ended);
          }
        }
      }
    }
    return family;
  }

  MetricFamily Bytes() const {
    auto family =
        MakeFamily("srsproxy_bytes_total", "Bytes relayed, in from clients and out to clients.",
                   MetricType::Counter);
    for (const auto& [protocol, protocol_name] : kEnumTable<Protocol>) {
      for (const auto& [role, role_name] : kEnumTable<Role>) {
        for (const auto& [direction, direction_name] : kEnumTable<Direction>) {
          const double bytes = Sum([&](const WorkerMetrics& worker) -> auto& {
            return worker.bytes_[Index(protocol)][Index(role)][Index(direction)];
          });
          AddSample(
              family,
              {{"protocol", protocol_name}, {"role", role_name}, {"direction", direction_name}},
              bytes);
        }
      }
    }
    return family;
  }

  MetricFamily HttpResponses() const {
    auto family =
        MakeFamily("srsproxy_http_responses_total",
                   "Answers to requests of clients for media over HTTP.", MetricType::Counter);
    for (const auto& [protocol, protocol_name] : kEnumTable<Protocol>) {
      for (size_t status = 0; status < WorkerMetrics::kStatuses; ++status) {
        const double answers = Sum([&](const WorkerMetrics& worker) -> auto& {
          return worker.responses_[Index(protocol)][status];
        });
        if (answers == 0) continue;  // Most of these are never given.
        AddSample(family, {{"protocol", protocol_name}, {"code", std::to_string(status)}}, answers);
      }
    }
    return family;
  }

  mutable std::mutex mutex_;  // Guards the list; the counters in it need no lock.
  std::vector<std::unique_ptr<WorkerMetrics>> workers_;
};

struct Metrics::Families {
  Family<Counter>& AddCounter(std::string_view name, std::string_view help) {
    return prometheus::BuildCounter()
        .Name("srsproxy_" + Text(name))
        .Help(Text(help))
        .Register(registry);
  }
  Family<Gauge>& AddGauge(std::string_view name, std::string_view help) {
    return prometheus::BuildGauge()
        .Name("srsproxy_" + Text(name))
        .Help(Text(help))
        .Register(registry);
  }
  Family<Histogram>& AddHistogram(std::string_view name, std::string_view help) {
    return prometheus::BuildHistogram()
        .Name("srsproxy_" + Text(name))
        .Help(Text(help))
        .Register(registry);
  }

  prometheus::Registry registry;
  WorkerTotals workers;
  OriginMetrics origins;
  ProcessMetrics process;
  std::mutex scrape_mutex;  // One scrape at a time; guards the list.
  std::vector<std::function<void(Metrics&)>> collectors;

  Family<Gauge>& build_info = AddGauge("build_info", "The version of this proxy; always 1.");

  Family<Histogram>& handshake =
      AddHistogram("handshake_seconds", "Time of the handshake with the client or the origin.");
  Histogram& pick = AddHistogram("pick_seconds", "Time to find the origin of a client's stream.")
                        .Add({}, PickBuckets());
  Histogram& origin_connect =
      AddHistogram("origin_connect_seconds", "Time to connect to an origin, when it succeeded.")
          .Add({}, NetworkBuckets());
  Family<Histogram>& first_byte = AddHistogram(
      "first_byte_seconds", "Time from the client's connection to the first byte of media.");
  Family<Histogram>& session_duration =
      AddHistogram("session_duration_seconds", "How long sessions lasted.");
  Family<Histogram>& worker_loop_lag = AddHistogram(
      "worker_loop_lag_seconds", "How late a worker thread comes to work that is due.");
  Family<Counter>& client_errors =
      AddCounter("client_errors_total", "What clients sent that is not allowed, by kind.");
  Family<Counter>& limit_rejections =
      AddCounter("limit_rejections_total", "Clients turned away because a limit is reached.");
  Gauge& sessions_limit =
      AddGauge("sessions_limit", "How many sessions may be in progress at once.").Add({});

  Family<Counter>& stream_assignments = AddCounter(
      "stream_assignments_total", "Picks of an origin for a client, by the way it was found.");
  Family<Counter>& stream_moves =
      AddCounter("stream_moves_total",
                 "Streams that moved to another origin, or whose move began to wait, by cause.");
  Counter& sticky_violations =
      AddCounter("sticky_violations_total",
                 "Clients served by another origin than the one that holds their stream.")
          .Add({});
  Family<Counter>& rebalance_moves =
      AddCounter("rebalance_moves_total", "Moves of rebalances, by result.");
  Gauge& rebalance_in_progress =
      AddGauge("rebalance_in_progress", "1 while a rebalance moves streams.").Add({});
  Gauge& imbalance_ratio =
      AddGauge(
          "imbalance_ratio",
          "Streams in use of the fullest origin over its fair share by weight, less 1; 0 is even.")
          .Add({});
  Family<Gauge>& streams =
      AddGauge("streams", "Streams that are mapped to an origin, by whether they are in use.");

  Family<Counter>& heartbeats =
      AddCounter("heartbeats_total", "Heartbeats and registrations of origins, by result.");
  Counter& lease_expirations =
      AddCounter("lease_expirations_total", "Leases that ended because the origin was silent.")
          .Add({});
  Gauge& self_preservation =
      AddGauge("self_preservation",
               "1 while silent origins are kept because too many went silent at once.")
          .Add({});

  Family<Counter>& grpc_handled =
      AddCounter("grpc_server_handled_total", "gRPC calls answered, by method and status code.");
  Family<Histogram>& grpc_handling =
      AddHistogram("grpc_server_handling_seconds", "Time to answer a gRPC call.");
  Gauge& watch_streams = AddGauge("watch_streams", "Watch calls that are running.").Add({});

  Family<Counter>& auth_decisions = AddCounter(
      "auth_decisions_total", "Whether callers of the control plane were let in, and why.");
  Family<Gauge>& tls_cert_expiry =
      AddGauge("tls_cert_expiry_timestamp_seconds",
               "When the listener's certificate expires, in seconds since 1970.");

  Gauge& config_reload_success =
      AddGauge("config_reload_success", "1 when the settings could be read the last time, else 0.")
          .Add({});
  Counter& log_dropped =
      AddCounter("log_dropped_total", "Log lines dropped because writing them fell behind.")
          .Add({});
};

Metrics::Metrics(std::string_view version) : families_(std::make_unique<Families>()) {
  families_->build_info.Add({{"version", Text(version)}}).Set(1);
}

Metrics::~Metrics() = default;

WorkerMetrics& Metrics::AddWorker() { return families_->workers.Add(); }

Metrics::Traffic Metrics::traffic() const { return families_->workers.Totals(); }

void Metrics::AddCollector(std::function<void(Metrics&)> collect) {
  const std::lock_guard lock(families_->scrape_mutex);
  families_->collectors.push_back(std::move(collect));
}

std::string Metrics::Serialize() {
  const std::lock_guard lock(families_->scrape_mutex);
  for (const auto& collect : families_->collectors) collect(*this);
  std::vector<MetricFamily> all;
  const prometheus::Collectable* const sources[] = {&families_->registry, &families_->workers,
                                                    &families_->origins, &families_->process};
  for (const prometheus::Collectable* source : sources) {
    std::vector<MetricFamily> families = source->Collect();
    std::move(families.begin(), families.end(), std::back_inserter(all));
  }
  return prometheus::TextSerializer().Serialize(all);
}

void Metrics::ObserveHandshake(Protocol protocol, Side side, absl::Duration elapsed) {
  families_->handshake
      .Add({{"protocol", Text(ToName(protocol))}, {"side", Text(ToName(side))}}, NetworkBuckets())
      .Observe(absl::ToDoubleSeconds(elapsed));
}

void Metrics::ObservePick(absl::Duration elapsed) {
  families_->pick.Observe(absl::ToDoubleSeconds(elapsed));
}

void Metrics::ObserveOriginConnect(absl::Duration elapsed) {
  families_->origin_connect.Observe(absl::ToDoubleSeconds(elapsed));
}

void Metrics::ObserveFirstByte(Protocol protocol, Role role, absl::Duration elapsed) {
  families_->first_byte
      .Add({{"protocol", Text(ToName(protocol))}, {"role", Text(ToName(role))}}, NetworkBuckets())
      .Observe(absl::ToDoubleSeconds(elapsed));
}

void Metrics::ObserveSessionDuration(Protocol protocol, Role role, absl::Duration elapsed) {
  families_->session_duration
      .Add({{"protocol", Text(ToName(protocol))}, {"role", Text(ToName(role))}}, SessionBuckets())
      .Observe(absl::ToDoubleSeconds(elapsed));
}

void Metrics::ObserveWorkerLoopLag(size_t worker, absl::Duration lag) {
  families_->worker_loop_lag.Add({{"worker", std::to_string(worker)}}, LagBuckets())
      .Observe(absl::ToDoubleSeconds(lag));
}

void Metrics::CountClientError(std::string_view protocol, ClientError error) {
  families_->client_errors.Add({{"protocol", Text(protocol)}, {"reason", Text(ToName(error))}})
      .Increment();
}

void Metrics::CountLimitRejection(LimitReason reason) {
  families_->limit_rejections.Add({{"reason", Text(ToName(reason))}}).Increment();
}

void Metrics::SetSessionsLimit(uint64_t limit) {
  families_->sessions_limit.Set(static_cast<double>(limit));
}

void Metrics::CountStreamAssignment(std::string_view strategy, PickReason reason) {
  families_->stream_assignments
      .Add({{"strategy", Text(strategy)}, {"reason", Text(ToName(reason))}})
      .Increment();
}

void Metrics::CountStreamMove(MoveCause cause, bool pending) {
  families_->stream_moves
      .Add({{"reason", Text(ToName(cause))}, {"result", pending ? "pending" : "done"}})
      .Increment();
}

void Metrics::CountStickyViolation() { families_->sticky_violations.Increment(); }

void Metrics::CountRebalanceMove(std::string_view result) {
  families_->rebalance_moves.Add({{"result", Text(result)}}).Increment();
}

void Metrics::SetRebalanceInProgress(bool running) {
  families_->rebalance_in_progress.Set(running ? 1 : 0);
}

void Metrics::SetImbalanceRatio(double ratio) { families_->imbalance_ratio.Set(ratio); }

void Metrics::SetStreams(std::string_view state, uint64_t count) {
  families_->streams.Add({{"state", Text(state)}}).Set(static_cast<double>(count));
}

void Metrics::SetOrigins(const OriginSnapshot& snapshot, MonotonicTime now) {
  families_->origins.Set(snapshot, now);
}

void Metrics::CountOriginFailure(std::string_view origin, ConnectOutcome outcome) {
  families_->origins.CountFailure(origin, outcome);
}

void Metrics::CountOriginConflict(std::string_view origin) {
  families_->origins.CountConflict(origin);
}

void Metrics::CountHeartbeat(HeartbeatResult result) {
  families_->heartbeats.Add({{"result", Text(ToName(result))}}).Increment();
}

void Metrics::CountLeaseExpiration() { families_->lease_expirations.Increment(); }

void Metrics::SetSelfPreservation(bool active) { families_->self_preservation.Set(active ? 1 : 0); }

void Metrics::ObserveGrpc(std::string_view method, std::string_view code, absl::Duration elapsed) {
  families_->grpc_handled.Add({{"method", Text(method)}, {"code", Text(code)}}).Increment();
  families_->grpc_handling.Add({{"method", Text(method)}}, NetworkBuckets())
      .Observe(absl::ToDoubleSeconds(elapsed));
}

void Metrics::CountAuthDecision(AuthResult result, std::string_view reason) {
  families_->auth_decisions.Add({{"result", Text(ToName(result))}, {"reason", Text(reason)}})
      .Increment();
}

void Metrics::SetTlsCertExpiry(std::string_view listener, absl::Time expiry) {
  families_->tls_cert_expiry.Add({{"listener", Text(listener)}})
      .Set(static_cast<double>(absl::ToUnixSeconds(expiry)));
}

void Metrics::SetConfigReloadSuccess(bool success) {
  families_->config_reload_success.Set(success ? 1 : 0);
}

void Metrics::SetWatchStreams(size_t count) {
  families_->watch_streams.Set(static_cast<double>(count));
}

void Metrics::SetLogDropped(uint64_t lines) {
  const double more = static_cast<double>(lines) - families_->log_dropped.Value();
  if (more > 0) families_->log_dropped.Increment(more);
}

}  // namespace srsproxy
