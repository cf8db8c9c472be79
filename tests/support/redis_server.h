// Real servers of Redis for tests, on free ports of the loopback address.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/protocol/redis/reply.h"
#include "tests/support/reserved_port.h"

namespace srsproxy {

// A process of redis-server, or of a Sentinel, with a folder of its own. It ends with the test,
// however that ends.
class RedisServer {
 public:
  struct Options {
    std::vector<std::string> arguments = {};  // {"--requirepass", "secret"}
    // Lines of its configuration, before the arguments.
    std::vector<std::string> config = {};
    bool sentinel = false;
    // {"AUTH", "secret"}: what Command sends first.
    std::vector<std::string> hello = {};
    // No port without TLS but one for Command; clients use tls_port(). PEM files.
    std::string tls_cert = "";
    std::string tls_key = "";
  };

  // Runs and answers.
  RedisServer() : RedisServer(Options()) {}
  explicit RedisServer(Options options);
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer();

  uint16_t port() const { return port_.number(); }
  uint16_t tls_port() const { return tls_port_->number(); }

  // After Kill: again on the same ports, without what it held.
  void Start();
  // SIGKILL. Its connections are reset.
  void Kill();
  // It does nothing, and its connections stay.
  void Suspend();
  void Resume();

  // Sends a command over a connection of its own and returns the answer. Fails the test when none
  // comes within some seconds.
  redis::Reply Command(std::initializer_list<std::string_view> command) const;
  // The number that follows `name`, "used_memory:", in what INFO answers; 0: it is not there.
  double Info(std::string_view name) const;

 private:
  void WriteConfig() const;
  bool Answers() const;

  const Options options_;
  std::string folder_;
  const ReservedPort port_;
  std::optional<ReservedPort> tls_port_;
  pid_t pid_ = 0;  // 0: it does not run.
};

// A master, a replica of it and a Sentinel that replaces the one by the other within a second or
// two after the master has died.
class RedisTrio {
 public:
  static constexpr const char* kName = "trio";

  // Returns when the Sentinel knows the replica. `master`: the options of both servers.
  explicit RedisTrio(RedisServer::Options servers = {});

  RedisServer& master() { return *master_; }
  RedisServer& replica() { return *replica_; }
  RedisServer& sentinel() { return *sentinel_; }

  // Replaces the master by the replica, while the master lives. Returns when the Sentinel reports
  // it.
  void FailOver();
  // As the Sentinel reports it.
  uint16_t MasterPort() const;

 private:
  std::unique_ptr<RedisServer> master_;
  std::unique_ptr<RedisServer> replica_;
  std::unique_ptr<RedisServer> sentinel_;
};

}  // namespace srsproxy
