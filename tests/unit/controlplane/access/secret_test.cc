#include "controlplane/access/secret.h"

#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

TEST(SecretDigestTest, MatchesTheSameSecretAlone) {
  const SecretDigest digest("correct-horse-battery");
  EXPECT_TRUE(digest.Matches(SecretDigest("correct-horse-battery")));
  for (const char* other : {"correct-horse-batterz", "Correct-horse-battery",
                            "correct-horse-batter", "correct-horse-battery ", ""}) {
    EXPECT_FALSE(digest.Matches(SecretDigest(other))) << other;
  }
}

struct BearerCase {
  const char* name;
  const char* header;
  const char* token;  // Empty: there is none.
};

class BearerTokenTest : public testing::TestWithParam<BearerCase> {};

TEST_P(BearerTokenTest, IsWhatFollowsTheScheme) {
  EXPECT_EQ(BearerToken(GetParam().header).value_or(""), GetParam().token);
}

INSTANTIATE_TEST_SUITE_P(
    Headers, BearerTokenTest,
    testing::Values(BearerCase{"Plain", "Bearer abc", "abc"},
                    BearerCase{"AnyCase", "bEARER abc", "abc"},
                    BearerCase{"Spaces", "Bearer   abc ", "abc"},
                    BearerCase{"NoToken", "Bearer ", ""}, BearerCase{"OnlyScheme", "Bearer", ""},
                    BearerCase{"OtherScheme", "Basic abc", ""}, BearerCase{"NoScheme", "abc", ""},
                    BearerCase{"Glued", "Bearerabc", ""}, BearerCase{"Empty", "", ""}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace srsproxy::control
