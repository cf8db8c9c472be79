// Client: this process's connections to the Redis that the proxies share, on a thread of their own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/config.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/script.h"

namespace srsproxy::redis {

struct ClientOptions {
  std::string host = "127.0.0.1";
  uint16_t port = 6379;
  // `host:port` each. Not empty: they are queried, in turn, for the master of this name; host and
  // port above count for nothing.
  std::vector<std::string> sentinels = {};
  std::string sentinel_master = "";
  std::string username = "";
  std::string password = "";  // Empty: no AUTH.
  uint32_t db = 0;
  bool tls = false;           // Also to sentinels.
  std::string tls_ca = "";    // A file of certificates, PEM. Empty: the system's.
  std::string proxy_id = "";  // CLIENT SETNAME srsproxy-<id>.
  absl::Duration connect_timeout = absl::Seconds(3);  // To the end of the setup.
  absl::Duration deadline = absl::Seconds(1);         // Of calls that name none.
  absl::Duration min_backoff = absl::Milliseconds(50);
  absl::Duration max_backoff = absl::Seconds(2);
  // Of each link: calls without an answer, and their bytes.
  size_t max_open_calls = 16 * 1024;
  size_t max_open_bytes = 16 * 1024 * 1024;

  static ClientOptions From(const Config& config);
};

// Thread-safe.
class Client {
 public:
  // INVALID_ARGUMENT: the CA file cannot be used. `metrics` and `logger` outlive the client.
  static absl::StatusOr<std::unique_ptr<Client>> Make(ClientOptions options,
                                                      std::vector<Script> scripts, Metrics& metrics,
                                                      const Logger& logger);
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;
  ~Client();  // Stops.

  // Nothing connects before Open.
  Link& command();  // Pipelined; its state is srsproxy_redis_up.
  Link& feed();     // For reads that wait in Redis.
  Link& bulk();     // For reading much, while it is needed.

  // Calls `task` on the thread of Redis each `interval` from now on, until Stop.
  void Every(absl::Duration interval, std::function<void()> task);

  // Answers every open call CANCELLED, and later ones at once; closes all connections and joins the
  // thread. Not from the thread of Redis. May be called again.
  void Stop();

 private:
  class Impl;
  explicit Client(std::unique_ptr<Impl> impl);

  const std::unique_ptr<Impl> impl_;
};

}  // namespace srsproxy::redis
