// TLS of the gRPC server: its certificate, and whose certificates clients need.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>
#include <grpc/grpc_security.h>
#include <grpcpp/security/server_credentials.h>

#include "dataplane/core/config.h"
#include "dataplane/core/config_problem.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Thread-safe. A connection is shaken hands with by what was read last; those that are open stay.
// Outlives the server that uses its credentials.
class GrpcCertificates {
 public:
  // Paths of PEM files; empty: not set.
  struct Files {
    std::string cert;       // The chain, the server's own certificate first.
    std::string key;        // Without a passphrase.
    std::string client_ca;  // Set: clients need a certificate that one of these signed.
  };
  struct Contents {
    std::string cert;
    std::string key;
    std::string client_ca;
    absl::Time expiry;  // Of the server's own certificate.
  };

  static Files FilesOf(const Config& config);

  // nullopt: no certificate is set, or something is wrong, which is appended to `problems`.
  static std::optional<Contents> ReadFiles(const Files& files,
                                           std::vector<ConfigProblem>& problems);

  // Has nothing before the first Reload that succeeds. `files.cert` must not be empty.
  explicit GrpcCertificates(Files files) : files_(std::move(files)) {}

  // Reads the files again, all or nothing: on a problem, reported with its setting, the former
  // contents stay. Returns when the certificate expires.
  absl::StatusOr<absl::Time> Reload();

  std::shared_ptr<grpc::ServerCredentials> Credentials();

 private:
  static grpc_ssl_certificate_config_reload_status Fetch(
      void* certificates, grpc_ssl_server_certificate_config** config);

  const Files files_;
  std::mutex mutex_;
  Contents contents_;     // Guarded by mutex_.
  uint64_t version_ = 0;  // Of contents_; 0: there are none. Guarded by mutex_.
  uint64_t fetched_ = 0;  // What gRPC has. Guarded by mutex_.
};

}  // namespace srsproxy::control
