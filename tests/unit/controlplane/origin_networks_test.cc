#include "controlplane/origin_networks.h"

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

}  // namespace
}  // namespace srsproxy::control
