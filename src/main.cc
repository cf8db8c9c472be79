// srsproxy: the composition root. Settings, wiring, signals, exit code.

#include <csignal>
#include <cstdio>
#include <ctime>
#include <functional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "controlplane/command_line.h"
#include "controlplane/control_plane.h"
#include "controlplane/readiness.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/data_plane.h"

namespace srsproxy {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;

// SIGTERM and SIGINT, taken synchronously by the main thread; every other thread has them blocked.
class StopSignals {
 public:
  StopSignals() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGTERM);
    sigaddset(&set_, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set_, nullptr);
    std::signal(SIGPIPE, SIG_IGN);
  }

  void Wait() const {
    int signal = 0;
    while (sigwait(&set_, &signal) != 0) {
    }
  }

  // True when a signal came within `timeout`.
  bool WaitFor(absl::Duration timeout) const {
    const timespec limit = absl::ToTimespec(timeout);
    return sigtimedwait(&set_, nullptr, &limit) > 0;
  }

 private:
  sigset_t set_;
};

// Calls `done` until it is true: false when `timeout` has passed or a signal has come.
bool WaitUntil(const std::function<bool(absl::Duration)>& done, absl::Duration timeout,
               const StopSignals& signals) {
  constexpr absl::Duration kStep = absl::Milliseconds(100);
  for (absl::Duration waited; waited < timeout; waited += kStep) {
    if (done(std::min(kStep, timeout - waited))) return true;
    if (signals.WaitFor(absl::ZeroDuration())) return false;
  }
  return false;
}

LogOptions LogOptionsOf(const Config& config) {
  return {.level = config.log_level, .format = config.log_format, .redact = config.log_redact};
}

int Run(const control::LoadedConfig& loaded) {
  LiveConfig config(loaded.core);
  const StopSignals signals;
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
  control::Readiness readiness;
  DataPlane data_plane({.config = config, .clock = clock, .logger = logger, .metrics = metrics});
  control::ControlPlane control_plane(
      {.config = config,
       .clock = clock,
       .logger = logger,
       .metrics = metrics,
       .readiness = readiness,
       .origins = data_plane.origins(),
       .streams = data_plane.streams(),
       .balancer = data_plane.balancer(),
       .version = SRSPROXY_VERSION,
       .proxy_status = [&data_plane] {
         control::ProxyStatus status;
         for (const auto& listener : data_plane.listeners()) {
           status.listeners.push_back({listener.setting, listener.address});
         }
         status.workers = data_plane.worker_count();
         status.sessions = static_cast<int64_t>(data_plane.sessions());
         return status;
       }});
  if (const auto status = data_plane.Start(); !status.ok()) return failed(status);
  if (const auto status = control_plane.Start(); !status.ok()) return failed(status);
  for (const auto& listener : data_plane.listeners()) {
    logger.Info("listening", {{"listener", listener.setting}, {"address", listener.address}});
  }
  logger.Info("srsproxy started", {{"version", SRSPROXY_VERSION},
                                   {"id", loaded.core.id},
                                   {"workers", data_plane.worker_count()},
                                   {"pid", static_cast<int64_t>(::getpid())}});

  signals.Wait();
  readiness.Block("stopping", "this proxy stops");
  logger.Info("stopping", {{"sessions", data_plane.sessions()}});
  const auto now = config.Get();
  const absl::Duration delay = std::min(now->shutdown_delay, now->force_quit_timeout);
  const bool hurried = delay > absl::ZeroDuration() && signals.WaitFor(delay);
  data_plane.StopAccepting();
  const absl::Duration patience =
      hurried ? absl::ZeroDuration()
              : std::min(now->grace_quit_timeout, now->force_quit_timeout - delay);
  const auto drained = [&data_plane](absl::Duration timeout) { return data_plane.Drain(timeout); };
  if (!WaitUntil(drained, patience, signals)) {
    logger.Warn("stopping with sessions left", {{"sessions", data_plane.sessions()}});
  }
  control_plane.Stop(absl::Seconds(1));
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
  return srsproxy::Run(*startup.config);
}
