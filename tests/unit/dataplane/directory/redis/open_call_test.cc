#include "dataplane/directory/redis/open_call.h"

#include <string>
#include <string_view>

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

TEST(OpenCallTest, ACommandIsSentAsItIs) {
  const std::string_view command[] = {"GET", "key"};
  const OpenCall call = OpenCall::OfCommand("get", command);
  EXPECT_EQ(call.op, "get");
  EXPECT_EQ(call.Bytes(false), "*2\r\n$3\r\nGET\r\n$3\r\nkey\r\n");
}

TEST(OpenCallTest, AScriptIsSentByItsDigestOrWithItsSource) {
  const Script script("one", "return 1");
  const std::string_view keys[] = {"k1", "k2"};
  const std::string_view arguments[] = {"", "a"};
  const OpenCall call = OpenCall::OfScript(script, keys, arguments);
  const std::string tail = "$1\r\n2\r\n$2\r\nk1\r\n$2\r\nk2\r\n$0\r\n\r\n$1\r\na\r\n";
  EXPECT_EQ(call.op, "one");
  EXPECT_EQ(call.Bytes(false), "*7\r\n$7\r\nEVALSHA\r\n$40\r\n" + script.digest() + "\r\n" + tail);
  EXPECT_EQ(call.Bytes(true), "*7\r\n$4\r\nEVAL\r\n$8\r\nreturn 1\r\n" + tail);
}

TEST(ScriptTest, ItsDigestIsThatOfRedis) {
  // redis-cli SCRIPT LOAD "return 1"
  EXPECT_EQ(Script("one", "return 1").digest(), "e0e1f9fabfc9d4800c877a703b823ac0578ff8db");
}

}  // namespace
}  // namespace srsproxy::redis
