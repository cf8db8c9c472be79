#include "dataplane/core/redactor.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct RedactCase {
  const char* name;
  const char* text;
  const char* redacted;
};

class RedactorTest : public ::testing::TestWithParam<RedactCase> {};

TEST_P(RedactorTest, HidesSecretsAndNothingElse) {
  const Redactor redactor({"token", "txSecret"});
  EXPECT_EQ(redactor.Redact(GetParam().text), GetParam().redacted);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, RedactorTest,
    ::testing::Values(
        RedactCase{"nothing", "live/stream", "live/stream"},
        RedactCase{"query", "s?token=abc", "s?token=***"},
        RedactCase{"not_the_last", "s?token=abc&vhost=v", "s?token=***&vhost=v"},
        RedactCase{"not_the_first", "s?vhost=v&token=abc", "s?vhost=v&token=***"},
        RedactCase{"twice", "?token=a&token=b", "?token=***&token=***"},
        RedactCase{"any_case", "?TOKEN=a&TXSecret=b", "?TOKEN=***&TXSecret=***"},
        RedactCase{"other_key_that_ends_so", "?mytoken=a", "?mytoken=a"},
        RedactCase{"other_key_that_starts_so", "?token2=a", "?token2=a"},
        RedactCase{"value_with_equals", "?token=YWI=&x=1", "?token=***&x=1"},
        RedactCase{"value_with_slash", "app?token=a/b", "app?token=***"},
        RedactCase{"empty_value", "?token=&x=1", "?token=***&x=1"},
        RedactCase{"srt_stream_id", "#!::r=live/a,token=b,m=publish",
                   "#!::r=live/a,token=***,m=publish"},
        RedactCase{"bare_query", "token=a", "token=***"},
        RedactCase{"in_a_sentence", "'s?token=a' is refused", "'s?token=***' is refused"},
        RedactCase{"fragment", "?token=a#b", "?token=***#b"},
        RedactCase{"user_info", "rtmp://me:word@host/app", "rtmp://me:***@host/app"},
        RedactCase{"user_info_with_at", "rtmp://me:w@rd@host/app", "rtmp://me:***@host/app"},
        RedactCase{"user_without_password", "rtmp://me@host:1935/app", "rtmp://me@host:1935/app"},
        RedactCase{"port_is_no_password", "rtmp://host:1935/a@b", "rtmp://host:1935/a@b"},
        RedactCase{"both", "srt://u:p@h?token=x", "srt://u:***@h?token=***"},
        RedactCase{"empty", "", ""}),
    [](const auto& test) { return test.param.name; });

TEST(RedactorKeysTest, ComparesKeysInAnyCase) {
  const Redactor redactor({"Secret"});
  EXPECT_TRUE(redactor.IsSecret("sECRET"));
  EXPECT_FALSE(redactor.IsSecret("secrets"));
  EXPECT_FALSE(redactor.IsSecret(""));
}

}  // namespace
}  // namespace srsproxy
