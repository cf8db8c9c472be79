#include "dataplane/protocol/redis/string_cutter.h"

#include <algorithm>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

constexpr size_t kMax = 8;

struct Case {
  std::string name;
  std::string bytes;
  std::string passed;
  bool busy = false;  // At the end.
};

std::string Cut(std::string_view bytes, size_t step, bool busy) {
  StringCutter cutter(kMax);
  std::string passed;
  for (size_t at = 0; at < bytes.size(); at += step) {
    cutter.Cut(bytes.substr(at, step), [&](std::string_view part) { passed.append(part); });
  }
  EXPECT_EQ(cutter.busy(), busy) << step;
  return passed;
}

class StringCutterTest : public testing::TestWithParam<Case> {};

TEST_P(StringCutterTest, CutsTheSameHoweverItComes) {
  const auto& [name, bytes, passed, busy] = GetParam();
  for (size_t step = 1; step <= bytes.size(); ++step) {
    EXPECT_EQ(Cut(bytes, step, busy), passed) << step;
  }
}

constexpr char kNine[] = "-TOOLONG a string of 9 bytes\r\n";

INSTANTIATE_TEST_SUITE_P(
    All, StringCutterTest,
    testing::Values(
        Case{"others", "+OK\r\n-ERR no\r\n:42\r\n*1\r\n$-1\r\n",
             "+OK\r\n-ERR no\r\n:42\r\n*1\r\n$-1\r\n"},
        Case{"longest", "$8\r\n12345678\r\n+OK\r\n", "$8\r\n12345678\r\n+OK\r\n"},
        Case{"empty", "$0\r\n\r\n+OK\r\n", "$0\r\n\r\n+OK\r\n"},
        Case{"too_long", ":1\r\n$9\r\n123456789\r\n:2\r\n",
             std::string(":1\r\n") + kNine + ":2\r\n"},
        Case{"several", "*3\r\n$9\r\n$7\r\n:1\r\n*\r\n$9\r\n123456789\r\n$1\r\nx\r\n",
             std::string("*3\r\n") + kNine + kNine + "$1\r\nx\r\n"},
        Case{"lines_in_a_string", "$7\r\n$9\r\n$9\r\n\r\n:1\r\n", "$7\r\n$9\r\n$9\r\n\r\n:1\r\n"},
        Case{"no_line_end_in_a_line", "+a\n$9\n\r$9\r\n:1\r\n", "+a\n$9\n\r$9\r\n:1\r\n"},
        Case{"under_way", "$9\r\n1234", kNine, true},
        Case{"length_under_way", ":1\r\n$1", ":1\r\n", true},
        Case{"largest", "$18446744073709551615\r\n12345",
             "-TOOLONG a string of 18446744073709551613 bytes\r\n", true},
        Case{"no_length", "$x\r\n$9x\r\n:1\r\n", "$x\r\n$9x\r\n:1\r\n"},
        Case{"too_many_zeros", "$00000000000000000000000009\r\n:1\r\n",
             "$00000000000000000000000009\r\n:1\r\n"},
        Case{"no_number", "$99999999999999999999999999\r\n:1\r\n",
             "$99999999999999999999999999\r\n:1\r\n"}),
    [](const auto& one) { return one.param.name; });

}  // namespace
}  // namespace srsproxy::redis
