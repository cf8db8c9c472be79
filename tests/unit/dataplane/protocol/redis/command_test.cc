#include "dataplane/protocol/redis/command.h"

#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

TEST(CommandTest, IsAnArrayOfBulkStrings) {
  std::string out;
  AppendCommand({"SET", "key", "two words"}, out);
  EXPECT_EQ(out, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$9\r\ntwo words\r\n");
}

TEST(CommandTest, CarriesAnyBytesAndEmptyArguments) {
  std::string out;
  AppendCommand({"SET", "", std::string_view("a\r\n\0%s", 6)}, out);
  EXPECT_EQ(out, std::string("*3\r\n$3\r\nSET\r\n$0\r\n\r\n$6\r\na\r\n\0%s\r\n", 31));
}

TEST(CommandTest, ComesAfterWhatIsThere) {
  std::string out;
  AppendCommand({"MULTI"}, out);
  AppendCommand({"EXEC"}, out);
  EXPECT_EQ(out, "*1\r\n$5\r\nMULTI\r\n*1\r\n$4\r\nEXEC\r\n");
}

TEST(CommandTest, ManyArgumentsWithLongLengths) {
  const std::string large(123456, 'x');
  std::vector<std::string_view> arguments(1000, "a");
  arguments.push_back(large);
  std::string out;
  AppendCommand(arguments, out);
  EXPECT_TRUE(out.starts_with("*1001\r\n$1\r\na\r\n"));
  EXPECT_TRUE(out.ends_with("$123456\r\n" + large + "\r\n"));
}

}  // namespace
}  // namespace srsproxy::redis
