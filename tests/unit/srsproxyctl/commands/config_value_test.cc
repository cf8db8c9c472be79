#include "tools/srsproxyctl/commands/config_value.h"

#include <ostream>
#include <string>

#include <gtest/gtest.h>

namespace srsproxy::ctl {
namespace {

struct Row {
  const char* name;
  std::string setting;
  std::string value;
  std::string config;  // As text; "refused".
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class SetSettingTest : public testing::TestWithParam<Row> {};

TEST_P(SetSettingTest, ReadsOrRefuses) {
  v1::Config config;
  const absl::Status set = SetSetting(config, GetParam().setting, GetParam().value);
  EXPECT_EQ(set.ok() ? config.ShortDebugString() : "refused", GetParam().config) << set;
  if (set.ok()) return;
  EXPECT_EQ(set.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_TRUE(set.message().find(GetParam().setting) != std::string::npos) << set;
}

INSTANTIATE_TEST_SUITE_P(
    Values, SetSettingTest,
    testing::Values(Row{"Text", "rtmp_server", ":1935", "rtmp_server: \":1935\""},
                    Row{"Choice", "log_level", "Debug", "log_level: LOG_LEVEL_DEBUG"},
                    Row{"ChoiceOfSeveralWords", "load_balancer_strategy", "least_streams",
                        "load_balancer_strategy: LOAD_BALANCER_STRATEGY_LEAST_STREAMS"},
                    Row{"NoChoice", "log_level", "loud", "refused"},
                    Row{"ChoiceNeverUsed", "log_level", "unspecified", "refused"},
                    Row{"On", "cluster_api", "on", "cluster_api: true"},
                    Row{"NeitherOnNorOff", "cluster_api", "perhaps", "refused"},
                    Row{"Number", "max_sessions", "12", "max_sessions: 12"},
                    Row{"NumberTooBig", "workers", "4294967296", "refused"},
                    Row{"NegativeNumber", "workers", "-1", "refused"},
                    Row{"NoNumber", "workers", "12x", "refused"},
                    Row{"Duration", "connect_timeout", "1m0.5s",
                        "connect_timeout { seconds: 60 nanos: 500000000 }"},
                    Row{"NoDuration", "connect_timeout", "5", "refused"},
                    Row{"NegativeDuration", "connect_timeout", "-5s", "refused"},
                    Row{"List", "trusted_proxies", "10.0.0.0/8, 127.0.0.1",
                        "trusted_proxies: \"10.0.0.0/8\" trusted_proxies: \"127.0.0.1\""},
                    Row{"ListWithAnotherSeparator", "placement_rules", "a -> x=1,y=2; * -> x=3",
                        "placement_rules: \"a -> x=1,y=2\" placement_rules: \"* -> x=3\""},
                    Row{"Zero", "max_sessions", "0", "max_sessions: 0"},
                    Row{"Empty", "log_level", "", ""}, Row{"EmptyList", "trusted_proxies", "", ""}),
    [](const auto& row) { return row.param.name; });

TEST(SettingNameTest, IsReadAsInFileFlagAndEnvironment) {
  for (const char* text : {"log_level", "log-level", "PROXY_LOG_LEVEL", "LOG_LEVEL"}) {
    const auto name = SettingName(text);
    ASSERT_TRUE(name.ok()) << name.status();
    EXPECT_EQ(*name, "log_level");
  }
  for (const char* text : {"", "colour", "proxy_", "PROXY_PROXY_LOG_LEVEL"}) {
    EXPECT_FALSE(SettingName(text).ok()) << text;
  }
}

}  // namespace
}  // namespace srsproxy::ctl
