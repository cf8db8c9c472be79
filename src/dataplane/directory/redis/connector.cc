#include "dataplane/directory/redis/connector.h"

#include <utility>

#include "dataplane/net/dial.h"

namespace srsproxy::redis {
namespace {

// How long sent bytes may go unacknowledged.
constexpr absl::Duration kUserTimeout = absl::Seconds(5);

}  // namespace

Task<absl::StatusOr<std::shared_ptr<Connection>>> Connector::Connect(
    Address address, absl::Duration timeout, Connection::Closed closed) const {
  auto socket = co_await net::DialSetting(executor_, address.host, address.port, timeout);
  if (!socket.ok()) co_return socket.status();
  net::TcpStream stream(*std::move(socket), Side::kProxy);
  stream.Tune(kUserTimeout);
  if (tls_ != nullptr && !stream.StartClientTls(tls_, address.host)) {
    co_return ProxyFailure(absl::StatusCode::kResourceExhausted, "no memory for TLS with Redis");
  }
  auto connection = std::make_shared<Connection>(poller_, executor_, std::move(stream));
  if (!connection->Start(std::move(closed))) {
    co_return ProxyFailure(absl::StatusCode::kResourceExhausted,
                           "the kernel watches no more sockets");
  }
  co_return connection;
}

Task<absl::StatusOr<Reply>> Query(asio::any_io_executor executor,
                                  std::shared_ptr<Connection> connection, std::string command,
                                  absl::Duration timeout) {
  auto send = [&](auto done) { connection->Send(command, timeout, std::move(done)); };
  co_return co_await net::AwaitCallback<absl::StatusOr<Reply>>(executor, std::move(send));
}

}  // namespace srsproxy::redis
