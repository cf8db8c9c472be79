#include "dataplane/core/host.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct HostCase {
  const char* name;
  std::string host;
  bool address;
  bool host_name;
  bool wildcard;
  bool loopback;
};

class HostTest : public testing::TestWithParam<HostCase> {};

TEST_P(HostTest, IsWhatItIs) {
  const HostCase& row = GetParam();
  EXPECT_EQ(IsIpAddress(row.host), row.address);
  EXPECT_EQ(IsHostName(row.host), row.host_name);
  EXPECT_EQ(IsWildcardHost(row.host), row.wildcard);
  EXPECT_EQ(IsLoopbackHost(row.host), row.loopback);
}

INSTANTIATE_TEST_SUITE_P(
    Hosts, HostTest,
    testing::Values(
        HostCase{"ipv4", "10.0.0.1", true, false, false, false},
        HostCase{"ipv4_wildcard", "0.0.0.0", true, false, true, false},
        HostCase{"ipv4_loopback", "127.0.0.53", true, false, false, true},
        HostCase{"ipv6", "2001:db8::1", true, false, false, false},
        HostCase{"ipv6_wildcard", "::", true, false, true, false},
        HostCase{"ipv6_wildcard_written_out", "0:0:0:0:0:0:0:0", true, false, true, false},
        HostCase{"ipv6_loopback", "::1", true, false, false, true},
        HostCase{"ipv6_in_brackets", "[::1]", false, false, false, false},
        HostCase{"localhost", "LocalHost", false, true, false, true},
        HostCase{"name", "origin-1.example.com", false, true, false, false},
        HostCase{"name_with_final_dot", "example.com.", false, true, false, false},
        HostCase{"name_of_a_compose_service", "srs_origin", false, true, false, false},
        HostCase{"label_starting_with_a_digit", "1password.com", false, true, false, false},
        HostCase{"octet_too_big", "10.0.0.256", false, false, false, false},
        HostCase{"digits_only", "1935", false, false, false, false},
        HostCase{"empty", "", false, false, false, false},
        HostCase{"only_a_dot", ".", false, false, false, false},
        HostCase{"empty_label", "a..b", false, false, false, false},
        HostCase{"leading_hyphen", "-a.com", false, false, false, false},
        HostCase{"space", "a b", false, false, false, false},
        HostCase{"slash", "a/b", false, false, false, false},
        HostCase{"label_of_64", std::string(64, 'a'), false, false, false, false},
        HostCase{"label_of_63", std::string(63, 'a'), false, true, false, false},
        HostCase{"nul_inside", std::string("10.0.0.1\0x", 10), false, false, false, false}),
    [](const auto& row) { return row.param.name; });

TEST(CanonicalHostTest, HasOneSpellingForEachHost) {
  EXPECT_EQ(CanonicalHost("Example.COM."), "example.com");
  EXPECT_EQ(CanonicalHost("2001:0DB8:0:0::1"), "2001:db8::1");
  EXPECT_EQ(CanonicalHost("10.0.0.1"), "10.0.0.1");
}

}  // namespace
}  // namespace srsproxy
