#include "dataplane/net/server_certificate.h"

#include <utility>

namespace srsproxy::net {

ServerCertificate::ServerCertificate(std::string cert_file, std::string key_file)
    : cert_file_(std::move(cert_file)), key_file_(std::move(key_file)) {}

absl::StatusOr<absl::Time> ServerCertificate::Load() {
  auto loaded = LoadServerTls(cert_file_, key_file_);
  if (!loaded.ok()) return loaded.status();
  const absl::Time expiry = ExpiryOf(*SSL_CTX_get0_certificate(loaded->get()));
  const std::lock_guard lock(mutex_);
  context_ = *std::move(loaded);
  expiry_ = expiry;
  return expiry;
}

void ServerCertificate::Watch(std::function<void(const absl::StatusOr<absl::Time>&)> reloaded) {
  watch_.emplace(std::vector{cert_file_, key_file_},
                 [this, reloaded = std::move(reloaded)] { reloaded(Load()); });
}

TlsContext ServerCertificate::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::optional<absl::Time> ServerCertificate::expiry() const {
  const std::lock_guard lock(mutex_);
  if (context_ == nullptr) return std::nullopt;
  return expiry_;
}

}  // namespace srsproxy::net
