#include "dataplane/core/vhost_policy.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

TEST(VhostPolicyTest, EveryHostWithADotMayBeAVhostOfItsOwn) {
  const VhostPolicy all;
  EXPECT_EQ(all.Apply("Live.Example.com"), "live.example.com");
  EXPECT_EQ(all.Apply("localhost"), kDefaultVhost);
  EXPECT_EQ(all.Apply("10.0.0.1"), kDefaultVhost);
  EXPECT_EQ(all.ApplyNamed("localhost"), "localhost") << "asked for by name";
  EXPECT_EQ(all.ApplyNamed("__DEFAULTVHOST__"), kDefaultVhost);
}

TEST(VhostPolicyTest, OnlyThoseOfAListAreVhosts) {
  const auto listed = VhostPolicy::Parse(" a.com , intern");
  ASSERT_TRUE(listed.ok()) << listed.status();
  EXPECT_EQ(listed->Apply("A.com"), "a.com");
  EXPECT_EQ(listed->Apply("intern"), "intern");
  EXPECT_EQ(listed->Apply("b.com"), kDefaultVhost);
  const auto none = VhostPolicy::Parse("none");
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->ApplyNamed("a.com"), kDefaultVhost);
}

TEST(VhostPolicyTest, RefusesWhatIsNoList) {
  for (const char* setting :
       {"", ",", "a b", "*,example.com", "example.com,10.0.0.1", "_definst_"}) {
    EXPECT_EQ(VhostPolicy::Parse(setting).status().code(), absl::StatusCode::kInvalidArgument)
        << setting;
  }
}

}  // namespace
}  // namespace srsproxy
