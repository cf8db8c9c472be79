#include "dataplane/net/dial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/core/hops.h"
#include "tests/unit/dataplane/net/run_task.h"

namespace srsproxy::net {
namespace {

using ::testing::HasSubstr;

class DialTest : public ::testing::Test {
 protected:
  DialResult Dial(std::string host, uint16_t port, absl::Duration timeout = absl::Seconds(20)) {
    return testing::RunTask(io_,
                            net::Dial(io_.get_executor(), rules_, std::move(host), port, timeout));
  }

  asio::io_context io_;
  tcp::acceptor acceptor_{io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)};
  LiveConfig config_{Config()};
  DialRules rules_{config_};
};

TEST_F(DialTest, ReachesAnAddress) {
  const auto result = Dial("127.0.0.1", acceptor_.local_endpoint().port());
  ASSERT_TRUE(result.socket.ok()) << result.socket.status();
  EXPECT_EQ(result.outcome, ConnectOutcome::kOk);
}

TEST_F(DialTest, ResolvesANameAndTriesEachOfItsAddresses) {
  const auto result = Dial("localhost", acceptor_.local_endpoint().port());
  ASSERT_TRUE(result.socket.ok()) << result.socket.status();
}

TEST_F(DialTest, ReportsThatNobodyListens) {
  const uint16_t port = acceptor_.local_endpoint().port();
  acceptor_.close();
  const auto result = Dial("127.0.0.1", port);
  EXPECT_TRUE(absl::IsUnavailable(result.socket.status()));
  EXPECT_EQ(SideOf(result.socket.status()), Side::kOrigin);
  EXPECT_EQ(result.outcome, ConnectOutcome::kRefused);
  EXPECT_THAT(std::string(MessageOf(result.socket.status())),
              HasSubstr("127.0.0.1:" + std::to_string(port)));
}

TEST_F(DialTest, GivesUpAtTheDeadline) {
  // A full backlog: the kernel drops further connects, as an unreachable host would.
  tcp::acceptor full(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
  full.listen(0);
  std::vector<tcp::socket> waiting;
  for (int i = 0; i < 4; ++i) {
    waiting.emplace_back(io_);
    waiting.back().async_connect(full.local_endpoint(), [](const auto&) {});
  }
  const auto result = Dial("127.0.0.1", full.local_endpoint().port(), absl::Milliseconds(50));
  EXPECT_TRUE(absl::IsDeadlineExceeded(result.socket.status())) << result.socket.status();
  EXPECT_EQ(result.outcome, ConnectOutcome::kTimedOut);
}

TEST_F(DialTest, DoesNotConnectToWhatTheRulesForbid) {
  const auto result = Dial("169.254.169.254", 80);
  EXPECT_TRUE(absl::IsPermissionDenied(result.socket.status())) << result.socket.status();
  EXPECT_EQ(SideOf(result.socket.status()), Side::kOrigin);
  EXPECT_EQ(result.outcome, ConnectOutcome::kForbidden);
}

TEST_F(DialTest, ChecksWhereANameLeadsTo) {
  const uint16_t port = acceptor_.local_endpoint().port();
  rules_.AddListener("rtmp_server", "", port);
  for (const char* host : {"localhost", "0x7f000001", "127.0.0.1"}) {
    const auto result = Dial(host, port);
    EXPECT_TRUE(IsLoop(result.socket.status())) << host << ": " << result.socket.status();
    EXPECT_EQ(result.outcome, ConnectOutcome::kForbidden);
    EXPECT_THAT(std::string(MessageOf(result.socket.status())), HasSubstr(host));
  }
  acceptor_.non_blocking(true);
  boost::system::error_code nobody;
  acceptor_.accept(nobody);
  EXPECT_EQ(nobody, asio::error::would_block) << "nothing was connected";
}

TEST_F(DialTest, ANameMayLeadElsewhereToo) {
  // `localhost` is both loopback addresses on most machines; one of them is forbidden.
  rules_.AddListener("rtmp_server", "::1", acceptor_.local_endpoint().port());
  const auto result = Dial("localhost", acceptor_.local_endpoint().port());
  EXPECT_TRUE(result.socket.ok()) << result.socket.status();
}

TEST_F(DialTest, WhereASettingLeadsNoRulesCount) {
  const uint16_t port = acceptor_.local_endpoint().port();
  rules_.AddListener("rtmp_server", "127.0.0.1", port);
  EXPECT_FALSE(Dial("127.0.0.1", port).socket.ok());
  const auto dialled =
      testing::RunTask(io_, DialSetting(io_.get_executor(), "127.0.0.1", port, absl::Seconds(20)));
  EXPECT_TRUE(dialled.ok()) << dialled.status();
}

TEST_F(DialTest, WhereASettingLeadsTheProxyIsAtFault) {
  const uint16_t port = acceptor_.local_endpoint().port();
  acceptor_.close();
  const auto dialled =
      testing::RunTask(io_, DialSetting(io_.get_executor(), "127.0.0.1", port, absl::Seconds(20)));
  EXPECT_TRUE(absl::IsUnavailable(dialled.status()));
  EXPECT_EQ(SideOf(dialled.status()), Side::kProxy);
}

}  // namespace
}  // namespace srsproxy::net
