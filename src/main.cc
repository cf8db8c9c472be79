// srsproxy: the composition root. Settings, wiring, signals, exit code.

#include <csignal>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "controlplane/access_files.h"
#include "controlplane/command_line.h"
#include "controlplane/config_store.h"
#include "controlplane/control_plane.h"
#include "controlplane/readiness.h"
#include "controlplane/token_authorizer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/data_plane.h"
#include "dataplane/directory/memory_stores.h"
#include "dataplane/net/dial_rules.h"

namespace srsproxy {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;

// SIGTERM, SIGINT and SIGHUP, taken synchronously by the main thread; every other thread has them
// blocked.
class Signals {
 public:
  Signals() {
    sigemptyset(&stop_);
    sigaddset(&stop_, SIGTERM);
    sigaddset(&stop_, SIGINT);
    all_ = stop_;
    sigaddset(&all_, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &all_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  // Returns when the proxy is to stop. Calls `reload` for each SIGHUP before that.
  void WaitForStop(const std::function<void()>& reload) const {
    while (true) {
      int signal = 0;
      if (sigwait(&all_, &signal) != 0) continue;
      if (signal != SIGHUP) return;
      reload();
    }
  }

  // True when another signal to stop came within `timeout`.
  bool StopAgainWithin(absl::Duration timeout) const {
    const timespec limit = absl::ToTimespec(timeout);
    return sigtimedwait(&stop_, nullptr, &limit) > 0;
  }

 private:
  sigset_t stop_;
  sigset_t all_;
};

// Calls `done` until it is true: false when `timeout` has passed or a signal has come.
bool WaitUntil(const std::function<bool(absl::Duration)>& done, absl::Duration timeout,
               const Signals& signals) {
  constexpr absl::Duration kStep = absl::Milliseconds(100);
  for (absl::Duration waited; waited < timeout; waited += kStep) {
    if (done(std::min(kStep, timeout - waited))) return true;
    if (signals.StopAgainWithin(absl::ZeroDuration())) return false;
  }
  return false;
}

LogOptions LogOptionsOf(const Config& config) {
  return {.level = config.log_level, .format = config.log_format, .redact = config.log_redact};
}

int Run(const control::Startup& startup) {
  const control::LoadedConfig& loaded = *startup.config;
  LiveConfig config(loaded.core);
  const Signals signals;
  const Clock clock;
  Logger logger(LogOptionsOf(loaded.core));
  const LiveConfig::Subscription log_settings(
      config, [&logger](const Config&, const Config& now) { logger.Configure(LogOptionsOf(now)); });
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
  const auto stores = MakeMemoryStores(loaded.core, clock, logger);
  if (!stores.ok()) return failed(stores.status());
  net::DialRules dial_rules(config);
  DataPlane data_plane({.config = config,
                        .clock = clock,
                        .logger = logger,
                        .metrics = metrics,
                        .authorizer = authorizer,
                        .stores = *stores,
                        .dial_rules = dial_rules});
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
       .mover = data_plane.mover(),
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
  if (const auto status = access.Start(); !status.ok()) return failed(status);
  if (const auto status = data_plane.Start(); !status.ok()) return failed(status);
  if (const auto status = control_plane.Start(); !status.ok()) return failed(status);
  for (const auto& listener : data_plane.listeners()) {
    logger.Info("listening", {{"listener", listener.setting}, {"address", listener.address}});
  }
  logger.Info("srsproxy started", {{"version", SRSPROXY_VERSION},
                                   {"id", loaded.core.id},
                                   {"workers", data_plane.worker_count()},
                                   {"pid", static_cast<int64_t>(::getpid())}});

  signals.WaitForStop([&settings] { static_cast<void>(settings.Reload(false)); });
  readiness.Block("stopping", "this proxy stops");
  logger.Info("stopping", {{"sessions", data_plane.sessions()}});
  const auto now = config.Get();
  const absl::Duration delay = std::min(now->shutdown_delay, now->force_quit_timeout);
  const bool hurried = delay > absl::ZeroDuration() && signals.StopAgainWithin(delay);
  data_plane.StopAccepting();
  const absl::Duration patience =
      hurried ? absl::ZeroDuration()
              : std::min(now->grace_quit_timeout, now->force_quit_timeout - delay);
  const auto drained = [&data_plane](absl::Duration timeout) { return data_plane.Drain(timeout); };
  if (!WaitUntil(drained, patience, signals)) {
    logger.Warn("stopping with sessions left", {{"sessions", data_plane.sessions()}});
  }
  stores->Stop();  // No call waits for them any more.
  control_plane.Stop(absl::Seconds(1));
  access.Stop();
  logger.Info("stopped");
  return kExitOk;
}

}  // namespace
}  // namespace srsproxy

int main(int argc, char** argv) {
  using srsproxy::control::ReadCommandLine;
  using srsproxy::control::SystemSources;
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  const auto startup = ReadCommandLine(arguments, SystemSources(), SRSPROXY_VERSION);
  std::fputs(startup.output.c_str(), stdout);
  std::fputs(startup.error.c_str(), stderr);
  if (!startup.config.has_value()) return startup.exit_code;
  return srsproxy::Run(startup);
}
