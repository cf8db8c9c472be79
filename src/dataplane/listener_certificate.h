// The certificate of the TLS listeners, and what the log and the metrics have of it.
#pragma once

#include <optional>

#include <absl/time/time.h>

#include "dataplane/core/config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/net/server_certificate.h"
#include "dataplane/net/tls.h"

namespace srsproxy {

// Thread-safe once it is loaded.
class ListenerCertificate {
 public:
  // Both outlive it.
  ListenerCertificate(const Logger& logger, Metrics& metrics)
      : logger_(logger), metrics_(metrics) {}

  // Reads it where a TLS listener is enabled, and again whenever its files change. Errors name the
  // file. Called once; blocks for the files.
  absl::Status Load(const Config& config);

  // For a connection of a TLS listener.
  net::TlsContext context() const { return certificate_->context(); }
  // Absent: there is none.
  std::optional<absl::Time> expiry() const;

 private:
  void Report(const absl::StatusOr<absl::Time>& loaded, const Config& config) const;

  const Logger& logger_;
  Metrics& metrics_;
  std::optional<net::ServerCertificate> certificate_;  // With TLS listeners.
};

}  // namespace srsproxy
