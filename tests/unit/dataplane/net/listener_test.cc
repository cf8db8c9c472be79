#include "dataplane/net/listener.h"

#include <optional>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/udp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::net {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

ListenAddress Loopback(uint16_t port) {
  return {.enabled = true, .host = "127.0.0.1", .port = port};
}

TEST(ListenerTest, AllWorkersShareOnePort) {
  const Workers workers = MakeWorkers(3);
  const auto acceptors = OpenListeners("PROXY_RTMP_SERVER", Loopback(0), workers);
  ASSERT_TRUE(acceptors.ok()) << acceptors.status();
  ASSERT_EQ(acceptors->size(), 3);
  EXPECT_NE((*acceptors)[0].local_endpoint().port(), 0);
  EXPECT_EQ((*acceptors)[0].local_endpoint(), (*acceptors)[2].local_endpoint());
}

TEST(ListenerTest, ASecondOnTheSamePortFailsAndNamesSettingAndAddress) {
  const Workers workers = MakeWorkers(1);
  const auto first = OpenListeners("PROXY_RTMP_SERVER", Loopback(0), workers);
  ASSERT_TRUE(first.ok());
  const uint16_t port = (*first)[0].local_endpoint().port();
  const auto second = OpenListeners("PROXY_RTMP_SERVER", Loopback(port), workers);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(MessageOf(second.status())),
              AllOf(HasSubstr("PROXY_RTMP_SERVER"), HasSubstr("127.0.0.1:" + std::to_string(port)),
                    HasSubstr("in use")));
}

TEST(ListenerTest, AUdpPortThatIsSharedByAnotherProcessIsSeenToo) {
  asio::io_context io;
  asio::ip::udp::socket other(io);
  other.open(asio::ip::udp::v4());
  other.set_option(asio::detail::socket_option::boolean<SOL_SOCKET, SO_REUSEPORT>(true));
  other.bind({asio::ip::address_v4::loopback(), 0});
  EXPECT_FALSE(ProbeBind(Loopback(other.local_endpoint().port()), Transport::kUdp).ok());
  const uint16_t port = other.local_endpoint().port();
  other.close();
  EXPECT_TRUE(ProbeBind(Loopback(port), Transport::kUdp).ok());
}

TEST(ListenerTest, WhoHasResetTheConnectionAlreadyIsKnown) {
  asio::io_context io;
  tcp::acceptor acceptor(io, {asio::ip::address_v4::loopback(), 0});
  tcp::socket client(io);
  client.connect(acceptor.local_endpoint());
  const tcp::endpoint address = client.local_endpoint();
  client.set_option(asio::socket_base::linger(true, 0));
  client.close();

  std::optional<Incoming> incoming;
  auto accepted = [&](Incoming accepted_client) {
    incoming.emplace(std::move(accepted_client));
    acceptor.close();
  };
  asio::co_spawn(io, AcceptLoop(acceptor, std::move(accepted), [](const auto&) {}), asio::detached);
  io.run();
  ASSERT_TRUE(incoming.has_value());
  EXPECT_EQ(incoming->peer, address);
  boost::system::error_code error;
  incoming->socket.remote_endpoint(error);
  EXPECT_TRUE(error) << "else there is nothing to test";
}

TEST(ListenerTest, AnUnknownHostIsNamed) {
  const Workers workers = MakeWorkers(1);
  const auto opened = OpenListeners(
      "PROXY_RTMP_SERVER", {.enabled = true, .host = "no-such-host.invalid", .port = 1}, workers);
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(std::string(MessageOf(opened.status())), HasSubstr("no-such-host.invalid"));
}

}  // namespace
}  // namespace srsproxy::net
