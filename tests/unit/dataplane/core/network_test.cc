#include "dataplane/core/network.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct ContainsCase {
  const char* name;
  const char* network;
  const char* address;
  bool contains;
};

class NetworkContainsTest : public testing::TestWithParam<ContainsCase> {};

TEST_P(NetworkContainsTest, FollowsThePrefix) {
  const auto network = Network::Parse(GetParam().network);
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->Contains(GetParam().address), GetParam().contains);
}

INSTANTIATE_TEST_SUITE_P(
    Networks, NetworkContainsTest,
    testing::Values(
        ContainsCase{"V4Inside", "10.0.0.0/8", "10.255.0.1", true},
        ContainsCase{"V4Outside", "10.0.0.0/8", "11.0.0.1", false},
        ContainsCase{"V4OddPrefixInside", "192.168.4.0/22", "192.168.7.255", true},
        ContainsCase{"V4OddPrefixOutside", "192.168.4.0/22", "192.168.8.0", false},
        ContainsCase{"V4OneAddress", "10.0.0.7", "10.0.0.7", true},
        ContainsCase{"V4OtherAddress", "10.0.0.7", "10.0.0.8", false},
        ContainsCase{"V4Slash31", "10.0.0.6/31", "10.0.0.7", true},
        ContainsCase{"V4Slash32", "10.0.0.7/32", "10.0.0.6", false},
        ContainsCase{"V4All", "0.0.0.0/0", "203.0.113.9", true},
        ContainsCase{"V4AllHoldsNoV6", "0.0.0.0/0", "2001:db8::1", false},
        ContainsCase{"V6Inside", "2001:db8::/32", "2001:db8:ffff::1", true},
        ContainsCase{"V6Outside", "2001:db8::/32", "2001:db9::1", false},
        ContainsCase{"V6OddPrefixInside", "2001:db8:8000::/33", "2001:db8:8001::", true},
        ContainsCase{"V6OddPrefixOutside", "2001:db8:8000::/33", "2001:db8:7fff::", false},
        ContainsCase{"V6OneAddress", "::1", "0:0:0:0:0:0:0:1", true},
        ContainsCase{"V6All", "::/0", "2001:db8::1", true},
        ContainsCase{"V6AllHoldsNoV4", "::/0", "10.0.0.7", false},
        ContainsCase{"V6AllHoldsNoMappedV4", "::/0", "::ffff:10.0.0.7", false},
        ContainsCase{"MappedAddressInV4", "10.0.0.0/8", "::ffff:10.0.0.7", true},
        ContainsCase{"MappedAddressInHexInV4", "10.0.0.0/8", "::ffff:a00:7", true},
        ContainsCase{"MappedAddressOutsideV4", "10.0.0.0/8", "::ffff:11.0.0.7", false},
        ContainsCase{"MappedNetwork", "::ffff:10.0.0.0/104", "10.9.9.9", true},
        ContainsCase{"MappedNetworkAll", "::ffff:0:0/96", "203.0.113.9", true},
        ContainsCase{"HostName", "0.0.0.0/0", "origin.example.com", false},
        ContainsCase{"Empty", "0.0.0.0/0", "", false},
        ContainsCase{"Port", "0.0.0.0/0", "10.0.0.7:80", false},
        ContainsCase{"Zone", "fe80::/10", "fe80::1%eth0", false},
        ContainsCase{"Brackets", "::/0", "[::1]", false}),
    [](const auto& test) { return std::string(test.param.name); });

struct TextCase {
  const char* name;
  const char* text;
  const char* canonical;
};

class NetworkTextTest : public testing::TestWithParam<TextCase> {};

TEST_P(NetworkTextTest, IsReadBack) {
  const auto network = Network::Parse(GetParam().text);
  ASSERT_TRUE(network.ok()) << network.status();
  EXPECT_EQ(network->ToString(), GetParam().canonical);
  EXPECT_EQ(*Network::Parse(network->ToString()), *network);
}

INSTANTIATE_TEST_SUITE_P(Texts, NetworkTextTest,
                         testing::Values(TextCase{"V4", "10.0.0.0/8", "10.0.0.0/8"},
                                         TextCase{"V4Address", "10.0.0.7", "10.0.0.7"},
                                         TextCase{"V4AddressWithPrefix", "10.0.0.7/32", "10.0.0.7"},
                                         TextCase{"V4All", "0.0.0.0/0", "0.0.0.0/0"},
                                         TextCase{"V6", "2001:DB8:0::/32", "2001:db8::/32"},
                                         TextCase{"V6Address", "::1", "::1"},
                                         TextCase{"V6All", "::/0", "::/0"},
                                         TextCase{"Mapped", "::ffff:10.0.0.0/104", "10.0.0.0/8"}),
                         [](const auto& test) { return std::string(test.param.name); });

struct BadCase {
  const char* name;
  const char* text;
  const char* reason;
};

class BadNetworkTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadNetworkTest, IsRefused) {
  const auto network = Network::Parse(GetParam().text);
  ASSERT_EQ(network.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(network.status()), testing::HasSubstr(GetParam().reason));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, BadNetworkTest,
    testing::Values(BadCase{"Empty", "", "cannot be read"},
                    BadCase{"Name", "intranet", "'intranet' is no network"},
                    BadCase{"ShortV4", "10.0/8", "cannot be read"},
                    BadCase{"BigOctet", "10.0.0.256", "cannot be read"},
                    BadCase{"NoPrefix", "10.0.0.0/", "0 to 32"},
                    BadCase{"BigPrefix", "10.0.0.0/33", "0 to 32"},
                    BadCase{"BigPrefixV6", "2001:db8::/129", "0 to 128"},
                    BadCase{"NegativePrefix", "10.0.0.0/-1", "0 to 32"},
                    BadCase{"Mask", "10.0.0.0/255.0.0.0", "0 to 32"},
                    BadCase{"Trailing", "10.0.0.0/8 ", "0 to 32"},
                    BadCase{"HugePrefix", "10.0.0.0/99999999999", "0 to 32"},
                    BadCase{"WideMapped", "::ffff:0.0.0.0/95", "at least 96"},
                    BadCase{"HostBits", "10.0.0.7/8", "10.0.0.0/8 would be a network"},
                    BadCase{"HostBitsV6", "2001:db8::1/64", "2001:db8::/64 would be a network"},
                    BadCase{"Zone", "fe80::1%eth0", "cannot be read"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(AdmitsTest, NoNetworksAdmitEverybody) {
  EXPECT_TRUE(Admits({}, "203.0.113.9"));
  EXPECT_TRUE(Admits({}, "origin.example.com"));
  const std::vector<Network> networks = {*Network::Parse("10.0.0.0/8"), *Network::Parse("::1")};
  EXPECT_TRUE(Admits(networks, "10.0.0.7"));
  EXPECT_TRUE(Admits(networks, "::1"));
  EXPECT_FALSE(Admits(networks, "203.0.113.9"));
  EXPECT_FALSE(Admits(networks, "origin.example.com"));
}

}  // namespace
}  // namespace srsproxy
