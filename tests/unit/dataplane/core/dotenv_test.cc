#include "dataplane/core/dotenv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct ValueCase {
  const char* name;
  const char* text;
  const char* value;  // Of the variable A.
};

class DotEnvValueTest : public ::testing::TestWithParam<ValueCase> {};

TEST_P(DotEnvValueTest, IsRead) {
  const auto variables = ParseDotEnv(GetParam().text);
  ASSERT_TRUE(variables.ok()) << variables.status();
  ASSERT_TRUE(variables->contains("A"));
  EXPECT_EQ(variables->at("A").value, GetParam().value);
}

INSTANTIATE_TEST_SUITE_P(
    Values, DotEnvValueTest,
    ::testing::Values(
        ValueCase{"plain", "A=b", "b"}, ValueCase{"blanks_around", "  A =  b c  ", "b c"},
        ValueCase{"exported", "export A=b", "b"}, ValueCase{"exported_tab", "export\tA=b", "b"},
        ValueCase{"empty", "A=", ""}, ValueCase{"comment_only", "A= # c", ""},
        ValueCase{"comment", "A=b # c", "b"}, ValueCase{"comment_after_tab", "A=b\t# c", "b"},
        ValueCase{"hash_inside", "A=b#c", "b#c"}, ValueCase{"equals_inside", "A=b=c", "b=c"},
        ValueCase{"single_quotes", R"(A='b # "c" \n')", R"(b # "c" \n)"},
        ValueCase{"double_quotes", R"(A="b # 'c'")", "b # 'c'"},
        ValueCase{"escapes", R"(A="\n\t\r\"\\\$")", "\n\t\r\"\\$"},
        ValueCase{"other_backslash", R"(A="\d")", R"(\d)"},
        ValueCase{"comment_after_quotes", "A='b' # c", "b"},
        ValueCase{"nothing_expanded", "A=$HOME", "$HOME"},
        ValueCase{"windows_lines", "A=b\r\nB=c\r\n", "b"},
        ValueCase{"byte_order_mark",
                  "\xEF\xBB\xBF"
                  "A=b",
                  "b"},
        ValueCase{"last_one_counts", "A=b\nA=c", "c"},
        ValueCase{"comments_and_empty_lines", "# A=x\n\n  # y\nA=b", "b"}),
    [](const auto& test) { return test.param.name; });

struct ErrorCase {
  const char* name;
  const char* text;
  const char* message;
};

class DotEnvErrorTest : public ::testing::TestWithParam<ErrorCase> {};

TEST_P(DotEnvErrorTest, NamesTheLine) {
  const auto variables = ParseDotEnv(GetParam().text);
  EXPECT_EQ(variables.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(variables.status()), GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Errors, DotEnvErrorTest,
    ::testing::Values(
        ErrorCase{"no_equals", "A=1\n\nB", "line 3: it is not of the form NAME=value"},
        ErrorCase{"no_name", "=b", "line 1: what stands before '=' is no name of a variable"},
        ErrorCase{"digit_first", "1A=b", "line 1: what stands before '=' is no name of a variable"},
        ErrorCase{"two_words", "A B=c", "line 1: what stands before '=' is no name of a variable"},
        ErrorCase{"open_quote", "A=\"b", "line 1: the quote is not closed"},
        ErrorCase{"quote_over_lines", "A='b\nc'", "line 1: the quote is not closed"},
        ErrorCase{"after_quote", "A='b'c", "line 1: there is text after the closing quote"}),
    [](const auto& test) { return test.param.name; });

TEST(DotEnvTest, NamesWhereAVariableStands) {
  const auto variables = ParseDotEnv("A=1\n# x\nexport B=2\n");
  ASSERT_TRUE(variables.ok());
  EXPECT_EQ(variables->size(), 2u);
  EXPECT_EQ(variables->at("B").line, 3);
}

}  // namespace
}  // namespace srsproxy
