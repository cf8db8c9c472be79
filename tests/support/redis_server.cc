#include "tests/support/redis_server.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>

#include "dataplane/protocol/redis/command.h"
#include "dataplane/protocol/redis/reply_reader.h"

namespace srsproxy {
namespace {

using redis::Reply;

constexpr auto kPatience = std::chrono::seconds(60);

sockaddr_in Loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

class Socket {
 public:
  Socket() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {}
  Socket(const Socket&) = delete;
  Socket& operator=(const Socket&) = delete;
  ~Socket() { ::close(fd_); }
  int fd() const { return fd_; }

 private:
  const int fd_;
};

bool WaitUntil(const std::function<bool()>& condition) {
  const auto late = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < late) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return false;
}

// The last of so many replies; nullopt: they do not come.
std::optional<Reply> Exchange(uint16_t port, const std::string& commands, int replies) {
  const Socket socket;
  const timeval patience{.tv_sec = 30, .tv_usec = 0};
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  ::setsockopt(socket.fd(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
  const sockaddr_in address = Loopback(port);
  if (::connect(socket.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::send(socket.fd(), commands.data(), commands.size(), MSG_NOSIGNAL) < 0) {
    return std::nullopt;
  }
  redis::ReplyReader reader({.bytes = 1 << 30, .items = 1 << 24});
  std::vector<char> buffer(1 << 16);
  while (true) {
    const ssize_t got = ::recv(socket.fd(), buffer.data(), buffer.size(), 0);
    if (got <= 0) return std::nullopt;
    reader.Feed({buffer.data(), static_cast<size_t>(got)});
    while (true) {
      auto reply = reader.Next();
      if (!reply.ok()) return std::nullopt;
      if (!reply->has_value()) break;
      if (--replies == 0) return **std::move(reply);
    }
  }
}

}  // namespace

RedisServer::RedisServer(Options options)
    : options_(std::move(options)), folder_(::testing::TempDir() + "/srsproxy_redis_XXXXXX") {
  EXPECT_NE(mkdtemp(folder_.data()), nullptr);
  if (!options_.tls_cert.empty()) tls_port_.emplace();
  Start();
}

RedisServer::~RedisServer() {
  Kill();
  std::filesystem::remove_all(folder_);
}

void RedisServer::WriteConfig() const {
  std::ofstream file(folder_ + "/redis.conf");
  file << "port " << port() << "\nbind 127.0.0.1\ndir " << folder_ << "\n";
  file << "enable-debug-command local\n";
  if (!options_.sentinel) file << "save \"\"\nappendonly no\n";
  if (tls_port_.has_value()) {
    file << "tls-port " << tls_port() << "\ntls-auth-clients no\ntls-cert-file "
         << options_.tls_cert << "\ntls-key-file " << options_.tls_key << "\n";
  }
  for (const std::string& line : options_.config) file << line << "\n";
}

void RedisServer::Start() {
  ASSERT_EQ(pid_, 0);
  WriteConfig();
  std::vector<std::string> words = {options_.sentinel ? "redis-sentinel" : "redis-server",
                                    folder_ + "/redis.conf"};
  words.insert(words.end(), options_.arguments.begin(), options_.arguments.end());
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  const std::string log = folder_ + "/log";
  const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  ::close(out);
  if (!WaitUntil([this] { return Answers(); })) {
    std::ifstream file(log);
    ADD_FAILURE() << "no answer of " << words[0] << ":\n"
                  << std::string(std::istreambuf_iterator<char>(file), {});
  }
}

bool RedisServer::Answers() const {
  std::string ping;
  redis::AppendCommand({"PING"}, ping);
  const auto reply = Exchange(port(), ping, 1);
  // One that wants a password is there, too.
  return reply.has_value() && !reply->ToString().starts_with("(error) 'LOADING");
}

void RedisServer::Kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

void RedisServer::Suspend() { ::kill(pid_, SIGSTOP); }

void RedisServer::Resume() { ::kill(pid_, SIGCONT); }

redis::Reply RedisServer::Command(std::initializer_list<std::string_view> command) const {
  std::string commands;
  if (!options_.hello.empty()) {
    const std::vector<std::string_view> hello(options_.hello.begin(), options_.hello.end());
    redis::AppendCommand(hello, commands);
  }
  redis::AppendCommand(command, commands);
  const int replies = options_.hello.empty() ? 1 : 2;
  auto reply = Exchange(port(), commands, replies);
  // A test may kill connections while another thread asks.
  if (!reply.has_value()) reply = Exchange(port(), commands, replies);
  EXPECT_TRUE(reply.has_value()) << "no answer to " << *command.begin();
  return reply.has_value() ? *std::move(reply) : Reply::Error("ERR no answer");
}

double RedisServer::Info(std::string_view name) const {
  const Reply reply = Command({"INFO", "everything"});
  const std::string info(reply.AsText().value_or(""));
  const size_t at = info.find("\n" + std::string(name));
  return at == std::string::npos ? 0 : std::strtod(info.c_str() + at + 1 + name.size(), nullptr);
}

RedisTrio::RedisTrio(RedisServer::Options servers) {
  servers.config.push_back("repl-diskless-sync-delay 0");
  master_ = std::make_unique<RedisServer>(servers);
  const std::string port = std::to_string(master_->port());
  servers.config.push_back("replicaof 127.0.0.1 " + port);
  replica_ = std::make_unique<RedisServer>(std::move(servers));
  const std::string name = kName;
  RedisServer::Options watching;
  watching.sentinel = true;
  watching.config = {"sentinel monitor " + name + " 127.0.0.1 " + port + " 1",
                     "sentinel down-after-milliseconds " + name + " 300",
                     "sentinel failover-timeout " + name + " 3000"};
  sentinel_ = std::make_unique<RedisServer>(std::move(watching));
  const auto knows_replica = [this] {
    const Reply replicas = sentinel_->Command({"SENTINEL", "replicas", kName});
    const auto list = replicas.AsArray();
    return list.ok() && list->size() == 1 &&
           replica_->Command({"ROLE"}).ToString().find("connected") != std::string::npos;
  };
  EXPECT_TRUE(WaitUntil(knows_replica)) << "the Sentinel does not find the replica";
}

uint16_t RedisTrio::MasterPort() const {
  const Reply reply = sentinel_->Command({"SENTINEL", "get-master-addr-by-name", kName});
  const auto address = reply.AsArrayOf(2);
  const auto port = address.ok() ? (*address)[1].AsInteger() : absl::StatusOr<int64_t>(0);
  return port.ok() ? static_cast<uint16_t>(*port) : 0;
}

void RedisTrio::FailOver() {
  const uint16_t former = MasterPort();
  // It refuses while it does not know enough of the replica.
  EXPECT_TRUE(WaitUntil([this] {
    return sentinel_->Command({"SENTINEL", "failover", kName}).ToStatus().ok();
  }));
  EXPECT_TRUE(WaitUntil([this, former] { return MasterPort() != former; }));
}

}  // namespace srsproxy
