#include "controlplane/access/call_context.h"

#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

struct PeerCase {
  const char* name;
  const char* peer;
  const char* host;
};

class HostOfPeerTest : public testing::TestWithParam<PeerCase> {};

TEST_P(HostOfPeerTest, IsTheAddressWithoutThePort) {
  EXPECT_EQ(HostOfPeer(GetParam().peer), GetParam().host);
}

INSTANTIATE_TEST_SUITE_P(
    Peers, HostOfPeerTest,
    testing::Values(PeerCase{"Ipv4", "ipv4:10.0.0.7:5000", "10.0.0.7"},
                    PeerCase{"Ipv6", "ipv6:[::1]:5000", "::1"},
                    PeerCase{"Ipv6Escaped", "ipv6:%5B2001:db8::7%5D:5000", "2001:db8::7"},
                    PeerCase{"Ipv4Mapped", "ipv6:%5B::ffff:10.0.0.7%5D:5000", "10.0.0.7"},
                    PeerCase{"InProcess", "inproc", "inproc"},
                    PeerCase{"UnixSocket", "unix:/run/x", "unix:/run/x"},
                    PeerCase{"Empty", "", ""}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace srsproxy::control
