#include "dataplane/protocol/redis/keys.h"

#include <string>

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

TEST(KeysTest, AreThoseOfTheGoProxy) {
  const Keys keys("");
  const std::string stream = "__defaultVhost__/live/cam";
  EXPECT_EQ(keys.Make(KeyKind::kServer, "vid-1-sid-2-3"), "srs-proxy-server:vid-1-sid-2-3");
  EXPECT_EQ(keys.Make(KeyKind::kAllServers), "srs-proxy-all-servers");
  EXPECT_EQ(keys.Make(KeyKind::kUrl, stream), "srs-proxy-url:__defaultVhost__/live/cam");
  EXPECT_EQ(keys.Make(KeyKind::kHls, stream), "srs-proxy-hls:__defaultVhost__/live/cam");
  EXPECT_EQ(keys.Make(KeyKind::kSpbhid, "4f"), "srs-proxy-spbhid:4f");
  EXPECT_EQ(keys.Make(KeyKind::kRtc, stream), "srs-proxy-rtc:__defaultVhost__/live/cam");
  EXPECT_EQ(keys.Make(KeyKind::kUfrag, "ab:cd"), "srs-proxy-ufrag:ab:cd");
}

TEST(KeysTest, HaveThePrefixAndAColon) {
  const Keys keys("prod");
  EXPECT_EQ(keys.Make(KeyKind::kAllServers), "prod:srs-proxy-all-servers");
  EXPECT_EQ(keys.Make(KeyKind::kXProxy, "a:b"), "prod:srs-proxy-x-proxy:a:b");
  EXPECT_EQ(keys.prefix(), "prod:");
}

class KeysOfPrefixTest : public testing::TestWithParam<std::string> {};

TEST_P(KeysOfPrefixTest, AreReadBack) {
  const Keys keys(GetParam());
  for (const auto& [kind, text] : kEnumTable<KeyKind>) {
    const std::string name = HasName(kind) ? "a:b/c*" : "";
    const std::string key = keys.Make(kind, name);
    EXPECT_EQ(keys.Parse(key), (Keys::Parsed{kind, name})) << key;
    EXPECT_EQ(keys.NameIn(kind, key), name) << key;
  }
}

TEST_P(KeysOfPrefixTest, OthersAreNone) {
  const Keys keys(GetParam());
  const std::string prefix = keys.prefix();
  for (const std::string& key :
       {std::string(), prefix, prefix + "srs-proxy-url:", prefix + "srs-proxy-url",
        prefix + "srs-proxy-all-servers:x", prefix + "srs-proxy-all-serversx",
        prefix + "srs-proxy-x-", prefix + "srs-proxy-x-feed:1", "x" + prefix + "srs-proxy-url:a",
        "other:" + keys.Make(KeyKind::kUrl, "a")}) {
    EXPECT_EQ(keys.Parse(key), std::nullopt) << key;
  }
  EXPECT_EQ(keys.NameIn(KeyKind::kUrl, keys.Make(KeyKind::kServer, "a")), std::nullopt);
}

INSTANTIATE_TEST_SUITE_P(All, KeysOfPrefixTest, testing::Values("", "prod", "a:b", "*[x]"));

TEST(KeysTest, PatternsMatchTheKindAlone) {
  EXPECT_EQ(Keys("").Pattern(KeyKind::kUrl), "srs-proxy-url:*");
  EXPECT_EQ(Keys("").Pattern(KeyKind::kXFeed), "srs-proxy-x-feed");
  EXPECT_EQ(Keys("a*b?[c]\\").Pattern(KeyKind::kUrl), "a\\*b\\?\\[c\\]\\\\:srs-proxy-url:*");
}

TEST(ProxyNameTest, IsReadBackAlsoWithColonsInTheId) {
  const ProxyName name{"edge:1", "9f"};
  EXPECT_EQ(name.ToString(), "edge:1:9f");
  EXPECT_EQ(ProxyName::Parse(name.ToString()), name);
  for (const char* text : {"", "a", ":", "a:", ":b"}) {
    EXPECT_EQ(ProxyName::Parse(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace srsproxy::redis
