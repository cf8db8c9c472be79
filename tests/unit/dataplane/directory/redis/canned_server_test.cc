// What is no Redis, or one that no machine of the tests has: it answers whatever it is asked with
// the same bytes.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/redis/client.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis::testing {
namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using ::testing::AllOf;
using ::testing::HasSubstr;

class CannedServer {
 public:
  // `hangs_up`: it closes after its answer, else when the client does.
  CannedServer(std::string answer, bool hangs_up)
      : answer_(std::move(answer)), hangs_up_(hangs_up), thread_([this] { Serve(); }) {}
  ~CannedServer() {
    stopping_ = true;
    // Wakes it, should it wait for a client.
    tcp::socket socket(io_);
    boost::system::error_code ignored;
    socket.connect(address_, ignored);
    socket.close();
    thread_.join();
  }

  uint16_t port() const { return address_.port(); }
  int clients() const { return clients_; }

 private:
  void Serve() {
    while (!stopping_) {
      tcp::socket client = acceptor_.accept();
      ++clients_;
      char buffer[4096];
      boost::system::error_code error;
      // One at a time: there is one client.
      client.read_some(asio::buffer(buffer), error);
      if (!error) asio::write(client, asio::buffer(answer_), error);
      while (!error && !hangs_up_) client.read_some(asio::buffer(buffer), error);
    }
  }

  asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  const tcp::endpoint address_ = acceptor_.local_endpoint();
  const std::string answer_;
  const bool hangs_up_;
  std::atomic<bool> stopping_ = false;
  std::atomic<int> clients_ = 0;
  std::thread thread_;
};

std::string Bulk(const std::string& text) {
  return "$" + std::to_string(text.size()) + "\r\n" + text + "\r\n";
}

// The answers to SETNAME, INFO, ROLE, EVAL and two scripts.
std::string SetupOf(const std::string& info) {
  return "+OK\r\n" + Bulk(info) + "*1\r\n$6\r\nmaster\r\n:1\r\n+a\r\n+b\r\n";
}

class CannedServerTest : public ClientTest {};

TEST_F(CannedServerTest, AWebServerIsNoRedisAndIsNotAskedWithoutAPause) {
  CannedServer server("HTTP/1.1 400 Bad Request\r\n\r\n", true);
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kDataLoss));
  EXPECT_THAT(observer_.why(), HasSubstr("not the protocol of Redis"));
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(500);
  while (std::chrono::steady_clock::now() < later) (void)CallAndWait(link(), {"PING"});
  client_->Stop();
  // Pauses of 25, 50, then 100 ms on average.
  EXPECT_LT(server.clients(), 40);
  EXPECT_EQ(observer_.lost().size(), 1u);
}

TEST_F(CannedServerTest, OneThatClosesMayExpectTls) {
  CannedServer server("", true);
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
  EXPECT_THAT(observer_.why(), AllOf(HasSubstr("closed"), HasSubstr("PROXY_REDIS_TLS")));
}

TEST_F(CannedServerTest, OneThatStallsIsGivenUp) {
  CannedServer server("+OK\r\n$100\r\nrole:", false);
  auto options = OptionsFor(server.port());
  options.connect_timeout = absl::Milliseconds(100);
  Open(options);
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
  EXPECT_THAT(observer_.why(), HasSubstr("not answered within"));
}

TEST_F(CannedServerTest, AnOldRedisIsRefusedByName) {
  CannedServer server(SetupOf("redis_version:5.0.14\r\nrole:master\r\n"), false);
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(observer_.why(), HasSubstr("Redis 5.0.14 is too old"));
}

TEST_F(CannedServerTest, AValkeyIsTaken) {
  CannedServer server(
      SetupOf("redis_version:7.2.4\r\nvalkey_version:8.0.1\r\nrole:master\r\nmaxmemory_policy:"
              "allkeys-lfu\r\n"),
      false);
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitConnected());
  EXPECT_EQ(observer_.server().Name(), "Valkey 8.0.1");
  client_->Stop();
  EXPECT_TRUE(WaitForLine("maxmemory-policy noeviction")) << lines_.text();
}

TEST_F(CannedServerTest, OneThatLoadsIsWaitedFor) {
  std::string answer = "+OK\r\n";
  for (int i = 0; i < 5; ++i) answer += "-LOADING Redis is loading the dataset in memory\r\n";
  CannedServer server(answer, false);
  Open(OptionsFor(server.port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
  EXPECT_THAT(observer_.why(), HasSubstr("reading its data"));
}

}  // namespace
}  // namespace srsproxy::redis::testing
