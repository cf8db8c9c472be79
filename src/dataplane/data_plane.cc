#include "dataplane/data_plane.h"

#include <cmath>
#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <random>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dataplane/balance/start_settle.h"
#include "dataplane/http_sites.h"
#include "dataplane/net/descriptors.h"
#include "dataplane/net/dial.h"
#include "dataplane/net/listener.h"
#include "dataplane/proxy/http/http_session.h"
#include "dataplane/proxy/rtmp/rtmp_session.h"
#include "dataplane/proxy/sessions/worker_sessions.h"

namespace srsproxy {
namespace {

constexpr auto kTick = std::chrono::seconds(1);
// Between two ticks of a process that runs, however busy. Of a longer time no more counts.
constexpr absl::Duration kLongestGap = absl::Seconds(2);
constexpr auto kMoverTick = std::chrono::milliseconds(100);
constexpr std::chrono::nanoseconds kDrainStep = std::chrono::milliseconds(100);
constexpr absl::Duration kRefusalLogInterval = absl::Seconds(10);
// Fewer sessions than this is seldom what an operator wants.
constexpr uint64_t kLowSessionLimit = 4096;
// The default backend is one origin; it has no identity of its own.
constexpr std::string_view kDefaultBackendServer = "default-backend";

// share/srsproxy/www beside the folder that this program lies in.
std::string InstalledPage() {
  std::error_code error;
  const auto program = std::filesystem::read_symlink("/proc/self/exe", error);
  return (program.parent_path().parent_path() / "share" / "srsproxy" / "www").string();
}

// Where PROXY_ORIGIN_NETWORKS was read after the origin had registered.
absl::Status CheckInNetworks(const OriginRegistration& origin,
                             const std::vector<Network>& networks) {
  for (const auto* endpoints :
       {&origin.rtmp, &origin.http, &origin.api, &origin.srt, &origin.rtc}) {
    for (const Endpoint& endpoint : *endpoints) {
      const std::string host = DialEndpoint(origin, endpoint).host;
      if (!Admits(networks, host)) {
        return OriginFailure(absl::StatusCode::kPermissionDenied,
                             host + " is not in PROXY_ORIGIN_NETWORKS");
      }
    }
  }
  return absl::OkStatus();
}

uint64_t RandomSeed() {
  std::random_device random;
  const uint64_t high = random();
  return high << 32 | random();
}

}  // namespace

struct DataPlane::Lane {
  Lane(net::Worker& its_worker, WorkerMetrics& worker_metrics, const Dependencies& with,
       DataPlane& plane)
      : sessions(its_worker.io().get_executor()),
        origin_connections(with.clock),
        hop_guard(plane.boot_id_, with.clock, with.logger),
        context{.worker = its_worker,
                .clock = with.clock,
                .logger = with.logger,
                .metrics = with.metrics,
                .counters = worker_metrics},
        upstream{.context = context,
                 .balancer = *plane.balancer_,
                 .origins = *plane.origins_,
                 .dial_rules = with.dial_rules,
                 .hop_guard = hop_guard,
                 .connections = origin_connections,
                 .proxy_started = plane.started_},
        rtmp{with.config, upstream, sessions, random},
        http{with.config, context, sessions},
        hls{upstream, plane.hls_sessions_, *with.stores.sessions},
        cluster{upstream, with.authorizer, plane.cluster_requests_} {}

  net::Worker& worker() { return context.worker; }

