// Connections that are kept for the next request, over real sockets.

#include "dataplane/proxy/upstream/origin_connections.h"

#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <poll.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using net::tcp;

class OriginConnectionsTest : public testing::Test {
 protected:
  // A connection to a listener, whose own end is kept as the last of origins_.
  net::TcpStream Connect() {
    tcp::socket socket(io_);
    socket.connect(acceptor_.local_endpoint());
    origins_.push_back(std::make_unique<tcp::socket>(acceptor_.accept()));
    return net::TcpStream(std::move(socket), Side::kOrigin);
  }
  // Until what the origin did has reached the kept end.
  static void AwaitReadable(int fd) {
    pollfd waited{.fd = fd, .events = POLLIN, .revents = 0};
    ASSERT_EQ(poll(&waited, 1, 10'000), 1);
  }

  boost::asio::io_context io_;
  tcp::acceptor acceptor_{io_, {boost::asio::ip::address_v4::loopback(), 0}};
  std::vector<std::unique_ptr<tcp::socket>> origins_;
  FakeClock clock_;
  OriginConnections kept_{clock_, {.for_each_endpoint = 2, .in_all = 3}};
  const Endpoint one_{.host = "10.0.0.1", .port = 80};
  const Endpoint two_{.host = "10.0.0.2", .port = 80};
};

TEST_F(OriginConnectionsTest, GivesTheOneThatWasKeptLast) {
  net::TcpStream first = Connect();
  net::TcpStream last = Connect();
  const int fd = last.fd();
  kept_.Keep(one_, std::move(first));
  kept_.Keep(one_, std::move(last));
  EXPECT_FALSE(kept_.Take(two_).has_value());
  const auto taken = kept_.Take(one_);
  ASSERT_TRUE(taken.has_value());
  EXPECT_EQ(taken->fd(), fd);
  EXPECT_EQ(kept_.size(), 1u);
}

TEST_F(OriginConnectionsTest, OneThatTheOriginHasClosedIsNotGiven) {
  net::TcpStream stream = Connect();
  const int fd = stream.fd();
  kept_.Keep(one_, std::move(stream));
  origins_.back()->close();
  AwaitReadable(fd);
  EXPECT_FALSE(kept_.Take(one_).has_value());
  EXPECT_EQ(kept_.size(), 0u);
}

TEST_F(OriginConnectionsTest, OneOnWhichTheOriginSpeaksUnaskedIsNotGiven) {
  kept_.Keep(one_, Connect());
  net::TcpStream talking = Connect();
  const int fd = talking.fd();
  kept_.Keep(one_, std::move(talking));
  boost::asio::write(*origins_.back(), boost::asio::buffer("HTTP/1.1 408 Late\r\n\r\n", 21));
  AwaitReadable(fd);
  const auto taken = kept_.Take(one_);
  ASSERT_TRUE(taken.has_value());
  EXPECT_NE(taken->fd(), fd);
}

TEST_F(OriginConnectionsTest, OldOnesGo) {
  kept_.Keep(one_, Connect());
  clock_.Advance(absl::Seconds(10));
  kept_.Keep(two_, Connect());
  clock_.Advance(absl::Seconds(5));
  kept_.Sweep();
  EXPECT_FALSE(kept_.Take(one_).has_value());
  EXPECT_TRUE(kept_.Take(two_).has_value());
}

TEST_F(OriginConnectionsTest, ThereIsALimitForEachEndpoint) {
  for (int i = 0; i < 3; ++i) kept_.Keep(one_, Connect());
  EXPECT_EQ(kept_.size(), 2u);
}

TEST_F(OriginConnectionsTest, ThereIsALimitInAll) {
  kept_.Keep(one_, Connect());
  kept_.Keep(one_, Connect());
  kept_.Keep(two_, Connect());
  kept_.Keep(two_, Connect());
  EXPECT_EQ(kept_.size(), 3u);
  EXPECT_TRUE(kept_.Take(one_).has_value());
  EXPECT_FALSE(kept_.Take(one_).has_value());
}

}  // namespace
}  // namespace srsproxy
