// The relay between two loopback connections; the handler doubles as the test's eyes.

#include "dataplane/net/relay.h"

#include <chrono>
#include <functional>
#include <numeric>
#include <optional>
#include <string>

#include <boost/asio/connect.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/net/run_task.h"

namespace srsproxy::net {
namespace {

// A client and an origin as sockets of the test, and what the relay holds of them.
class RelayTest : public ::testing::Test, protected Relay::Handler {
 protected:
  void SetUp() override {
    Connect(client_, Side::kClient);
    Connect(origin_, Side::kOrigin);
    for (TcpStream& stream : streams_) relay_.Attach(stream);
  }

  void OnBytes(Side from, std::span<uint8_t> in, RelayOutput& out) override {
    (from == Side::kClient ? out.to_origin : out.to_client).AppendView(in);
  }
  void OnClosed(Side side, absl::Status why) override {
    (side == Side::kClient ? client_closed_ : origin_closed_) = std::move(why);
  }
  size_t ReadCapacity(Side side) const override {
    return side == Side::kClient ? read_capacity_ : SIZE_MAX;
  }

  void Connect(tcp::socket& end, Side side) {
    tcp::acceptor acceptor(worker_.io(), tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    end.connect(acceptor.local_endpoint());
    end.non_blocking(true);
    streams_.emplace_back(acceptor.accept(), side);
  }

  // Lets the relay work until `done`.
  void Until(const std::function<bool()>& done) {
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), late);
      worker_.io().restart();
      worker_.io().run_for(std::chrono::milliseconds(5));
    }
  }
  // Reads what has arrived at a socket of the test.
  static std::string ReadSome(tcp::socket& socket) {
    std::string buffer(1 << 20, '\0');
    boost::system::error_code error;
    buffer.resize(socket.read_some(asio::buffer(buffer), error));
    return buffer;
  }
  std::string ReadExactly(tcp::socket& socket, size_t size) {
    std::string all;
    Until([&] {
      all += ReadSome(socket);
      return all.size() >= size;
    });
    return all;
  }
  static bool IsAtEnd(tcp::socket& socket) {
    char byte;
    boost::system::error_code error;
    socket.read_some(asio::buffer(&byte, 1), error);
    return error == asio::error::eof || error == asio::error::connection_reset;
  }

  Worker worker_{0};
  tcp::socket client_{worker_.io()};
  tcp::socket origin_{worker_.io()};
  std::vector<TcpStream> streams_ = [] {
    std::vector<TcpStream> streams;
    streams.reserve(2);  // The relay points at them.
    return streams;
  }();
  size_t read_capacity_ = SIZE_MAX;
  Relay relay_{worker_, *this, absl::Seconds(2)};
  std::optional<absl::Status> client_closed_;
  std::optional<absl::Status> origin_closed_;
};

TEST_F(RelayTest, BytesPassBothWays) {
  asio::write(client_, asio::buffer("from the client", 15));
  asio::write(origin_, asio::buffer("from the origin", 15));
  EXPECT_EQ(ReadExactly(origin_, 15), "from the client");
  EXPECT_EQ(ReadExactly(client_, 15), "from the origin");
}

TEST_F(RelayTest, MoreThanThePeerTakesIsKeptInOrderAndTheSenderHeldBack) {
  std::string sent(4 << 20, '\0');
  std::iota(sent.begin(), sent.end(), '\0');
  size_t written = 0;
  std::string received;
  Until([&] {
    boost::system::error_code error;
    written += origin_.write_some(asio::buffer(sent) + written, error);
    // Reads slowly: the relay runs into a full socket again and again.
    std::string part(64 << 10, '\0');
    part.resize(client_.read_some(asio::buffer(part), error));
    received += part;
    return received.size() == sent.size();
  });
  EXPECT_TRUE(received == sent);
}

TEST_F(RelayTest, AnEndIsReportedAfterTheLastByte) {
  asio::write(client_, asio::buffer("last words", 10));
  client_.close();
  Until([&] { return client_closed_.has_value(); });
  EXPECT_TRUE(client_closed_->ok());
  EXPECT_FALSE(origin_closed_.has_value());
  EXPECT_EQ(ReadExactly(origin_, 10), "last words");
}

