#include "controlplane/access/identity.h"

#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

TEST(AccessRoleTest, NamesAreReadBack) {
  for (const auto role :
       {AccessRole::kOrigin, AccessRole::kViewer, AccessRole::kAdmin, AccessRole::kPeer}) {
    EXPECT_EQ(FromName<AccessRole>(ToName(role)), role);
  }
  for (const char* name : {"", "Admin", "admin ", "root"}) {
    EXPECT_EQ(FromName<AccessRole>(name), std::nullopt) << name;
  }
}

struct ServerCase {
  const char* name;
  std::vector<std::string> servers;
  const char* server;
  bool may;
};

class MayRegisterTest : public testing::TestWithParam<ServerCase> {};

TEST_P(MayRegisterTest, FollowsTheGlobs) {
  const Identity identity{
      .role = AccessRole::kOrigin, .name = "agents", .servers = GetParam().servers};
  EXPECT_EQ(identity.MayRegister(GetParam().server), GetParam().may);
}

INSTANTIATE_TEST_SUITE_P(Servers, MayRegisterTest,
                         testing::Values(ServerCase{"NoLimit", {}, "vid-1", true},
                                         ServerCase{"Name", {"vid-1"}, "vid-1", true},
                                         ServerCase{"OtherName", {"vid-1"}, "vid-2", false},
                                         ServerCase{"NoPrefix", {"vid-1"}, "vid-10", false},
                                         ServerCase{"NoSuffix", {"vid-1"}, "my-vid-1", false},
                                         ServerCase{"Glob", {"vid-*"}, "vid-10", true},
                                         ServerCase{"OneOfTwo", {"a", "vid-?"}, "vid-3", true},
                                         ServerCase{"GlobFails", {"vid-*"}, "edge-1", false},
                                         ServerCase{"OtherCase", {"vid-1"}, "VID-1", false},
                                         ServerCase{"Empty", {"vid-1"}, "", false}),
                         [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace srsproxy::control