  std::mt19937_64 random{RandomSeed()};
  SessionTable sessions;
  OriginConnections origin_connections;
  HopGuard hop_guard;
  const SessionContext context;
  const UpstreamNeeds upstream;
  const RtmpSessionNeeds rtmp;
  const HttpSessionNeeds http;
  const HlsNeeds hls;
  const ClusterApiNeeds cluster;
  std::optional<HttpSites> sites;  // Once listening.
  MonotonicTime refusal_logged;    // When this worker last said that the limit is reached.
};

struct DataPlane::Listening {
  Listener listener;
  bool tls = false;
  std::vector<net::tcp::acceptor> acceptors;  // One for each worker.
};

// Workers report here that their sessions are gone; outlives a drain that was given up.
struct DataPlane::DrainState {
  std::mutex mutex;
  std::condition_variable changed;
  size_t waiting = 0;
};

DataPlane::DataPlane(const Dependencies& dependencies)
    : dependencies_(dependencies),
      started_(dependencies.clock.Now()),
      running_clock_(dependencies.clock, kLongestGap),
      origins_(std::make_unique<OriginRegistry>(
          running_clock_, *dependencies.stores.origins,
          OriginRegistryOptions{.ttl = dependencies.config.Get()->origin_server_ttl,
                                .start_settle = dependencies.config.Get()->start_settle},
          dependencies.stores.fleet.get())),
      event_log_(dependencies.clock),
      balancer_(std::make_unique<StickyBalancer>(
          *origins_, dependencies.stores.streams, stream_counts_,
          PlacementOptions::From(*dependencies.config.Get()), RandomSeed())),
      descriptors_(RaiseDescriptorLimit()),
      hls_sessions_(running_clock_, dependencies.logger, dependencies.metrics,
                    dependencies.metrics.AddWorker()),
      limit_(std::make_unique<SessionLimit>(
          SessionLimitFor(descriptors_, dependencies.config.Get()->max_sessions))),
      cluster_requests_(ClusterApi::kMaxAtOnce),
      workers_(net::MakeWorkers(dependencies.config.Get()->workers)),
      housekeeper_(std::make_unique<net::Worker>(worker_count())),
      config_changes_(dependencies.config,
                      [this](const Config&, const Config& now) { Reconfigure(now); }) {
  streams().AddObserver(stream_counts_);
  streams().AddObserver(event_log_);
  for (const auto& worker : workers_) {
    lanes_.push_back(
        std::make_unique<Lane>(*worker, dependencies.metrics.AddWorker(), dependencies_, *this));
  }
  std::vector<WorkerSessions::Lane> tables;
  for (const auto& lane : lanes_) tables.push_back({lane->worker(), lane->sessions});
  session_control_ = std::make_unique<WorkerSessions>(std::move(tables),
                                                      std::vector<SessionSource*>{&hls_sessions_});
  auto choose = [this](const StreamKey& key, std::string_view leaving_server) {
    return balancer_->ChooseFor(key, leaving_server);
  };
  mover_ = std::make_unique<Mover>(Mover::Dependencies{.clock = dependencies.clock,
                                                       .logger = dependencies.logger,
                                                       .metrics = dependencies.metrics,
                                                       .origins = *origins_,
                                                       .streams = streams(),
                                                       .sessions = *session_control_,
                                                       .choose = std::move(choose),
                                                       .fleet = dependencies.stores.fleet.get()});
  streams().AddObserver(*mover_);
  rebalancer_ = std::make_unique<Rebalancer>(
      Rebalancer::Dependencies{.clock = dependencies.clock,
                               .logger = dependencies.logger,
                               .metrics = dependencies.metrics,
                               .origins = *origins_,
                               .streams = streams(),
                               .balancer = *balancer_,
                               .fleet = dependencies.stores.fleet.get()},
      RandomSeed());
}

DataPlane::~DataPlane() {
  dependencies_.stores.Stop();
  // Not reset(), which clears the pointer first: what runs there reads it until the thread has
  // ended, and ~Worker waits for that.
  housekeeper_.get_deleter()(housekeeper_.get());
  static_cast<void>(housekeeper_.release());
  for (const auto& worker : workers_) worker->Stop();
  if (static_files_ != nullptr) static_files_->Stop();
  listening_.clear();
  workers_.clear();
}

absl::Status DataPlane::Start() {
  const auto settings = dependencies_.config.Get();
  const Config& config = *settings;
  origin_events_ = origins_->Subscribe([this](const OriginEvent& event) { OnOriginEvent(event); });
  if (const size_t remembered = origins_->snapshot()->origins.size(); remembered > 0) {
    dependencies_.logger.Info("origins known from before the start", {{"origins", remembered}});
  }
  if (auto status = LoadCertificate(config); !status.ok()) return status;
  if (auto status = OpenStaticFiles(config); !status.ok()) return status;
  struct Wanted {
    std::string_view setting;
    const ListenAddress& address;
    Listener listener;
    bool tls;
  };
  const Wanted listeners[] = {
      {"rtmp_server", config.rtmp_server, Listener::kRtmp, false},
      {"rtmps_server", config.rtmps_server, Listener::kRtmps, true},
      {"http_server", config.http_server, Listener::kHttp, false},
      {"https_server", config.https_server, Listener::kHttps, true},
      {"http_api", config.http_api, Listener::kHttpApi, false},
      {"https_api", config.https_api, Listener::kHttpsApi, true},
  };
  for (const auto& [setting, address, listener, tls] : listeners) {
    if (auto status = Listen(setting, address, listener, tls); !status.ok()) return status;
  }
  if (auto status = RegisterDefaultBackend(); !status.ok()) return status;
  EvictForbidden();
  TellSettling();
  TellStoreState();
  live_streams_.emplace(
      dependencies_.clock, streams(), *session_control_,
      LiveStreams::Ports{.rtmp = PortOf(Listener::kRtmp), .rtmps = PortOf(Listener::kRtmps)});
  for (const auto& lane : lanes_) {
    lane->sites.emplace(lane->hls, lane->cluster, streams(), *live_streams_, static_files_.get());
  }

  Metrics& metrics = dependencies_.metrics;
  metrics.SetSessionsLimit(limit_->limit());
  metrics.AddCollector([this](Metrics& to) {
    to.SetOrigins(*origins_->snapshot(), running_clock_.Now());
    to.SetSelfPreservation(origins_->stats().self_preservation);
    to.SetStreams("known", streams().size());
    to.SetStreams("in_use", streams().in_use());
    to.SetImbalanceRatio(balancer_->Imbalance());
    to.SetLogDropped(dependencies_.logger.dropped());
  });
  if (limit_->limit() < kLowSessionLimit) {
    dependencies_.logger.Warn("few sessions fit; raise the limit of open files (ulimit -n)",
                              {{"sessions_limit", limit_->limit()}});
  }
  for (const auto& lane : lanes_) {
    asio::co_spawn(lane->worker().io(), Tend(*lane), asio::detached);
    lane->worker().Start();
  }
  asio::co_spawn(housekeeper_->io(), Housekeep(), asio::detached);
  asio::co_spawn(housekeeper_->io(), MoveStreams(), asio::detached);
  housekeeper_->Start();
  return absl::OkStatus();
}

void DataPlane::Reconfigure(const Config& config) {
  limit_->SetLimit(SessionLimitFor(descriptors_, config.max_sessions));
  dependencies_.metrics.SetSessionsLimit(limit_->limit());
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

uint16_t DataPlane::PortOf(Listener listener) const {
  for (const auto& listening : listening_) {
    if (listening->listener == listener)
      return listening->acceptors.front().local_endpoint().port();
  }
  return 0;
}

absl::Status DataPlane::RegisterDefaultBackend() {
  const auto settings = dependencies_.config.Get();
  const Config& config = *settings;
  if (!config.default_backend_enabled) return absl::OkStatus();
  OriginRegistration backend;
  backend.ip = config.default_backend_ip;
  backend.server = kDefaultBackendServer;
  backend.service = "static";
  backend.pid = "0";
  const auto add = [](const std::optional<Endpoint>& endpoint, std::vector<Endpoint>& to) {
    if (endpoint.has_value()) to.push_back(*endpoint);
  };
  add(config.default_backend_rtmp, backend.rtmp);
  add(config.default_backend_http, backend.http);
  add(config.default_backend_api, backend.api);
  add(config.default_backend_rtc, backend.rtc);
  add(config.default_backend_srt, backend.srt);
  if (const auto forbidden = net::FindForbidden(backend, dependencies_.dial_rules)) {
    return ProxyFailure(forbidden->why.code(), "PROXY_DEFAULT_BACKEND_*: " + forbidden->field +
                                                   ": " + std::string(MessageOf(forbidden->why)));
  }
  if (auto status = origins_->RegisterPermanent(std::move(backend)); !status.ok()) {
    return ProxyFailure(status.code(),
                        "PROXY_DEFAULT_BACKEND_*: " + std::string(MessageOf(status)));
  }
  return absl::OkStatus();
}

void DataPlane::EvictForbidden() {
  const net::DialRules& rules = dependencies_.dial_rules;
  auto config = dependencies_.config.Get();
  if (config == reviewed_config_ && rules.listeners() == reviewed_listeners_) return;
  reviewed_listeners_ = rules.listeners();
  reviewed_config_ = std::move(config);
  const auto check = [this, &rules](const OriginRegistration& registration) {
    if (const auto forbidden = net::FindForbidden(registration, rules)) return forbidden->why;
    return CheckInNetworks(registration, reviewed_config_->origin_networks);
  };
  origins_->Evict(check);
}

absl::Status DataPlane::LoadCertificate(const Config& config) {
  std::vector<std::string_view> listeners;
  if (config.rtmps_server.enabled) listeners.emplace_back("rtmps_server");
  if (config.https_server.enabled) listeners.emplace_back("https_server");
  if (config.https_api.enabled) listeners.emplace_back("https_api");
  if (listeners.empty()) return absl::OkStatus();
  auto loaded = [this, listeners](const absl::StatusOr<absl::Time>& expiry) {
    const Logger& logger = dependencies_.logger;
    if (!expiry.ok()) {
      return logger.Error("the certificate of the TLS listeners is wrong; the former one stays",
                          {{"problem", MessageOf(expiry.status())}});
    }
    for (const auto& listener : listeners) {
      dependencies_.metrics.SetTlsCertExpiry(listener, *expiry);
    }
    const bool expired = *expiry <= absl::Now();
    logger.Log(expired ? LogLevel::kWarn : LogLevel::kInfo,
               expired ? "the certificate of the TLS listeners has expired"
                       : "certificate of the TLS listeners read",
               {{"expires", absl::FormatTime(*expiry, absl::UTCTimeZone())}});
  };
  certificate_.emplace(config.tls_cert, config.tls_key);
  certificate_->Watch(loaded);  // First, so that no change is missed.
  const auto expiry = certificate_->Load();
  if (!expiry.ok()) return expiry.status();
  loaded(expiry);
  return absl::OkStatus();
}

std::optional<absl::Time> DataPlane::certificate_expiry() const {
  return certificate_.has_value() ? certificate_->expiry() : std::nullopt;
}

absl::Status DataPlane::Listen(std::string_view setting, const ListenAddress& address,
                               Listener listener, bool tls) {
  if (!address.enabled) return absl::OkStatus();
  auto acceptors = net::OpenListeners(std::string(setting), address, workers_);
  if (!acceptors.ok()) return acceptors.status();
  const auto& listening = listening_.emplace_back(
      std::make_unique<Listening>(Listening{listener, tls, *std::move(acceptors)}));
  const auto bound = listening->acceptors.front().local_endpoint();
  bound_.push_back({std::string(setting), net::FormatPeer(bound)});
  dependencies_.dial_rules.AddListener(setting, bound.address().to_string(), bound.port());
  for (size_t i = 0; i < lanes_.size(); ++i) {
    Lane& lane = *lanes_[i];
    auto accepted = [this, &lane, &on = *listening](net::Incoming client) {
      Accept(lane, on, std::move(client));
    };
    auto exhausted = [this](const boost::system::error_code& error) {
      dependencies_.metrics.CountLimitRejection(LimitReason::kDescriptors);
      dependencies_.logger.Error("cannot accept: pausing", {{"error", error.message()}});
    };
    asio::co_spawn(
        lane.worker().io(),
        net::AcceptLoop(listening->acceptors[i], std::move(accepted), std::move(exhausted)),
        asio::detached);
  }
  return absl::OkStatus();
}

void DataPlane::Accept(Lane& lane, const Listening& listening, net::Incoming client) {
  // A connection that was accepted just before the listeners closed: nobody would end its session.
  if (draining_) return;
  if (!limit_->Take()) {
    dependencies_.metrics.CountLimitRejection(LimitReason::kMaxSessions);
    const MonotonicTime now = dependencies_.clock.Now();
    if (now - lane.refusal_logged > absl::ToChronoNanoseconds(kRefusalLogInterval)) {
      lane.refusal_logged = now;
      dependencies_.logger.Warn("connection refused: PROXY_MAX_SESSIONS is reached",
                                {{"sessions_limit", limit_->limit()}});
    }
    return;
  }
  auto ended = [this](const std::exception_ptr& fault) {
    limit_->Give();
    if (fault == nullptr) return;
    try {
      std::rethrow_exception(fault);
    } catch (const std::exception& error) {
      dependencies_.logger.Error("session failed", {{"error", error.what()}});
    }
  };
  asio::co_spawn(lane.worker().io(), Serve(lane, listening, std::move(client)), std::move(ended));
}

net::Task<void> DataPlane::Serve(Lane& lane, const Listening& listening, net::Incoming client) {
  auto tls = listening.tls ? certificate_->context() : nullptr;
  switch (listening.listener) {
    case Listener::kHttp:
    case Listener::kHttps: {
      HttpSession session(lane.http, lane.sites->media(), listening.listener, std::move(client),
                          std::move(tls));
      co_return co_await session.Run();
    }
    case Listener::kHttpApi:
    case Listener::kHttpsApi: {
      HttpSession session(lane.http, lane.sites->api(), listening.listener, std::move(client),
                          std::move(tls));
      co_return co_await session.Run();
    }
    case Listener::kRtmp:
    case Listener::kRtmps:
    case Listener::kSystemApi:
    case Listener::kGrpc:
    case Listener::kWebRtc:
    case Listener::kSrt:
      break;
  }
  RtmpSession session(lane.rtmp, listening.listener, std::move(client));
  co_await session.Run(std::move(tls));
}

// ---- Housekeeping

net::Task<void> DataPlane::Tend(Lane& lane) {
  asio::steady_timer timer(lane.worker().io());
  while (true) {
    timer.expires_after(kTick);
    co_await timer.async_wait(net::kNoThrow);
    const auto late = std::chrono::steady_clock::now() - timer.expiry();
    dependencies_.metrics.ObserveWorkerLoopLag(lane.worker().index(), absl::FromChrono(late));
    lane.origin_connections.Sweep();
  }
}

net::Task<void> DataPlane::Housekeep() {
  asio::steady_timer timer(housekeeper_->io());
  uint64_t expired = 0;
  while (true) {
    timer.expires_after(kTick);
    co_await timer.async_wait(net::kNoThrow);
    if (const auto pause = running_clock_.Tick(); pause > absl::ZeroDuration()) {
      dependencies_.logger.Warn("this process did not run for a while; silence is not judged by it",
                                {{"seconds", absl::ToDoubleSeconds(pause)}});
    }
    EvictForbidden();
    origins_->Tick();
    hls_sessions_.Tick();
    for (const uint64_t now = origins_->stats().lease_expirations; expired < now; ++expired) {
      dependencies_.metrics.CountLeaseExpiration();
    }
    for (auto& origin : origins_->TakeDueProbes()) {
      asio::co_spawn(housekeeper_->io(), Probe(std::move(origin)), asio::detached);
    }
  }
}

net::Task<void> DataPlane::MoveStreams() {
  asio::steady_timer timer(housekeeper_->io());
  while (true) {
    timer.expires_after(kMoverTick);
    co_await timer.async_wait(net::kNoThrow);
    TellStoreState();
    rebalancer_->Tick();
    mover_->Tick();
  }
}

net::Task<void> DataPlane::Probe(std::shared_ptr<const Origin> origin) {
  if (origin->registration.rtmp.empty()) co_return;
  const Endpoint target = DialEndpoint(origin->registration, origin->registration.rtmp.front());
  net::Dialer dialer(housekeeper_->io().get_executor(), dependencies_.dial_rules);
  const auto dialled =
      co_await dialer.Dial(target.host, target.port, dependencies_.config.Get()->connect_timeout);
  origins_->ReportConnect(origin->id, dialled.outcome);
}

void DataPlane::TellSettling() {
  if (dependencies_.settling == nullptr) return;
  const auto left = origins_->ReadyFrom() - running_clock_.Now();
  const bool settling = left > left.zero();
  if (std::exchange(settling_, settling) != settling) dependencies_.settling(settling);
  if (!settling) return;
  const auto timer = std::make_shared<asio::steady_timer>(housekeeper_->io(), left);
  timer->async_wait([this, timer](const boost::system::error_code&) { TellSettling(); });
}

void DataPlane::TellStoreState() {
  const StoreState state = streams().state();
  if (std::exchange(store_state_, state) == state) return;
  if (dependencies_.store_state != nullptr) dependencies_.store_state(state);
}

void DataPlane::OnOriginEvent(const OriginEvent& event) {
  using Kind = OriginEvent::Kind;
  const std::string& server = event.origin->registration.server;
  switch (event.kind) {
    case Kind::kJoined:
      event_log_.AddOriginEvent(LoggedEvent::Kind::kOriginAdded, event.origin, event.reason);
      if (dependencies_.clock.Now() - started_ < StartSettle::kWindow) {
        asio::post(housekeeper_->io(), [this] { TellSettling(); });
      }
      break;
    case Kind::kChanged:
      event_log_.AddOriginEvent(LoggedEvent::Kind::kOriginChanged, event.origin, event.reason);
      break;
    case Kind::kLeft:
      event_log_.AddOriginEvent(LoggedEvent::Kind::kOriginRemoved, event.origin, event.reason);
      break;
    case Kind::kConflict:
      dependencies_.metrics.CountOriginConflict(server);
      if (event.repeated) return;
      event_log_.AddOriginEvent(LoggedEvent::Kind::kOriginConflict, event.origin, event.reason);
      break;
  }
  const std::string_view what = event.kind == Kind::kJoined    ? "origin joined"
                                : event.kind == Kind::kChanged ? "origin changed"
                                : event.kind == Kind::kLeft    ? "origin left"
                                                               : "origin in conflict";
  const LogLevel level = event.kind == Kind::kConflict ? LogLevel::kWarn : LogLevel::kInfo;
  dependencies_.logger.Log(level, what,
                           {{"origin", event.origin->id},
                            {"ip", event.origin->registration.ip},
                            {"health", OriginHealthName(event.origin->health)},
                            {"down", event.origin->down},
                            {"why", event.reason}});
}

// ---- Stopping

void DataPlane::StopAccepting() {
  for (const auto& listening : listening_) {
    for (size_t i = 0; i < lanes_.size(); ++i) {
      auto close = [&acceptor = listening->acceptors[i]] {
        boost::system::error_code ignored;
        acceptor.close(ignored);
      };
      asio::post(lanes_[i]->worker().io(), std::move(close));
    }
  }
}

bool DataPlane::BeginDrain(absl::Duration spread) {
  if (draining_.exchange(true)) return false;
  StopAccepting();
  for (const auto& lane : lanes_) {
    asio::co_spawn(lane->worker().io(), EndOneByOne(*lane, spread), asio::detached);
  }
  return true;
}

net::Task<void> DataPlane::EndOneByOne(Lane& lane, absl::Duration spread) {
  const absl::Status why = ProxyFailure(absl::StatusCode::kCancelled, "this proxy is drained");
  const auto end = dependencies_.clock.Now() + absl::ToChronoNanoseconds(spread);
  asio::steady_timer timer(lane.worker().io());
  while (lane.sessions.size() > 0) {
    const auto left = end - dependencies_.clock.Now();
    if (left <= kDrainStep) break;
    const double steps = std::chrono::duration<double>(left) / kDrainStep;
    const double count = static_cast<double>(lane.sessions.size());
    lane.sessions.KickOldest(static_cast<size_t>(std::ceil(count / steps)), why);
    timer.expires_after(kDrainStep);
    co_await timer.async_wait(net::kNoThrow);
  }
  lane.sessions.KickAll(why);
}

bool DataPlane::Drain(absl::Duration timeout) {
  hls_sessions_.EndAll(ProxyFailure(absl::StatusCode::kCancelled, "this proxy stops"));
  if (drain_ == nullptr) {
    drain_ = std::make_shared<DrainState>();
    drain_->waiting = lanes_.size();
    for (const auto& lane : lanes_) {
      asio::co_spawn(lane->worker().io(), SayGoodbye(*lane, drain_), asio::detached);
    }
  }
  std::unique_lock lock(drain_->mutex);
  return drain_->changed.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                                  [this] { return drain_->waiting == 0; });
}

net::Task<void> DataPlane::SayGoodbye(Lane& lane, std::shared_ptr<DrainState> state) {
  lane.sessions.KickAll(ProxyFailure(absl::StatusCode::kCancelled, "this proxy stops"));
  co_await lane.sessions.Empty();
  const std::lock_guard lock(state->mutex);
  --state->waiting;
  state->changed.notify_all();
}

}  // namespace srsproxy