TEST_F(RelayTest, APeerThatTakesNothingIsEndedAtTheWriteTimeout) {
  const std::string data(1 << 20, 'x');
  Until([&] {
    boost::system::error_code error;
    origin_.write_some(asio::buffer(data), error);
    return client_closed_.has_value();
  });
  EXPECT_TRUE(absl::IsDeadlineExceeded(*client_closed_)) << *client_closed_;
  EXPECT_EQ(SideOf(*client_closed_), Side::kClient);
}

TEST_F(RelayTest, WhatIsNotWantedIsReadLater) {
  read_capacity_ = 0;
  asio::write(client_, asio::buffer("later", 5));
  asio::write(origin_, asio::buffer("now", 3));
  EXPECT_EQ(ReadExactly(client_, 3), "now");
  EXPECT_EQ(ReadSome(origin_), "");
  read_capacity_ = SIZE_MAX;
  relay_.Resume();
  EXPECT_EQ(ReadExactly(origin_, 5), "later");
}

TEST_F(RelayTest, NoMoreIsReadAtOnceThanIsWanted) {
  read_capacity_ = 2;
  asio::write(client_, asio::buffer("abcdef", 6));
  EXPECT_EQ(ReadExactly(origin_, 6), "abcdef");
}

TEST_F(RelayTest, AReleasedStreamIsLeftOpenAndForgotten) {
  relay_.Release(Side::kOrigin);
  EXPECT_TRUE(streams_[1].is_open());
  asio::write(client_, asio::buffer("nobody hears this", 17));
  client_.close();
  Until([&] { return client_closed_.has_value(); });
  EXPECT_EQ(ReadSome(origin_), "");
}

TEST_F(RelayTest, AGentleCloseDeliversEverythingAndWaitsForThePeer) {
  relay_.Release(Side::kClient);
  asio::write(client_, asio::buffer("unread", 6));
  const BufferSequence::Buffer farewell(reinterpret_cast<const uint8_t*>("farewell"), 8);
  ASSERT_EQ(streams_[0].TryWrite({&farewell, 1}).bytes, 8);
  bool closed = false;
  asio::co_spawn(
      worker_.io(),
      LingeringClose(worker_.poller(Poller::Delivery::kImmediate), worker_.io().get_executor(),
                     std::move(streams_[0]), absl::Seconds(20)),
      [&closed](const std::exception_ptr&) { closed = true; });
  EXPECT_EQ(ReadExactly(client_, 8), "farewell");
  Until([&] { return IsAtEnd(client_); });
  EXPECT_FALSE(closed);
  client_.close();
  Until([&] { return closed; });
}

TEST_F(RelayTest, WhatHasArrivedWhenThePaceChangesIsRead) {
  asio::write(origin_, asio::buffer("first", 5));
  relay_.SetDelivery(Poller::Delivery::kCoalescing);
  EXPECT_EQ(ReadExactly(client_, 5), "first");
  asio::write(client_, asio::buffer("second", 6));
  relay_.SetDelivery(Poller::Delivery::kImmediate);
  EXPECT_EQ(ReadExactly(origin_, 6), "second");
}

TEST_F(RelayTest, ManyConnectionsGatherTheirEventsAndLoseNone) {
  struct Nobody final : Poller::Target {
    void OnReady(Poller::Readiness) override {}
  };
  // Enough sockets that the poller gathers.
  std::vector<tcp::socket> others;
  Nobody nobody;
  relay_.SetDelivery(Poller::Delivery::kCoalescing);
  Poller& poller = worker_.poller(Poller::Delivery::kCoalescing);
  for (int i = 0; i < 70; ++i) {
    others.emplace_back(worker_.io(), tcp::v4());
    ASSERT_TRUE(poller.Add(others.back().native_handle(), nobody));
  }
  std::string received;
  for (int i = 0; i < 50; ++i) {
    asio::write(origin_, asio::buffer("tick", 4));
    received += ReadExactly(client_, 4);
  }
  EXPECT_EQ(received.size(), 200);
  for (auto& other : others) poller.Remove(other.native_handle(), nobody);
}

}  // namespace
}  // namespace srsproxy::net
