#include "dataplane/protocol/redis/sentinel.h"

#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

template <typename... Values>
Reply Texts(Values... texts) {
  Reply::Array items;
  (items.push_back(Reply::String(texts)), ...);
  return Reply::ArrayOf(std::move(items));
}

TEST(SentinelTest, AddressesOfTheSettingAreRead) {
  EXPECT_EQ(*ParseSentinelAddress("s1.example:26380"), (Address{"s1.example", 26380}));
  EXPECT_EQ(*ParseSentinelAddress("[::1]:26379"), (Address{"::1", 26379}));
  EXPECT_EQ(*ParseSentinelAddress("10.0.0.1"), (Address{"10.0.0.1", 26379}));
  for (const char* text : {"", ":26379", "a b:1", "host:0", "host:x", "host:99999"}) {
    EXPECT_EQ(ParseSentinelAddress(text).status().code(), absl::StatusCode::kInvalidArgument)
        << text;
  }
}

TEST(SentinelTest, TheMastersAddressIsRead) {
  EXPECT_EQ(*ReadMasterAddress(Texts("10.0.0.1", "6379")), (Address{"10.0.0.1", 6379}));
  EXPECT_EQ(ReadMasterAddress(Texts("::1", "6379"))->ToString(), "[::1]:6379");
}

TEST(SentinelTest, WhatIsNoAddressIsAnError) {
  EXPECT_EQ(ReadMasterAddress(Reply()).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(ReadMasterAddress(Reply::Error("NOAUTH Authentication required.")).status().code(),
            absl::StatusCode::kUnauthenticated);
  EXPECT_EQ(ReadMasterAddress(Texts("10.0.0.1")).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadMasterAddress(Texts("", "1")).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadMasterAddress(Texts("a", "b:1")).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadMasterAddress(Texts("a", "0")).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(ReadMasterAddress(Reply::Integer(1)).status().code(), absl::StatusCode::kDataLoss);
}

TEST(SentinelTest, ASwitchIsRead) {
  const auto seen =
      ReadMasterSwitch(Texts("message", "+switch-master", "mymaster 10.0.0.1 6379 10.0.0.2 6380"));
  EXPECT_EQ(seen, (MasterSwitch{"mymaster", {"10.0.0.1", 6379}, {"10.0.0.2", 6380}}));
}

TEST(SentinelTest, AnythingElseIsNoSwitch) {
  EXPECT_EQ(ReadMasterSwitch(Texts("message", "+sdown", "mymaster 10.0.0.1 1 10.0.0.2 2")),
            std::nullopt);
  EXPECT_EQ(ReadMasterSwitch(Texts("message", "+switch-master", "mymaster 10.0.0.1 6379")),
            std::nullopt);
  EXPECT_EQ(ReadMasterSwitch(Texts("message", "+switch-master", "m a 0 b 1")), std::nullopt);
  Reply::Array subscribed;
  subscribed.push_back(Reply::String("subscribe"));
  subscribed.push_back(Reply::String("+switch-master"));
  subscribed.push_back(Reply::Integer(1));
  EXPECT_EQ(ReadMasterSwitch(Reply::ArrayOf(std::move(subscribed))), std::nullopt);
  EXPECT_EQ(ReadMasterSwitch(Reply::Error("ERR")), std::nullopt);
}

}  // namespace
}  // namespace srsproxy::redis
