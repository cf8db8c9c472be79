#include "dataplane/directory/redis/master_locator.h"

#include <utility>

#include "dataplane/protocol/redis/command.h"
#include "dataplane/protocol/redis/error_reply.h"

namespace srsproxy::redis {
namespace {

bool WantsPassword(const absl::StatusOr<Reply>& reply) {
  return reply.ok() && reply->is_error() && ClassifyError(reply->error()) == ErrorKind::kNoAuth;
}

std::string AuthCommand(const ClientOptions& options) {
  std::string command;
  if (options.username.empty()) {
    AppendCommand({"AUTH", options.password}, command);
  } else {
    AppendCommand({"AUTH", options.username, options.password}, command);
  }
  return command;
}

}  // namespace

Sentinels::Sentinels(const Connector& connector, const ClientOptions& options)
    : connector_(connector), options_(options) {
  for (const std::string& text : options.sentinels) {
    if (auto address = ParseSentinelAddress(text); address.ok()) {
      addresses_.push_back(*std::move(address));
    }
  }
}

Task<absl::StatusOr<Reply>> Sentinels::Query(std::string command, absl::Duration timeout,
                                             Connection::Closed closed,
                                             std::shared_ptr<Connection>& connection) {
  auto connected = co_await connector_.Connect(current(), timeout, std::move(closed));
  if (!connected.ok()) co_return connected.status();
  connection = *std::move(connected);
  auto reply = co_await redis::Query(connector_.executor(), connection, command, timeout);
  // Some have the password of the servers, others have none, and would refuse one.
  if (!WantsPassword(reply) || options_.password.empty()) co_return reply;
  auto welcome =
      co_await redis::Query(connector_.executor(), connection, AuthCommand(options_), timeout);
  if (!welcome.ok()) co_return welcome;
  if (auto status = welcome->ToStatus(); !status.ok()) co_return status;
  co_return co_await redis::Query(connector_.executor(), connection, command, timeout);
}

MasterLocator::MasterLocator(const Connector& connector, const ClientOptions& options)
    : options_(options), sentinels_(connector, options) {}

Task<absl::StatusOr<Address>> MasterLocator::Locate() {
  if (sentinels_.empty()) co_return Address{options_.host, options_.port};
  absl::StatusOr<Address> master;
  for (size_t i = 0; i < sentinels_.size(); ++i) {
    const std::string queried = sentinels_.current().ToString();
    master = co_await AskOne();
    if (master.ok() || absl::IsCancelled(master.status())) break;
    master = ProxyFailure(master.status().code(),
                          "Sentinel " + queried + ": " + std::string(MessageOf(master.status())));
    sentinels_.Next();
  }
  co_return master;
}

Task<absl::StatusOr<Address>> MasterLocator::AskOne() {
  std::string command;
  AppendCommand({"SENTINEL", "get-master-addr-by-name", options_.sentinel_master}, command);
  std::shared_ptr<Connection> connection;
  auto reply = co_await sentinels_.Query(std::move(command), kTimeout, nullptr, connection);
  if (!reply.ok()) co_return reply.status();
  co_return ReadMasterAddress(*reply);
}

void MasterLocator::Distrust() {
  if (!sentinels_.empty()) sentinels_.Next();
}

}  // namespace srsproxy::redis
