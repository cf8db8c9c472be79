#include "dataplane/data_plane.h"

#include <filesystem>
#include <system_error>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

#include "dataplane/balance/start_settle.h"
#include "dataplane/core/random_seed.h"
#include "dataplane/net/descriptors.h"
#include "dataplane/proxy/http/cluster_api.h"
#include "dataplane/proxy/sessions/worker_sessions.h"
#include "dataplane/proxy/upstream/allowed_origins.h"

namespace srsproxy {
namespace {

// Between two ticks of a process that runs, however busy. Of a longer time no more counts.
constexpr absl::Duration kLongestGap = absl::Seconds(2);
// Fewer sessions than this is seldom what an operator wants.
constexpr uint64_t kLowSessionLimit = 4096;

// share/srsproxy/www beside the folder that this program lies in.
std::string InstalledPage() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share" / "srsproxy" / "www").string();
}

OriginRegistryOptions RegistryOptions(const Config& config) {
  OriginRegistryOptions options{.ttl = config.origin_server_ttl,
                                .start_settle = config.start_settle};
  // Of a dead origin's keys Redis keeps none, for nobody.
  if (config.load_balancer_type == LoadBalancerType::kRedis) {
    options.keep_dead = absl::ZeroDuration();
  }
  return options;
}

}  // namespace

DataPlane::DataPlane(const Dependencies& dependencies)
    : dependencies_(dependencies),
      started_(dependencies.clock.Now()),
      running_clock_(dependencies.clock, kLongestGap),
      origins_(std::make_unique<OriginRegistry>(running_clock_, *dependencies.stores.origins,
                                                RegistryOptions(*dependencies.config.Get()),
                                                dependencies.stores.fleet.get())),
      event_log_(dependencies.clock),
      origin_event_reporter_(event_log_, dependencies.logger, dependencies.metrics),
      balancer_(std::make_unique<StickyBalancer>(
          *origins_, dependencies.stores.streams, stream_counts_,
          PlacementOptions::From(*dependencies.config.Get()), RandomSeed())),
      descriptors_(RaiseDescriptorLimit()),
      hls_sessions_(running_clock_, dependencies.logger, dependencies.metrics,
                    dependencies.metrics.AddWorker()),
      limit_(SessionLimitFor(descriptors_, dependencies.config.Get()->max_sessions)),
      cluster_requests_(ClusterApi::kMaxAtOnce),
      workers_(net::MakeWorkers(dependencies.config.Get()->workers)),
      config_changes_(dependencies.config.Subscribe(
          [this](const Config&, const Config& now) { Reconfigure(now); })) {
  counted_streams_ = streams().Subscribe(stream_counts_);
  logged_streams_ = streams().Subscribe(event_log_);
  MakeWorkerContexts();
  MakeMovers();
  listeners_ = std::make_unique<Listeners>(Listeners::Needs{.workers = workers_,
                                                            .contexts = contexts_,
                                                            .limit = limit_,
                                                            .dial_rules = dependencies.dial_rules,
                                                            .clock = dependencies.clock,
                                                            .logger = dependencies.logger,
                                                            .metrics = dependencies.metrics});
  maintenance_ =
      std::make_unique<Maintenance>(Maintenance::Needs{.config = dependencies.config,
                                                       .logger = dependencies.logger,
                                                       .metrics = dependencies.metrics,
                                                       .dial_rules = dependencies.dial_rules,
                                                       .running_clock = running_clock_,
                                                       .origins = *origins_,
                                                       .streams = streams(),
                                                       .migrations = *migrations_,
                                                       .rebalancer = *rebalancer_,
                                                       .hls_sessions = hls_sessions_,
                                                       .settling = dependencies.settling,
                                                       .store_state = dependencies.store_state},
                                    worker_count());
}

void DataPlane::MakeWorkerContexts() {
  const WorkerContext::Shared shared{.config = dependencies_.config,
                                     .clock = dependencies_.clock,
                                     .logger = dependencies_.logger,
                                     .metrics = dependencies_.metrics,
                                     .authorizer = dependencies_.authorizer,
                                     .stores = dependencies_.stores,
                                     .dial_rules = dependencies_.dial_rules,
                                     .balancer = *balancer_,
                                     .origins = *origins_,
                                     .hls_sessions = hls_sessions_,
                                     .cluster_requests = cluster_requests_,
                                     .boot_id = NewBootId(),
                                     .started = started_};
  std::vector<WorkerSessions::Table> tables;
  std::vector<GracefulShutdown::WorkerSessions> ends;
  for (const auto& worker : workers_) {
    const auto& context = contexts_.emplace_back(std::make_unique<WorkerContext>(*worker, shared));
    tables.push_back({*worker, context->sessions()});
    ends.push_back({*worker, context->sessions()});
  }
  session_control_ = std::make_unique<WorkerSessions>(std::move(tables),
                                                      std::vector<SessionSource*>{&hls_sessions_});
  shutdown_ = std::make_unique<GracefulShutdown>(dependencies_.clock, std::move(ends));
}

