#include "dataplane/core/endpoint.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct EndpointCase {
  const char* name;
  const char* text;
  Endpoint expected;
  const char* formatted;
};

class EndpointTest : public testing::TestWithParam<EndpointCase> {};

TEST_P(EndpointTest, IsReadAndWritten) {
  const EndpointCase& row = GetParam();
  const auto endpoint = ParseEndpoint(row.text, Transport::kTcp);
  ASSERT_TRUE(endpoint.ok()) << endpoint.status();
  EXPECT_EQ(*endpoint, row.expected);
  EXPECT_EQ(FormatEndpoint(*endpoint), row.formatted);
  EXPECT_EQ(ParseEndpoint(row.formatted, Transport::kTcp).value(), *endpoint);
}

constexpr Transport kTcp = Transport::kTcp;
constexpr Transport kUdp = Transport::kUdp;

INSTANTIATE_TEST_SUITE_P(
    Endpoints, EndpointTest,
    testing::Values(
        EndpointCase{"port", "1935", {kTcp, "", 1935}, "tcp://1935"},
        EndpointCase{"colon_port", ":1935", {kTcp, "", 1935}, "tcp://1935"},
        EndpointCase{"wildcard", "0.0.0.0:1935", {kTcp, "0.0.0.0", 1935}, "tcp://0.0.0.0:1935"},
        EndpointCase{"ipv6_wildcard", "[::]:1935", {kTcp, "::", 1935}, "tcp://[::]:1935"},
        EndpointCase{
            "tcp_url", "tcp://0.0.0.0:1935", {kTcp, "0.0.0.0", 1935}, "tcp://0.0.0.0:1935"},
        EndpointCase{
            "udp_url", "udp://0.0.0.0:8000", {kUdp, "0.0.0.0", 8000}, "udp://0.0.0.0:8000"},
        EndpointCase{"udp_port", "udp://8000", {kUdp, "", 8000}, "udp://8000"},
        EndpointCase{"address", "10.0.0.1:1935", {kTcp, "10.0.0.1", 1935}, "tcp://10.0.0.1:1935"},
        EndpointCase{
            "ipv6", "[2001:db8::1]:1935", {kTcp, "2001:db8::1", 1935}, "tcp://[2001:db8::1]:1935"},
        EndpointCase{"name",
                     "origin.example:1935",
                     {kTcp, "origin.example", 1935},
                     "tcp://origin.example:1935"},
        EndpointCase{"lowest_port", "1", {kTcp, "", 1}, "tcp://1"},
        EndpointCase{"highest_port", "65535", {kTcp, "", 65535}, "tcp://65535"}),
    [](const auto& row) { return row.param.name; });

TEST(EndpointTest, BarePortHasTheDefaultTransport) {
  EXPECT_EQ(ParseEndpoint("8000", kUdp).value(), (Endpoint{kUdp, "", 8000}));
  EXPECT_EQ(ParseEndpoint("tcp://8000", kUdp).value(), (Endpoint{kTcp, "", 8000}));
}

struct BadTextCase {
  const char* name;
  std::string text;
  const char* message;
};

class BadEndpointTest : public testing::TestWithParam<BadTextCase> {};

TEST_P(BadEndpointTest, IsRefusedByName) {
  const auto endpoint = ParseEndpoint(GetParam().text, kTcp);
  EXPECT_EQ(endpoint.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(endpoint.status()), GetParam().message);
}

