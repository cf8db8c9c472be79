// How srsproxyctl proves itself to a proxy, and the proxy to it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/status/statusor.h>
#include <grpcpp/security/credentials.h>

#include "tools/srsproxyctl/output/environment.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 names it so.
class App;
}  // namespace CLI

namespace srsproxy::ctl {

// What the command line and the environment configure.
struct AccessOptions {
  bool tls = false;
  std::string tls_ca;
  std::string tls_cert;
  std::string tls_key;
  std::string tls_server_name;
  std::string token;
  std::string token_file;
  bool allow_insecure_token = false;
};

// What a connection needs.
struct Access {
  bool tls = false;
  std::shared_ptr<grpc::ChannelCredentials> credentials;
  std::string server_name;  // What the proxy's certificate has to name. Empty: the endpoint.
  std::string token;        // Empty: none.
};

// Declares the flags; where a flag is not given, its variable SRSPROXYCTL_… counts. `options` must
// live until the command line is parsed and used.
void DeclareAccessOptions(CLI::App& app, AccessOptions& options, const Environment& environment);

// Reads the files. INVALID_ARGUMENT: a file cannot be read, options that do not go together, or a
// token that would be sent in plain text to another machine.
absl::StatusOr<Access> MakeAccess(const AccessOptions& options, const Environment& environment,
                                  const std::vector<std::string>& endpoints);

}  // namespace srsproxy::ctl
