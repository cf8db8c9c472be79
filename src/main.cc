// srsproxy: the composition root. Settings, wiring, signals, exit code.

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <functional>
#include <string>
#include <vector>

#include <absl/status/status.h>
#include <absl/time/time.h>

#include "controlplane/access/access_files.h"
#include "controlplane/access/token_authorizer.h"
#include "controlplane/config/command_line.h"
#include "controlplane/config/config_store.h"
#include "controlplane/control_plane.h"
#include "controlplane/services/readiness.h"
#include "controlplane/services/store_readiness.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/data_plane.h"
#include "dataplane/directory/memory_stores.h"
#include "dataplane/directory/redis_stores.h"
#include "dataplane/net/descriptors.h"
#include "dataplane/net/dial_rules.h"
#include "standard_streams.h"
#include "stop_signals.h"

namespace srsproxy {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;

// What the stop may still take when it is cut short, and when it is not.
constexpr absl::Duration kHurriedControlStop = absl::Milliseconds(200);
constexpr absl::Duration kControlStop = absl::Seconds(1);
// What is left of an orderly stop: threads that a name server or a disk may keep. Nobody waits for
// their results.
constexpr absl::Duration kTeardown = absl::Seconds(3);

// What the control plane opens as it starts. gRPC would abort.
constexpr size_t kControlDescriptors = 24;

// Logs that the process is ended by force, while the logger lives.
class LastWords {
 public:
  LastWords(StopSignals& signals, const Logger& logger) : signals_(signals) {
    signals.SetLastWords(
        [&logger] { logger.Warn("ending by force: not everything has ended in time"); });
  }
  LastWords(const LastWords&) = delete;
  LastWords& operator=(const LastWords&) = delete;
  ~LastWords() { signals_.SetLastWords({}); }

