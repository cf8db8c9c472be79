#include "dataplane/core/text.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct TextCase {
  const char* name;
  std::string text;
  bool printable;
};

class PrintableUtf8Test : public testing::TestWithParam<TextCase> {};

TEST_P(PrintableUtf8Test, DistinguishesTextFromOtherBytes) {
  EXPECT_EQ(IsPrintableUtf8(GetParam().text), GetParam().printable);
}

INSTANTIATE_TEST_SUITE_P(
    Texts, PrintableUtf8Test,
    testing::Values(
        TextCase{"empty", "", true}, TextCase{"ascii", "live_1-x.y~", true},
        TextCase{"two_bytes", "\xC3\xA9", true}, TextCase{"three_bytes", "\xE4\xB8\xAD", true},
        TextCase{"four_bytes", "\xF0\x9F\x8E\xA5", true},
        TextCase{"highest_code_point", "\xF4\x8F\xBF\xBF", true},
        TextCase{"above_the_highest", "\xF4\x90\x80\x80", false},
        TextCase{"lone_continuation", "\x80", false}, TextCase{"cut_sequence", "\xE4\xB8", false},
        TextCase{"overlong_two", "\xC0\xAF", false},
        TextCase{"overlong_three", "\xE0\x80\xAF", false},
        TextCase{"overlong_four", "\xF0\x80\x80\xAF", false},
        TextCase{"surrogate", "\xED\xA0\x80", false}, TextCase{"newline", "a\nb", false},
        TextCase{"nul", std::string(1, '\0'), false}, TextCase{"escape", "\x1B[31m", false},
        TextCase{"delete", "\x7F", false}, TextCase{"c1_control", "\xC2\x9B", false},
        TextCase{"latin1", "\xE9t\xE9", false}),
    [](const auto& row) { return row.param.name; });

TEST(QuotedTest, ShowsTextSafely) {
  EXPECT_EQ(Quoted("live"), "'live'");
  EXPECT_EQ(Quoted("a\x1B[31m"), "'a\\x1b[31m'");
  EXPECT_EQ(Quoted(std::string(65, 'a')), "'" + std::string(64, 'a') + "...'");
}

}  // namespace
}  // namespace srsproxy
