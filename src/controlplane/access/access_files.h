// The files by which the control plane knows its callers and is known by them, kept up to date.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>
#include <grpcpp/security/server_credentials.h>

#include "controlplane/access/grpc_certificates.h"
#include "controlplane/access/tokens.h"
#include "dataplane/core/config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/net/file_watch.h"

namespace srsproxy::control {

class AccessFiles {
 public:
  // Logger and metrics outlive it. Reads nothing yet.
  AccessFiles(const Config& config, const Logger& logger, Metrics& metrics);

  // Reads the files, and again whenever they change, until Stop: each all or nothing; what is wrong
  // is then logged, and the former contents stay in force. Errors name the setting.
  absl::Status Start();
  void Stop();

  // Null when PROXY_TOKENS_FILE is not set: callers need none.
  const TokenStore* tokens() const { return tokens_ ? &*tokens_ : nullptr; }

  // Outlived by the AccessFiles.
  std::shared_ptr<grpc::ServerCredentials> Credentials();

  // When the gRPC server's certificate ends. Absent: it has none. Any thread.
  std::optional<absl::Time> certificate_expiry() const;

 private:
  void Reload();
  absl::Status ReloadTokens();
  absl::Status ReloadCertificates();
  void Report(const absl::Status& status) const;

  const Logger& logger_;
  Metrics& metrics_;
  std::vector<std::string> files_;
  std::optional<TokenStore> tokens_;
  std::optional<GrpcCertificates> certificates_;
  std::atomic<int64_t> certificate_expiry_{0};  // Unix seconds; 0: none was read.
  std::optional<net::FileWatch> watch_;
};

}  // namespace srsproxy::control