void DataPlane::MakeMovers() {
  auto choose = [this](const StreamKey& key, std::string_view leaving_server) {
    return balancer_->ChooseFor(key, leaving_server);
  };
  migrations_ = std::make_unique<MigrationController>(
      MigrationController::Dependencies{.clock = dependencies_.clock,
                                        .logger = dependencies_.logger,
                                        .metrics = dependencies_.metrics,
                                        .origins = *origins_,
                                        .streams = streams(),
                                        .sessions = *session_control_,
                                        .choose = std::move(choose),
                                        .fleet = dependencies_.stores.fleet.get()});
  migrated_streams_ = streams().Subscribe(*migrations_);
  rebalancer_ = std::make_unique<Rebalancer>(
      Rebalancer::Dependencies{.clock = dependencies_.clock,
                               .logger = dependencies_.logger,
                               .metrics = dependencies_.metrics,
                               .origins = *origins_,
                               .streams = streams(),
                               .balancer = *balancer_,
                               .fleet = dependencies_.stores.fleet.get()},
      RandomSeed());
}

DataPlane::~DataPlane() {
  dependencies_.stores.Stop();
  maintenance_->Stop();
  for (const auto& worker : workers_) worker->Stop();
  if (static_files_ != nullptr) static_files_->Stop();
  // The acceptors before the workers whose sockets they are; the sessions with their workers.
  listeners_->Close();
  workers_.clear();
}

absl::Status DataPlane::Start() {
  const auto settings = dependencies_.config.Get();
  const Config& config = *settings;
  origin_events_ = origins_->Subscribe([this](const OriginEvent& event) { OnOriginEvent(event); });
  if (const size_t remembered = origins_->snapshot()->origins.size(); remembered > 0) {
    dependencies_.logger.Info("origins known from before the start", {{"origins", remembered}});
  }
  if (auto status = OpenStaticFiles(config); !status.ok()) return status;
  if (auto status = listeners_->Open(config); !status.ok()) return status;
  auto status = RegisterDefaultBackend(config, dependencies_.dial_rules, *origins_);
  if (!status.ok()) return status;
  live_streams_.emplace(dependencies_.clock, streams(), *session_control_,
                        LiveStreams::Ports{.rtmp = listeners_->PortOf(Listener::kRtmp),
                                           .rtmps = listeners_->PortOf(Listener::kRtmps)});
  CollectMetrics();
  if (limit_.limit() < kLowSessionLimit) {
    dependencies_.logger.Warn("few sessions fit; raise the limit of open files (ulimit -n)",
                              {{"sessions_limit", limit_.limit()}});
  }
  maintenance_->Start();
  for (const auto& context : contexts_) {
    context->ServeHttp(*live_streams_, static_files_.get());
    net::asio::co_spawn(context->worker().io(), context->Maintain(), net::asio::detached);
    context->worker().Start();
  }
  return absl::OkStatus();
}

void DataPlane::CollectMetrics() {
  dependencies_.metrics.sessions_limit.Set(limit_.limit());
  dependencies_.metrics.AddCollector([this](Metrics& to) {
    to.origins.Set(*origins_->snapshot(), running_clock_.Now());
    to.self_preservation.Set(origins_->stats().self_preservation);
    to.streams.Set("known", streams().size());
    to.streams.Set("in_use", streams().in_use());
    to.imbalance_ratio.Set(balancer_->Imbalance());
    to.log_dropped.RaiseTo(dependencies_.logger.dropped());
  });
}

void DataPlane::Reconfigure(const Config& config) {
  limit_.SetLimit(SessionLimitFor(descriptors_, config.max_sessions));
  dependencies_.metrics.sessions_limit.Set(limit_.limit());
  streams().SetMaxStreams(config.max_streams);
  origins_->SetTtl(config.origin_server_ttl);
  balancer_->Configure(PlacementOptions::From(config));
}

absl::Status DataPlane::OpenStaticFiles(const Config& config) {
  const bool chosen = !config.static_files.empty();
  if (!chosen && !config.http_server.enabled && !config.https_server.enabled) {
    return absl::OkStatus();
  }
  auto files = StaticFiles::Open(chosen ? config.static_files : InstalledPage());
  if (files.ok()) {
    static_files_ = *std::move(files);
  } else if (chosen) {
    return ProxyFailure(files.status().code(),
                        "PROXY_STATIC_FILES: " + std::string(MessageOf(files.status())));
  } else {
    dependencies_.logger.Info("no page is served", {{"why", MessageOf(files.status())}});
  }
  return absl::OkStatus();
}

void DataPlane::OnOriginEvent(const OriginEvent& event) {
  origin_event_reporter_.Report(event);
  if (event.kind == OriginEvent::Kind::kJoined &&
      dependencies_.clock.Now() - started_ < StartSettle::kWindow) {
    maintenance_->OriginJoined();
  }
}

bool DataPlane::BeginDrain(absl::Duration spread) {
  if (!shutdown_->BeginDrain(spread)) return false;
  StopAccepting();
  return true;
}

bool DataPlane::Drain(absl::Duration timeout) {
  hls_sessions_.EndAll(ProxyFailure(absl::StatusCode::kCancelled, "this proxy stops"));
  return shutdown_->EndAll(timeout);
}

}  // namespace srsproxy
