// Connector: opens connections to Redis and to Sentinels as the options say.
#pragma once

#include <memory>

#include <absl/time/time.h>
#include <boost/asio/any_io_executor.hpp>

#include "dataplane/core/status.h"
#include "dataplane/directory/redis/connection.h"
#include "dataplane/net/poller.h"
#include "dataplane/net/task.h"
#include "dataplane/net/tls.h"
#include "dataplane/protocol/redis/sentinel.h"

namespace srsproxy::redis {

using net::Task;

// Used on the thread of its executor, which all its connections share.
class Connector {
 public:
  // `poller` outlives the connections. `tls`: null for none.
  Connector(net::Poller& poller, asio::any_io_executor executor, net::TlsContext tls)
      : poller_(poller), executor_(std::move(executor)), tls_(std::move(tls)) {}

  const asio::any_io_executor& executor() const { return executor_; }

  // `closed` as Connection::Start. The handshake of TLS goes on when it returns: what is wrong with
  // the certificate is why the connection is closed then. UNAVAILABLE, DEADLINE_EXCEEDED: nobody
  // answers there.
  Task<absl::StatusOr<std::shared_ptr<Connection>>> Connect(Address address, absl::Duration timeout,
                                                            Connection::Closed closed) const;

 private:
  net::Poller& poller_;
  const asio::any_io_executor executor_;
  const net::TlsContext tls_;
};

// Awaits the reply to `command`. CANCELLED: the coroutine was cancelled.
Task<absl::StatusOr<Reply>> Query(asio::any_io_executor executor,
                                  std::shared_ptr<Connection> connection, std::string command,
                                  absl::Duration timeout);

}  // namespace srsproxy::redis
