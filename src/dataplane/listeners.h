// The listeners of the data plane: opens them, accepts clients, and has each served by its kind of
// session.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/config.h"
#include "dataplane/core/listener.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/listener_certificate.h"
#include "dataplane/net/cancel_scope.h"
#include "dataplane/net/dial_rules.h"
#include "dataplane/net/listener.h"
#include "dataplane/net/task.h"
#include "dataplane/net/worker.h"
#include "dataplane/proxy/sessions/session_table.h"
#include "dataplane/worker_context.h"

namespace srsproxy {

struct BoundListener {
  std::string setting;  // "rtmp_server"
  std::string address;  // host:port
};

// Opened and closed on one thread. Outlives the workers' threads.
class Listeners {
 public:
  // All outlive it. One context for each worker, in their order.
  struct Needs {
    const net::Workers& workers;
    const std::vector<std::unique_ptr<WorkerContext>>& contexts;
    SessionLimit& limit;
    net::DialRules& dial_rules;  // Learns of every listener.
    const Clock& clock;
    const Logger& logger;
    Metrics& metrics;
  };

  explicit Listeners(const Needs& needs);
  Listeners(const Listeners&) = delete;
  Listeners& operator=(const Listeners&) = delete;
  ~Listeners();

  // Opens all that are enabled, with their certificate. Errors name the setting.
  absl::Status Open(const Config& config);
  // Sessions go on. Who was accepted just before is not served any more. Any thread.
  void StopAccepting();

  // When nothing runs on the workers any more, and before they are gone.
  void Close();

  const std::vector<BoundListener>& bound() const { return bound_; }
  uint16_t PortOf(Listener listener) const;  // 0: not listening.
  // When the certificate expires. Absent: there is none. Any thread.
  std::optional<absl::Time> certificate_expiry() const { return certificate_.expiry(); }

 private:
  struct Opened;  // One listener on all workers.

  absl::Status Open(const ListenerRow& row, const ListenAddress& address);
  void Accept(size_t worker, const ListenerRow& row, net::Incoming client);
  net::Task<void> Serve(WorkerContext& worker, const ListenerRow& row, net::Incoming client,
                        net::CancelScope& scope);

  const Needs needs_;
  ListenerCertificate certificate_;
  std::vector<std::unique_ptr<Opened>> opened_;
  std::vector<BoundListener> bound_;
  std::atomic<bool> stopped_{false};
  std::vector<MonotonicTime> refusal_logged_;  // When each worker last logged that all is full.
};

}  // namespace srsproxy