#define NOT_AN_ENDPOINT " is no listen address such as '1935', '0.0.0.0:1935' or '[::]:1935'"
INSTANTIATE_TEST_SUITE_P(
    Endpoints, BadEndpointTest,
    testing::Values(BadTextCase{"empty", "", "'': the port is not a number"},
                    BadTextCase{"zero", "0", "'0': the port is not in 1 to 65535"},
                    BadTextCase{"too_big", "70000", "'70000': the port is not in 1 to 65535"},
                    BadTextCase{"wraps_16_bits", "0.0.0.0:67471",
                                "'0.0.0.0:67471': the port is not in 1 to 65535"},
                    BadTextCase{"wraps_64_bits", "18446744073709553551",
                                "'18446744073709553551': the port is not in 1 to 65535"},
                    BadTextCase{"negative", "-1", "'-1': the port is not a number"},
                    BadTextCase{"sign", "+1935", "'+1935': the port is not a number"},
                    BadTextCase{"letters", "rtmp", "'rtmp': the port is not a number"},
                    BadTextCase{"trailing", "1935x", "'1935x': the port is not a number"},
                    BadTextCase{"no_port", "0.0.0.0:", "'0.0.0.0:': the port is not a number"},
                    BadTextCase{"scheme_only", "tcp://", "'tcp://': the port is not a number"},
                    BadTextCase{"bare_ipv6", "::1:1935", "'::1:1935': the port is not a number"},
                    BadTextCase{"open_bracket", "[::1", "'[::1'" NOT_AN_ENDPOINT},
                    BadTextCase{"name_in_brackets", "[host]:1935", "'[host]:1935'" NOT_AN_ENDPOINT},
                    BadTextCase{"unknown_scheme", "http://0.0.0.0:80",
                                "'http://0.0.0.0:80': the port is not a number"},
                    BadTextCase{"host_with_space", "a b:1935", "'a b:1935'" NOT_AN_ENDPOINT}),
    [](const auto& row) { return row.param.name; });

struct ListenCase {
  const char* name;
  const char* text;
  ListenAddress expected;
  const char* formatted;
};

class ListenAddressTest : public testing::TestWithParam<ListenCase> {};

TEST_P(ListenAddressTest, IsReadAndWritten) {
  const ListenCase& row = GetParam();
  const auto address = ParseListenAddress(row.text);
  ASSERT_TRUE(address.ok()) << address.status();
  EXPECT_EQ(*address, row.expected);
  EXPECT_EQ(FormatListenAddress(*address), row.formatted);
  EXPECT_EQ(ParseListenAddress(row.formatted).value(), *address);
}

INSTANTIATE_TEST_SUITE_P(
    Addresses, ListenAddressTest,
    testing::Values(ListenCase{"off", "off", {false, "", 0}, "off"},
                    ListenCase{"port", "11935", {true, "", 11935}, ":11935"},
                    ListenCase{"colon_port", ":11935", {true, "", 11935}, ":11935"},
                    ListenCase{"any_port", "0", {true, "", 0}, ":0"},
                    ListenCase{
                        "ipv4", "127.0.0.1:12026", {true, "127.0.0.1", 12026}, "127.0.0.1:12026"},
                    ListenCase{"ipv6", "[::1]:12026", {true, "::1", 12026}, "[::1]:12026"},
                    ListenCase{"name", "localhost:1", {true, "localhost", 1}, "localhost:1"}),
    [](const auto& row) { return row.param.name; });

class BadListenAddressTest : public testing::TestWithParam<BadTextCase> {};

TEST_P(BadListenAddressTest, IsRefusedByName) {
  const auto address = ParseListenAddress(GetParam().text);
  EXPECT_EQ(address.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(address.status()), GetParam().message);
}

#define NOT_A_LISTEN_ADDRESS \
  " is no listen address: write port, :port, host:port, [ip6]:port or off"
INSTANTIATE_TEST_SUITE_P(
    Addresses, BadListenAddressTest,
    testing::Values(BadTextCase{"empty", "", "'': the port is not a number"},
                    BadTextCase{"upper_case_off", "OFF", "'OFF': the port is not a number"},
                    BadTextCase{"too_big", "65536", "'65536': the port is not in 0 to 65535"},
                    BadTextCase{"bad_host", "a/b:1", "'a/b:1'" NOT_A_LISTEN_ADDRESS},
                    BadTextCase{"empty_brackets", "[]:1", "'[]:1'" NOT_A_LISTEN_ADDRESS}),
    [](const auto& row) { return row.param.name; });

TEST(JoinHostPortTest, PutsBracketsAroundIpv6) {
  EXPECT_EQ(JoinHostPort("::1", 80), "[::1]:80");
  EXPECT_EQ(JoinHostPort("10.0.0.1", 80), "10.0.0.1:80");
}

}  // namespace
}  // namespace srsproxy
