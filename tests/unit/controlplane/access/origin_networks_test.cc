#include "controlplane/access/origin_networks.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

struct NetworksCase {
  const char* name;
  const char* ip;
  const char* rtmp;    // The endpoint.
  const char* denied;  // The address that is denied; empty: none.
};

class OriginNetworksTest : public testing::TestWithParam<NetworksCase> {};

TEST_P(OriginNetworksTest, HoldEveryAddressThatIsDialled) {
  const std::vector<Network> networks = {*Network::Parse("10.0.0.0/8"),
                                         *Network::Parse("2001:db8::/32")};
  OriginRegistration registration;
  registration.ip = GetParam().ip;
  registration.rtmp = {*ParseEndpoint(GetParam().rtmp, Transport::kTcp)};
  const auto status = CheckOriginNetworks(registration, networks);
  const std::string denied = GetParam().denied;
  if (denied.empty()) {
    EXPECT_TRUE(status.ok()) << status;
  } else {
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
    EXPECT_EQ(ErrorInfoOf(status).reason(), "SCOPE_DENIED");
    EXPECT_EQ(ErrorInfoOf(status).metadata().at("address"), denied);
  }
  EXPECT_TRUE(CheckOriginNetworks(registration, {}).ok()) << "no networks limit nothing";
}

INSTANTIATE_TEST_SUITE_P(
    Registrations, OriginNetworksTest,
    testing::Values(
        NetworksCase{"Inside", "10.0.0.7", "1935", ""},
        NetworksCase{"InsideV6", "2001:db8::7", "1935", ""},
        NetworksCase{"Mapped", "::ffff:10.0.0.7", "1935", ""},
        NetworksCase{"Outside", "192.0.2.1", "1935", "192.0.2.1"},
        NetworksCase{"HostName", "origin.example.com", "1935", "origin.example.com"},
        NetworksCase{"WildcardEndpoint", "10.0.0.7", "0.0.0.0:1935", ""},
        NetworksCase{"LoopbackEndpoint", "10.0.0.7", "127.0.0.1:1935", ""},
        NetworksCase{"EndpointInside", "10.0.0.7", "10.0.0.8:1935", ""},
        NetworksCase{"EndpointOutside", "10.0.0.7", "169.254.169.254:80", "169.254.169.254"},
        NetworksCase{"EndpointName", "10.0.0.7", "metadata.internal:80", "metadata.internal"}),
    [](const auto& test) { return std::string(test.param.name); });

class OriginAddressesTest : public testing::Test {
 protected:
  OriginAddressesTest() {
    registration_.ip = "10.0.0.7";
    registration_.rtmp = {*ParseEndpoint("1935", Transport::kTcp)};
    rules_.AddListener("rtmp_server", "", 11935);
  }
  absl::Status Check(std::initializer_list<const char*> ip_leads_to = {}) {
    std::vector<boost::asio::ip::address> addresses;
    for (const char* text : ip_leads_to) addresses.push_back(boost::asio::ip::make_address(text));
    return CheckOriginAddresses(registration_, addresses, rules_);
  }

  LiveConfig config_{Config()};
  net::DialRules rules_{config_};
  OriginRegistration registration_;
};

TEST_F(OriginAddressesTest, AnOrdinaryOneIsFine) { EXPECT_TRUE(Check().ok()); }

TEST_F(OriginAddressesTest, AnOwnListenerIsNamed) {
  registration_.ip = "127.0.0.1";
  registration_.http = {*ParseEndpoint("11935", Transport::kTcp)};
  const auto status = Check();
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "OWN_LISTENER");
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("address"), "127.0.0.1:11935");
  EXPECT_THAT(std::string(MessageOf(status)), testing::StartsWith("http: 127.0.0.1:11935"));
}

TEST_F(OriginAddressesTest, ASpecialAddressIsDenied) {
  registration_.ip = "169.254.169.254";
  const auto status = Check();
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "ADDRESS_FORBIDDEN");
}

TEST_F(OriginAddressesTest, ANameIsWhatItLeadsTo) {
  registration_.ip = "origin.example.com";
  EXPECT_TRUE(Check().ok()) << "nobody knows";
  EXPECT_TRUE(Check({"10.0.0.7"}).ok());
  EXPECT_EQ(ErrorInfoOf(Check({"169.254.169.254"})).reason(), "ADDRESS_FORBIDDEN");
  EXPECT_TRUE(Check({"169.254.169.254", "10.0.0.7"}).ok()) << "one of them can be dialled";
  EXPECT_FALSE(Check({"169.254.169.254", "fe80::1"}).ok());
  registration_.rtmp = {*ParseEndpoint("11935", Transport::kTcp)};
  EXPECT_EQ(ErrorInfoOf(Check({"127.0.0.1"})).reason(), "OWN_LISTENER");
}

TEST(NameToLookUpTest, OnlyANameThatMayBeAdmitted) {
  EXPECT_EQ(NameToLookUp("origin.example", {}), "origin.example");
  EXPECT_EQ(NameToLookUp("10.0.0.1", {}), "");
  EXPECT_EQ(NameToLookUp("::1", {}), "");
  EXPECT_EQ(NameToLookUp("no name", {}), "");
  EXPECT_EQ(NameToLookUp("origin.example", {*Network::Parse("10.0.0.0/8")}), "");
}

}  // namespace
}  // namespace srsproxy::control
