#include "dataplane/listener_certificate.h"

#include <algorithm>

#include "dataplane/core/listener.h"

namespace srsproxy {
namespace {

bool UsesCertificate(const ListenerRow& row, const Config& config) {
  return row.tls && (config.*row.address).enabled;
}

}  // namespace

absl::Status ListenerCertificate::Load(const Config& config) {
  const bool used =
      std::any_of(std::begin(kListeners), std::end(kListeners),
                  [&config](const ListenerRow& row) { return UsesCertificate(row, config); });
  if (!used) return absl::OkStatus();
  auto loaded = [this, config](const absl::StatusOr<absl::Time>& expiry) {
    Report(expiry, config);
  };
  certificate_.emplace(config.tls_cert, config.tls_key);
  certificate_->Watch(loaded);  // First, so that no change is missed.
  const auto expiry = certificate_->Load();
  if (!expiry.ok()) return expiry.status();
  loaded(expiry);
  return absl::OkStatus();
}

std::optional<absl::Time> ListenerCertificate::expiry() const {
  return certificate_.has_value() ? certificate_->expiry() : std::nullopt;
}

void ListenerCertificate::Report(const absl::StatusOr<absl::Time>& loaded,
                                 const Config& config) const {
  if (!loaded.ok()) {
    return logger_.Error("the certificate of the TLS listeners is wrong; the former one stays",
                         {{"problem", MessageOf(loaded.status())}});
  }
  for (const ListenerRow& row : kListeners) {
    if (UsesCertificate(row, config))
      metrics_.tls_cert_expiry.Set(row.setting, absl::ToUnixSeconds(*loaded));
  }
  const bool expired = *loaded <= absl::Now();
  logger_.Log(expired ? LogLevel::kWarn : LogLevel::kInfo,
              expired ? "the certificate of the TLS listeners has expired"
                      : "certificate of the TLS listeners read",
              {{"expires", absl::FormatTime(*loaded, absl::UTCTimeZone())}});
}

}  // namespace srsproxy
