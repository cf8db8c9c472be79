#include "tools/srsproxyctl/client/access.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <utility>

#include <CLI/CLI.hpp>
#include <grpcpp/create_channel.h>

#include "tools/srsproxyctl/client/endpoints.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

constexpr char kTokenVariable[] = "SRSPROXYCTL_TOKEN";
constexpr char kTokenFileVariable[] = "SRSPROXYCTL_TOKEN_FILE";

bool IsOn(const std::string& value) {
  const std::string lower = LowerCase(value);
  return lower == "on" || lower == "true" || lower == "yes" || lower == "1";
}

// What `flag` names; empty when it names nothing.
absl::StatusOr<std::string> ReadFile(std::string_view flag, const std::string& path) {
  if (path.empty()) return std::string();
  std::ifstream file(path, std::ios::binary);
  std::string content{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  if (!file || content.empty()) {
    const std::string why = file ? "it is empty" : std::strerror(errno);
    return absl::InvalidArgumentError(std::string(flag) + " '" + path + "' cannot be read: " + why);
  }
  return content;
}

// The token of the flags, or else of the variables.
absl::StatusOr<std::string> FindToken(const AccessOptions& options,
                                      const Environment& environment) {
  std::string token = options.token;
  std::string file = options.token_file;
  if (token.empty() && file.empty()) {
    token = environment.Variable(kTokenVariable);
    file = environment.Variable(kTokenFileVariable);
  }
  if (!token.empty() && !file.empty()) {
    return absl::InvalidArgumentError("a token and a token file are both named: name one of them");
  }
  if (!file.empty()) {
    absl::StatusOr<std::string> content = ReadFile("--token-file", file);
    if (!content.ok()) return content;
    token = content->substr(0, content->find_last_not_of(" \t\r\n") + 1);
    if (token.empty()) {
      return absl::InvalidArgumentError("--token-file '" + file + "' holds no token");
    }
  }
  const auto is_visible = [](char c) { return c > ' ' && c <= '~'; };
  if (!std::all_of(token.begin(), token.end(), is_visible)) {
    return absl::InvalidArgumentError("the token holds characters other than visible ASCII");
  }
  return token;
}

absl::StatusOr<std::shared_ptr<grpc::ChannelCredentials>> TlsCredentials(
    const AccessOptions& options) {
  if (options.tls_cert.empty() != options.tls_key.empty()) {
    return absl::InvalidArgumentError("--tls-cert and --tls-key go together: one is missing");
  }
  auto ca = ReadFile("--tls-ca", options.tls_ca);
  if (!ca.ok()) return ca.status();
  auto certificate = ReadFile("--tls-cert", options.tls_cert);
  if (!certificate.ok()) return certificate.status();
  auto key = ReadFile("--tls-key", options.tls_key);
  if (!key.ok()) return key.status();
  grpc::SslCredentialsOptions tls;
  tls.pem_root_certs = *std::move(ca);
  tls.pem_cert_chain = *std::move(certificate);
  tls.pem_private_key = *std::move(key);
  return grpc::SslCredentials(tls);
}

}  // namespace

void DeclareAccessOptions(CLI::App& app, AccessOptions& options, const Environment& environment) {
  const auto add_text = [&](const char* flag, std::string& value, const char* variable,
                            const char* type, const std::string& help) {
    value = environment.Variable(variable);
    app.add_option(flag, value, help + " (" + variable + ")")->type_name(type);
  };
  const auto add_switch = [&](const char* flag, bool& value, const char* variable,
                              const std::string& help) {
    value = IsOn(environment.Variable(variable));
    app.add_flag(flag, value, help + " (" + variable + ")");
  };
  add_switch("--tls", options.tls, "SRSPROXYCTL_TLS",
             "Speak TLS, and trust this machine's authorities");
  add_text("--tls-ca", options.tls_ca, "SRSPROXYCTL_TLS_CA", "FILE",
           "Trust these authorities, in PEM; implies --tls");
  add_text("--tls-cert", options.tls_cert, "SRSPROXYCTL_TLS_CERT", "FILE",
           "Show this certificate, in PEM; implies --tls");
  add_text("--tls-key", options.tls_key, "SRSPROXYCTL_TLS_KEY", "FILE",
           "The private key of --tls-cert, in PEM");
  add_text("--tls-server-name", options.tls_server_name, "SRSPROXYCTL_TLS_SERVER_NAME", "NAME",
           "The name in the proxy's certificate, where it is not the endpoint's; implies --tls");
  app.add_option("--token", options.token,
                 std::string("Prove yourself by this token; others on this machine can see it: "
                             "--token-file is safer (") +
                     kTokenVariable + ")")
      ->type_name("TOKEN");
  app.add_option(
         "--token-file", options.token_file,
         std::string("Prove yourself by the token in this file (") + kTokenFileVariable + ")")
      ->type_name("FILE");
  add_switch("--allow-insecure-token", options.allow_insecure_token,
             "SRSPROXYCTL_ALLOW_INSECURE_TOKEN",
             "Send the token without TLS to another machine, where others may read it");
}

absl::StatusOr<Access> MakeAccess(const AccessOptions& options, const Environment& environment,
                                  const std::vector<std::string>& endpoints) {
  Access access;
  access.tls = options.tls || !options.tls_ca.empty() || !options.tls_cert.empty() ||
               !options.tls_key.empty() || !options.tls_server_name.empty();
  absl::StatusOr<std::string> token = FindToken(options, environment);
  if (!token.ok()) return token.status();
  access.token = *std::move(token);
  if (!access.tls) {
    access.credentials = grpc::InsecureChannelCredentials();
    const bool stays_here = std::all_of(endpoints.begin(), endpoints.end(), IsLoopback);
    if (!access.token.empty() && !stays_here && !options.allow_insecure_token) {
      return absl::InvalidArgumentError(
          "nothing was sent: the token would go to another machine in plain text. Use --tls, or "
          "--allow-insecure-token where nobody else can read the network");
    }
    return access;
  }
  auto credentials = TlsCredentials(options);
  if (!credentials.ok()) return credentials.status();
  access.credentials = *std::move(credentials);
  access.server_name = options.tls_server_name;
  return access;
}

}  // namespace srsproxy::ctl
