// TLS of listeners and of connections to others: certificates, loaded and checked.
#pragma once

#include <memory>
#include <string>

#include <absl/time/time.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "dataplane/core/status.h"

namespace srsproxy::net {

// Shared by all sessions of a listener, or all connections to one place; OpenSSL counts references
// and locks inside.
using TlsContext = std::shared_ptr<SSL_CTX>;

// TLS 1.2 and later, server side. `cert_file` holds the chain, `key_file` the key without a
// passphrase, both PEM. The error names the file and what is wrong with it.
absl::StatusOr<TlsContext> LoadServerTls(const std::string& cert_file, const std::string& key_file);

// TLS 1.2 and later, client side: the peer must have a certificate that is signed by one of
// `ca_file` (PEM), or by one of the system's when that is empty.
absl::StatusOr<TlsContext> LoadClientTls(const std::string& ca_file);

// When it is valid no longer.
absl::Time ExpiryOf(const X509& certificate);

}  // namespace srsproxy::net
