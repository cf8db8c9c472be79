#include "controlplane/config/config_access.h"

#include <absl/strings/str_cat.h>

#include "controlplane/access/grpc_certificates.h"
#include "controlplane/access/tokens.h"
#include "dataplane/core/host.h"
#include "dataplane/core/listener.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {
namespace {

// Whether others than this machine reach `address`.
bool IsWide(const ListenAddress& address) {
  return address.enabled && !IsLoopbackHost(address.host);
}

bool HasTls(const Config& config) { return !config.grpc_tls_cert.empty(); }

// Whether a gRPC caller has to prove itself.
bool RequiresProof(const Config& config) {
  return !config.tokens_file.empty() || !config.grpc_tls_client_ca.empty();
}

void CheckWideGrpc(const Config& config, std::vector<ConfigProblem>& problems) {
  if (!IsWide(config.grpc_server) || config.grpc_allow_insecure) return;
  if (HasTls(config) && RequiresProof(config)) return;
  std::string_view danger = "anybody who reaches it would control this proxy";
  std::string_view remedy =
      "set grpc_tls_cert and grpc_tls_key, and tokens_file or grpc_tls_client_ca";
  if (HasTls(config)) {
    remedy = "set tokens_file or grpc_tls_client_ca";
  } else if (RequiresProof(config)) {
    danger = "tokens would cross the network in plain text";
    remedy = "set grpc_tls_cert and grpc_tls_key";
  }
  problems.push_back(
      {"grpc_server",
       absl::StrCat("'", FormatListenAddress(config.grpc_server),
                    "' is not a loopback address, and ", ToAbsl(danger),
                    "; use 127.0.0.1:", config.grpc_server.port, ", or ", ToAbsl(remedy),
                    ", or turn grpc_allow_insecure on where the network keeps strangers out")});
}

}  // namespace

void CheckAccess(const Config& config, std::vector<ConfigProblem>& problems) {
  if (config.http_api_auth_enabled && config.http_api_auth_token.empty()) {
    problems.push_back({"http_api_auth_enabled", "needs http_api_auth_token"});
  }
  GrpcCertificates::ReadFiles(GrpcCertificates::FilesOf(config), problems);
  if (!config.tokens_file.empty()) {
    if (const auto tokens = LoadTokens(config.tokens_file); !tokens.ok()) {
      problems.push_back({"tokens_file", std::string(MessageOf(tokens.status()))});
    }
  }
  CheckWideGrpc(config, problems);
}

std::vector<std::string> AccessWarnings(const Config& config) {
  std::vector<std::string> warnings;
  if (IsWide(config.grpc_server) && !(HasTls(config) && RequiresProof(config))) {
    warnings.push_back(absl::StrCat("PROXY_GRPC_ALLOW_INSECURE is on: ",
                                    RequiresProof(config)
                                        ? "tokens cross the network in plain text to "
                                        : "anybody controls this proxy who reaches ",
                                    FormatListenAddress(config.grpc_server)));
  }
  if (!config.http_api_auth_enabled && !config.http_api_auth_token.empty()) {
    warnings.emplace_back(
        "PROXY_HTTP_API_AUTH_TOKEN has no effect while PROXY_HTTP_API_AUTH_ENABLED is off");
  }
  if (IsWide(config.system_api) && !config.http_api_auth_enabled &&
      config.system_api_allow.empty() && config.origin_networks.empty()) {
    warnings.push_back(absl::StrCat(
        "anybody can register an origin who reaches the System API at ",
        FormatListenAddress(config.system_api),
        "; set PROXY_SYSTEM_API_ALLOW, PROXY_ORIGIN_NETWORKS or PROXY_HTTP_API_AUTH_ENABLED"));
  }
  for (const ListenerRow& row : kListeners) {
    const ListenAddress& api = config.*row.address;
    if (row.service != Service::kHttpApi || !IsWide(api)) continue;
    if (!config.cluster_api || !config.tokens_file.empty()) continue;
    warnings.push_back(absl::StrCat(
        "anybody can list and end the origins' clients who reaches the cluster API at ",
        FormatListenAddress(api), "; set PROXY_TOKENS_FILE"));
  }
  return warnings;
}

}  // namespace srsproxy::control