 private:
  StopSignals& signals_;
};

// Calls `done` until it is true: false when `timeout` has passed or the stop is hurried.
bool WaitUntil(const std::function<bool(absl::Duration)>& done, absl::Duration timeout,
               const StopSignals& signals) {
  constexpr absl::Duration kStep = absl::Milliseconds(100);
  for (absl::Duration waited; waited < timeout; waited += kStep) {
    if (done(std::min(kStep, timeout - waited))) return true;
    if (signals.hurried()) return false;
  }
  return false;
}

LogOptions LogOptionsOf(const Config& config) {
  return {.level = config.log_level, .format = config.log_format, .redact = config.log_redact};
}

absl::StatusOr<Stores> MakeStores(const Config& config, const Clock& clock, Metrics& metrics,
                                  const Logger& logger) {
  switch (config.load_balancer_type) {
    case LoadBalancerType::kMemory:
      return MakeMemoryStores(config, clock, logger);
    case LoadBalancerType::kRedis:
      return MakeRedisStores(config, clock, metrics, logger);
  }
  return absl::InternalError("an unknown PROXY_LOAD_BALANCER_TYPE");
}

int Run(const control::Startup& startup) {
  const control::LoadedConfig& loaded = *startup.config;
  LiveConfig config(loaded.core);
  StopSignals signals(loaded.core.force_quit_timeout);
  const Clock clock;
  Logger logger(LogOptionsOf(loaded.core));
  const LastWords last_words(signals, logger);
  const Subscription process_settings =
      config.Subscribe([&logger, &signals](const Config&, const Config& now) {
        logger.Configure(LogOptionsOf(now));
        signals.SetForceTimeout(now.force_quit_timeout);
      });
  const auto failed = [&logger](const absl::Status& status) {
    logger.Error("srsproxy cannot start", {{"error", MessageOf(status)}});
    return kExitFailed;
  };
  for (const std::string& warning : loaded.warnings) logger.Warn(warning);

  Metrics metrics(SRSPROXY_VERSION);
  control::ConfigStore settings(startup.sources, loaded,
                                {.live = config, .logger = logger, .metrics = metrics});
  control::Readiness readiness;
  control::AccessFiles access(loaded.core, logger, metrics);
  control::TokenAuthorizer authorizer(access.tokens(), clock, logger, metrics);
  const auto stores = MakeStores(loaded.core, clock, metrics, logger);
  if (!stores.ok()) return failed(stores.status());
  net::DialRules dial_rules(config);
  DataPlane data_plane({.config = config,
                        .clock = clock,
                        .logger = logger,
                        .metrics = metrics,
                        .authorizer = authorizer,
                        .stores = *stores,
                        .dial_rules = dial_rules,
                        .settling =
                            [&readiness](bool settling) {
                              if (!settling) return readiness.Unblock("starting");
                              readiness.Block(
                                  "starting",
                                  "this proxy has just started: it waits until no further "
                                  "origin has come for PROXY_START_SETTLE");
                            },
                        .store_state =
                            [&readiness](StoreState state, std::string_view unusable) {
                              control::ReportStoreState(state, unusable, readiness);
                            }});
  control::ControlPlane control_plane(
      {.config = config,
       .settings = settings,
       .clock = clock,
       .logger = logger,
       .metrics = metrics,
       .readiness = readiness,
       .access = access,
       .dial_rules = dial_rules,
       .names = data_plane.names(),
       .origins = data_plane.origins(),
       .streams = data_plane.streams(),
       .migrations = data_plane.migrations(),
       .rebalancer = data_plane.rebalancer(),
       .balancer = data_plane.balancer(),
       .sessions = data_plane.session_control(),
       .events = data_plane.event_log(),
       .version = SRSPROXY_VERSION,
       .proxy_status =
           [&data_plane] {
             control::ProxyStatus status;
             for (const auto& listener : data_plane.listeners()) {
               status.listeners.push_back({listener.setting, listener.address});
             }
             status.workers = data_plane.worker_count();
             status.sessions = static_cast<int64_t>(data_plane.sessions());
             status.draining = data_plane.draining();
             if (const auto expiry = data_plane.certificate_expiry(); expiry.has_value()) {
               status.certificates.push_back({"tls_cert", *expiry});
             }
             return status;
           },
       .drain = [&data_plane](absl::Duration spread) { return data_plane.BeginDrain(spread); }});
  const std::function<absl::Status()> parts[] = {
      [&] { return access.Start(); }, [&] { return data_plane.Start(); },
      [] { return CheckDescriptorsLeft(kControlDescriptors); },
      [&] { return control_plane.Start(); }};
  for (const auto& start : parts) {
    if (const auto status = start(); !status.ok()) return failed(status);
    if (signals.stopping()) {
      logger.Info("stopped before it had started");
      signals.EndWithin(kTeardown, kExitOk);
      return kExitOk;
    }
  }
  for (const auto& listener : data_plane.listeners()) {
    logger.Info("listening", {{"listener", listener.setting}, {"address", listener.address}});
  }
  logger.Info("srsproxy started", {{"version", SRSPROXY_VERSION},
                                   {"id", loaded.core.id},
                                   {"workers", data_plane.worker_count()},
                                   {"pid", static_cast<int64_t>(::getpid())}});

  while (signals.Wait() == StopSignals::Event::kReload) {
    static_cast<void>(settings.Reload(false));
  }
  readiness.Block("stopping", "this proxy stops");
  logger.Info("stopping", {{"sessions", data_plane.sessions()}});
  const auto now = config.Get();
  static_cast<void>(signals.HurriedWithin(now->shutdown_delay));
  data_plane.StopAccepting();
  const auto drained = [&data_plane](absl::Duration timeout) { return data_plane.Drain(timeout); };
  if (!WaitUntil(drained, now->grace_quit_timeout, signals)) {
    logger.Warn("stopping with sessions left", {{"sessions", data_plane.sessions()}});
  }
  stores->Stop();  // No call waits for them any more.
  const bool hurried = signals.hurried();
  const int code = hurried ? StopSignals::kExitForced : kExitOk;
  control_plane.Stop(hurried ? kHurriedControlStop : kControlStop);
  access.Stop();
  logger.Info("stopped");
  signals.EndWithin(kTeardown, code);
  return code;
}

}  // namespace
}  // namespace srsproxy

int main(int argc, char** argv) {
  using srsproxy::control::ReadCommandLine;
  using srsproxy::control::SystemSources;
  srsproxy::OpenClosedStandardStreams();
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto startup = ReadCommandLine(arguments, SystemSources(), SRSPROXY_VERSION);
  std::fputs(startup.output.c_str(), stdout);
  std::fputs(startup.error.c_str(), stderr);
  if (!startup.config.has_value()) return startup.exit_code;
  try {
    return srsproxy::Run(startup);
  } catch (const std::exception& error) {
    // Sockets and threads that the system does not give at the start (ulimit -n, ulimit -u).
    std::fprintf(stderr, "srsproxy cannot start: %s\n", error.what());
    return srsproxy::kExitFailed;
  }
}
