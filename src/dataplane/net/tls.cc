#include "dataplane/net/tls.h"

#include <ctime>

#include <openssl/err.h>

namespace srsproxy::net {
namespace {

std::string LastTlsError() {
  char text[256] = "unknown TLS error";
  if (const auto code = ERR_peek_last_error(); code != 0) {
    ERR_error_string_n(code, text, sizeof(text));
  }
  ERR_clear_error();
  return text;
}

// OpenSSL would ask the terminal otherwise.
int NoPassphrase(char*, int, int, void*) { return 0; }

// What both sides of a connection want.
void SetCommonOptions(SSL_CTX& context) {
  SSL_CTX_set_min_proto_version(&context, TLS1_2_VERSION);
  SSL_CTX_set_mode(&context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                 SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_options(&context, SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
}

absl::Status NoContext() {
  return ProxyFailure(absl::StatusCode::kInternal, "no TLS context: " + LastTlsError());
}

}  // namespace

absl::StatusOr<TlsContext> LoadServerTls(const std::string& cert_file,
                                         const std::string& key_file) {
  TlsContext context(SSL_CTX_new(TLS_server_method()), SSL_CTX_free);
  if (context == nullptr) return NoContext();
  SetCommonOptions(*context);
  SSL_CTX_set_default_passwd_cb(context.get(), NoPassphrase);
  if (SSL_CTX_use_certificate_chain_file(context.get(), cert_file.c_str()) != 1) {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        "cannot use the certificate " + cert_file + ": " + LastTlsError());
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), key_file.c_str(), SSL_FILETYPE_PEM) != 1) {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        "cannot use the key " + key_file + ": " + LastTlsError());
  }
  if (SSL_CTX_check_private_key(context.get()) != 1) {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        "the key " + key_file + " does not belong to the certificate " + cert_file);
  }
  return context;
}

absl::StatusOr<TlsContext> LoadClientTls(const std::string& ca_file) {
  TlsContext context(SSL_CTX_new(TLS_client_method()), SSL_CTX_free);
  if (context == nullptr) return NoContext();
  SetCommonOptions(*context);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  const int loaded = ca_file.empty() ? SSL_CTX_set_default_verify_paths(context.get())
                                     : SSL_CTX_load_verify_file(context.get(), ca_file.c_str());
  if (loaded != 1) {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        "cannot use the certificates in " +
                            (ca_file.empty() ? "the system's store" : ca_file) + ": " +
                            LastTlsError());
  }
  return context;
}

absl::Time ExpiryOf(const X509& certificate) {
  std::tm time{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(&certificate), &time) != 1) return absl::InfiniteFuture();
  return absl::FromTimeT(timegm(&time));
}

}  // namespace srsproxy::net
