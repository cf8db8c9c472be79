#include "controlplane/services/watch_token.h"

#include <limits>

#include <absl/strings/escaping.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

TEST(WatchTokenTest, LeadsBackToThePosition) {
  for (const auto& position :
       {WatchPosition{"proxy-1", 7, 12}, WatchPosition{"a:b:c/\xc3\xa4", 0, 0},
        WatchPosition{"", std::numeric_limits<uint64_t>::max(),
                      std::numeric_limits<uint64_t>::max()}}) {
    const auto parsed = ParseWatchToken(MakeWatchToken(position));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    EXPECT_EQ(*parsed, position);
  }
}

struct Garbage {
  const char* name;
  std::string token;
};

class WatchTokenGarbageTest : public testing::TestWithParam<Garbage> {};

TEST_P(WatchTokenGarbageTest, IsRefused) {
  const auto parsed = ParseWatchToken(GetParam().token);
  ASSERT_EQ(parsed.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorInfoOf(parsed.status()).reason(), "INVALID_WATCH_TOKEN");
}

std::string Encoded(const std::string& text) { return absl::WebSafeBase64Escape(text); }

INSTANTIATE_TEST_SUITE_P(
    Tokens, WatchTokenGarbageTest,
    testing::Values(Garbage{"NoBase64", "!!!"}, Garbage{"NoPrefix", Encoded("7:12:proxy")},
                    Garbage{"OtherVersion", Encoded("2:7:12:proxy")},
                    Garbage{"NoNumbers", Encoded("1:")}, Garbage{"OneNumber", Encoded("1:7:")},
                    Garbage{"NoProxy", Encoded("1:7:12")},
                    Garbage{"Negative", Encoded("1:7:-12:proxy")},
                    Garbage{"TooLarge", Encoded("1:7:18446744073709551616:proxy")},
                    Garbage{"NotANumber", Encoded("1:7:0x12:proxy")},
                    Garbage{"Long", std::string(100'000, 'A')}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace srsproxy::control
