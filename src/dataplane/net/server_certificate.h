// The certificate that TLS listeners show, kept up to date with its files.
#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>

#include <absl/time/time.h>

#include "dataplane/net/file_watch.h"
#include "dataplane/net/tls.h"

namespace srsproxy::net {

// Thread-safe. Connections that are open keep what they were shaken hands with.
class ServerCertificate {
 public:
  // Paths of PEM files: the chain, the server's own certificate first, and its key.
  ServerCertificate(std::string cert_file, std::string key_file);
  ServerCertificate(const ServerCertificate&) = delete;
  ServerCertificate& operator=(const ServerCertificate&) = delete;

  // Reads the files, all or nothing: on an error, which names the file, the former ones stay in
  // force. Returns when the certificate expires. Blocks for the files.
  absl::StatusOr<absl::Time> Load();

  // Loads again whenever the files change, and reports how that went, on a thread of its own.
  void Watch(std::function<void(const absl::StatusOr<absl::Time>&)> reloaded);

  // For new connections. Null before the first Load that succeeds.
  TlsContext context() const;
  // When the certificate expires. Absent before the first Load that succeeds.
  std::optional<absl::Time> expiry() const;

 private:
  const std::string cert_file_;
  const std::string key_file_;
  mutable std::mutex mutex_;
  TlsContext context_;  // Guarded by mutex_.
  absl::Time expiry_;   // Of context_. Guarded by mutex_.
  std::optional<FileWatch> watch_;
};

}  // namespace srsproxy::net
