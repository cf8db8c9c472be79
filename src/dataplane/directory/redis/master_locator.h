// MasterLocator: finds out where the master is: from the settings, or from a Sentinel.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/core/status.h"
#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/connector.h"
#include "dataplane/protocol/redis/sentinel.h"

namespace srsproxy::redis {

// The Sentinels of the options, which are queried in turn. Used on the thread of Redis.
class Sentinels {
 public:
  // `connector` and `options`, whose addresses are valid, outlive it.
  Sentinels(const Connector& connector, const ClientOptions& options);

  bool empty() const { return addresses_.empty(); }
  size_t size() const { return addresses_.size(); }
  // The one whose turn it is.
  const Address& current() const { return addresses_[current_]; }
  void Next() { current_ = (current_ + 1) % addresses_.size(); }

  // Sends `command` to the one whose turn it is, with AUTH before when it wants that, and returns
  // what it answers. The connection is left in `connection`, to go on with.
  Task<absl::StatusOr<Reply>> Query(std::string command, absl::Duration timeout,
                                    Connection::Closed closed,
                                    std::shared_ptr<Connection>& connection);

 private:
  const Connector& connector_;
  const ClientOptions& options_;
  std::vector<Address> addresses_;
  size_t current_ = 0;
};

class MasterLocator {
 public:
  // Both outlive it.
  MasterLocator(const Connector& connector, const ClientOptions& options);

  // UNAVAILABLE, NOT_FOUND and so on: no Sentinel has named one, and why the last did not.
  Task<absl::StatusOr<Address>> Locate();

  // What was located is no master, or does not answer: another Sentinel is queried next.
  void Distrust();

 private:
  // Of one Sentinel: half a second is long for a question that is answered from memory.
  static constexpr absl::Duration kTimeout = absl::Milliseconds(500);

  Task<absl::StatusOr<Address>> AskOne();

  const ClientOptions& options_;
  Sentinels sentinels_;
};

}  // namespace srsproxy::redis
