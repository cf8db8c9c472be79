#include "controlplane/access/access_files.h"

#include <absl/strings/str_cat.h>
#include <absl/time/clock.h>

namespace srsproxy::control {

AccessFiles::AccessFiles(const Config& config, const Logger& logger, Metrics& metrics)
    : logger_(logger), metrics_(metrics) {
  const auto certificates = GrpcCertificates::FilesOf(config);
  for (const auto* file :
       {&config.tokens_file, &certificates.cert, &certificates.key, &certificates.client_ca}) {
    if (!file->empty()) files_.push_back(*file);
  }
  if (!config.tokens_file.empty()) tokens_.emplace(config.tokens_file);
  if (!certificates.cert.empty()) certificates_.emplace(certificates);
}

absl::Status AccessFiles::Start() {
  // First, so that no change is missed.
  if (!files_.empty()) watch_.emplace(files_, [this] { Reload(); });
  if (auto status = ReloadTokens(); !status.ok()) return status;
  return ReloadCertificates();
}

void AccessFiles::Stop() { watch_.reset(); }

void AccessFiles::Reload() {
  Report(ReloadTokens());
  Report(ReloadCertificates());
}

std::shared_ptr<grpc::ServerCredentials> AccessFiles::Credentials() {
  return certificates_ ? certificates_->Credentials() : grpc::InsecureServerCredentials();
}

absl::Status AccessFiles::ReloadTokens() {
  if (!tokens_) return absl::OkStatus();
  const auto count = tokens_->Reload();
  if (!count.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("PROXY_TOKENS_FILE: ", count.status().message()));
  }
  logger_.Info("tokens read", {{"tokens", *count}});
  return absl::OkStatus();
}

absl::Status AccessFiles::ReloadCertificates() {
  if (!certificates_) return absl::OkStatus();
  const auto expiry = certificates_->Reload();
  if (!expiry.ok()) return expiry.status();
  metrics_.tls_cert_expiry.Set("grpc_server", absl::ToUnixSeconds(*expiry));
  certificate_expiry_ = absl::ToUnixSeconds(*expiry);
  const auto expires = absl::FormatTime(*expiry, absl::UTCTimeZone());
  if (*expiry <= absl::Now()) {
    logger_.Warn("the certificate of the gRPC server has expired", {{"expired", expires}});
  } else {
    logger_.Info("gRPC certificate read", {{"expires", expires}});
  }
  return absl::OkStatus();
}

std::optional<absl::Time> AccessFiles::certificate_expiry() const {
  const int64_t seconds = certificate_expiry_;
  if (seconds == 0) return std::nullopt;
  return absl::FromUnixSeconds(seconds);
}

void AccessFiles::Report(const absl::Status& status) const {
  if (status.ok()) return;
  logger_.Error("a file is wrong; its former contents stay in force",
                {{"problem", MessageOf(status)}});
}

}  // namespace srsproxy::control
