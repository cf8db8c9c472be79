#include "controlplane/services/stream_convert.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

TEST(StreamConvertTest, AMappingIsAnsweredWhole) {
  StreamMapping mapping;
  mapping.key = {"__defaultVhost__", "live", "camera"};
  mapping.origin_id = "vid-1-s1-42";
  mapping.version = 9;
  mapping.provisional = true;
  mapping.publisher_live = true;
  mapping.publishers = 1;
  mapping.viewers = 7;
  mapping.claimed_at = absl::FromUnixSeconds(1'700'000'000);

  const auto message = ToProto(mapping);
  EXPECT_EQ(message.key(), "__defaultVhost__/live/camera");
  EXPECT_EQ(message.origin_id(), "vid-1-s1-42");
  EXPECT_EQ(message.version(), 9U);
  EXPECT_TRUE(message.provisional());
  EXPECT_TRUE(message.publisher_live());
  EXPECT_EQ(message.publishers(), 1U);
  EXPECT_EQ(message.viewers(), 7U);
  EXPECT_EQ(message.claim_time().seconds(), 1'700'000'000);
}

TEST(StreamConvertTest, AnExplanationWithoutOriginHasNoReason) {
  PickExplanation explanation;
  explanation.reason = PickReason::kMapped;
  explanation.steps = {"no origin is registered"};
  EXPECT_EQ(ToProto(explanation).reason(), v1::PICK_REASON_UNSPECIFIED);
  EXPECT_THAT(ToProto(explanation).steps(), testing::ElementsAre("no origin is registered"));

  explanation.origin_id = "vid-1-s1-42";
  EXPECT_EQ(ToProto(explanation).reason(), v1::PICK_REASON_MAPPED);
  EXPECT_EQ(ToProto(explanation).origin_id(), "vid-1-s1-42");
}

}  // namespace
}  // namespace srsproxy::control
