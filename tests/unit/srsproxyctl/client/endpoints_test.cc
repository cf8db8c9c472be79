#include "tools/srsproxyctl/client/endpoints.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::ctl {
namespace {

struct Row {
  const char* name;
  std::string text;
  std::vector<std::string> endpoints;  // Empty: refused.
};

class ParseEndpointsTest : public testing::TestWithParam<Row> {};

TEST_P(ParseEndpointsTest, ReadsOrRefuses) {
  const auto endpoints = ParseEndpoints(GetParam().text);
  if (GetParam().endpoints.empty()) {
    EXPECT_EQ(endpoints.status().code(), absl::StatusCode::kInvalidArgument);
  } else {
    ASSERT_TRUE(endpoints.ok()) << endpoints.status();
    EXPECT_EQ(*endpoints, GetParam().endpoints);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Texts, ParseEndpointsTest,
    testing::Values(
        Row{"One", "10.0.0.1:9", {"10.0.0.1:9"}},
        Row{"HostName", "proxy.example.com:9", {"proxy.example.com:9"}},
        Row{"DefaultPort", "proxy", {"proxy:12026"}},
        Row{"Several", "a:1,b,c:3", {"a:1", "b:12026", "c:3"}}, Row{"Ipv6", "[::1]:9", {"[::1]:9"}},
        Row{"Ipv6DefaultPort", "[::1]", {"[::1]:12026"}}, Row{"Ipv6WithoutBrackets", "::1", {}},
        Row{"OpenBracket", "[::1", {}}, Row{"AfterBracket", "[::1]9", {}}, Row{"Empty", "", {}},
        Row{"EmptyPart", "a:1,,b:1", {}}, Row{"LastComma", "a:1,", {}}, Row{"NoHost", ":12026", {}},
        Row{"NoPort", "a:", {}}, Row{"PortZero", "a:0", {}}, Row{"PortTooBig", "a:65536", {}},
        Row{"PortNoNumber", "a:1x", {}}, Row{"TwoPorts", "a:1:2", {}}, Row{"Url", "http://a:1", {}},
        Row{"Blank", "a:1, b:1", {}}),
    [](const auto& row) { return row.param.name; });

TEST(IsLoopbackTest, KnowsWhatIsOnThisMachine) {
  for (const char* endpoint : {"127.0.0.1:1", "127.9.9.9:1", "localhost:1", "[::1]:1"}) {
    EXPECT_TRUE(IsLoopback(endpoint)) << endpoint;
  }
  for (const char* endpoint : {"10.0.0.1:1", "localhost.example.com:1", "127.0.0.1.example.com:1",
                               "[::2]:1", "[::]:1", "proxy:1", "0.0.0.0:1"}) {
    EXPECT_FALSE(IsLoopback(endpoint)) << endpoint;
  }
}

}  // namespace
}  // namespace srsproxy::ctl
