#include "dataplane/net/dial_rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/core/hops.h"

namespace srsproxy::net {
namespace {

using ::testing::HasSubstr;

class DialRulesTest : public ::testing::Test {
 protected:
  absl::Status Check(const std::string& address, uint16_t port = 1935) {
    return rules_.Check(boost::asio::ip::make_address(address), port);
  }

  LiveConfig config_{Config()};
  DialRules rules_{config_};
};

TEST_F(DialRulesTest, OtherProcessesAreNoLoop) {
  rules_.AddListener("rtmp_server", "", 11935);
  EXPECT_TRUE(Check("127.0.0.1", 1935).ok());
  EXPECT_TRUE(Check("192.0.2.1", 11935).ok()) << "the same port of another machine";
}

TEST_F(DialRulesTest, AnyAddressOfThisMachineIsAnOwnListener) {
  rules_.AddListener("rtmp_server", "", 11935);
  for (const char* own : {"127.0.0.1", "127.1.2.3", "::1", "0.0.0.0", "::", "::ffff:127.0.0.1"}) {
    const auto status = Check(own, 11935);
    EXPECT_TRUE(IsLoop(status)) << own;
    EXPECT_EQ(SideOf(status), Side::kOrigin);
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("rtmp_server"));
  }
}

TEST_F(DialRulesTest, AWildcardAsHostMeansEveryAddress) {
  rules_.AddListener("rtmp_server", "0.0.0.0", 11935);
  rules_.AddListener("http_server", "::", 8080);
  rules_.AddListener("grpc_server", "a-name", 12026);
  EXPECT_TRUE(IsLoop(Check("127.0.0.1", 11935)));
  EXPECT_TRUE(IsLoop(Check("127.0.0.1", 8080)));
  EXPECT_TRUE(IsLoop(Check("127.0.0.1", 12026)));
}

TEST_F(DialRulesTest, AListenerAtOneAddressIsThatOneOnly) {
  rules_.AddListener("rtmp_server", "127.0.0.1", 11935);
  EXPECT_TRUE(IsLoop(Check("127.0.0.1", 11935)));
  EXPECT_TRUE(IsLoop(Check("::ffff:127.0.0.1", 11935)));
  EXPECT_TRUE(IsLoop(Check("0.0.0.0", 11935))) << "Linux connects that to loopback";
  EXPECT_TRUE(Check("127.0.0.2", 11935).ok());
  EXPECT_TRUE(Check("::1", 11935).ok());
}

TEST_F(DialRulesTest, PortsOfUdpAreOthers) {
  rules_.AddListener("srt_server", "", 10080, Transport::kUdp);
  const auto loopback = boost::asio::ip::make_address("127.0.0.1");
  EXPECT_TRUE(rules_.Check(loopback, 10080, Transport::kTcp).ok());
  EXPECT_TRUE(IsLoop(rules_.Check(loopback, 10080, Transport::kUdp)));
}

TEST_F(DialRulesTest, ASpecialAddressHasToBeNamed) {
  for (const char* address : {"169.254.169.254", "::ffff:169.254.169.254", "fe80::1%1", "fe80::1",
                              "224.0.0.1", "255.255.255.255", "0.0.0.0", "::"}) {
    const auto status = Check(address);
    EXPECT_TRUE(absl::IsPermissionDenied(status)) << address;
    EXPECT_EQ(SideOf(status), Side::kOrigin);
    EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("PROXY_ORIGIN_NETWORKS"));
  }
  Config named;
  named.origin_networks = {*Network::Parse("169.254.0.0/16")};
  config_.Set(named);
  EXPECT_TRUE(Check("169.254.169.254").ok());
  EXPECT_FALSE(Check("fe80::1").ok());
}

TEST_F(DialRulesTest, ANameIsCheckedWhenItIsKnown) {
  rules_.AddListener("rtmp_server", "127.0.0.1", 11935);
  EXPECT_TRUE(IsLoop(rules_.CheckHost("localhost", 11935)));
  EXPECT_TRUE(IsLoop(rules_.CheckHost("LocalHost.", 11935)));
  EXPECT_TRUE(rules_.CheckHost("localhost", 1935).ok());
  EXPECT_TRUE(rules_.CheckHost("origin.example.com", 11935).ok());
}

TEST_F(DialRulesTest, TheFirstForbiddenEndpointOfARegistrationIsReported) {
  rules_.AddListener("http_server", "", 8080);
  OriginRegistration registration;
  registration.ip = "127.0.0.1";
  registration.rtmp = {*ParseEndpoint("1935", Transport::kTcp)};
  EXPECT_FALSE(FindForbidden(registration, rules_).has_value());
  registration.http = {*ParseEndpoint("0.0.0.0:8080", Transport::kTcp)};
  auto forbidden = FindForbidden(registration, rules_);
  ASSERT_TRUE(forbidden.has_value());
  EXPECT_EQ(forbidden->field, "http");
  EXPECT_EQ(forbidden->address, "127.0.0.1:8080");
  EXPECT_TRUE(IsLoop(forbidden->why));
  registration.rtmp = {*ParseEndpoint("169.254.169.254:80", Transport::kTcp)};
  forbidden = FindForbidden(registration, rules_);
  ASSERT_TRUE(forbidden.has_value());
  EXPECT_EQ(forbidden->field, "rtmp");
  EXPECT_FALSE(IsLoop(forbidden->why));
}

}  // namespace
}  // namespace srsproxy::net
