#include "dataplane/protocol/rtmp/control_message.h"

#include <optional>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::rtmp {
namespace {

using ::testing::ElementsAre;
using Bytes = std::vector<uint8_t>;

TEST(ControlMessageTest, Bytes) {
  EXPECT_THAT(SetChunkSizePayload(0x01020304), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(AcknowledgementPayload(5), ElementsAre(0, 0, 0, 5));
  EXPECT_THAT(WindowAckSizePayload(0x10000), ElementsAre(0, 1, 0, 0));
  EXPECT_THAT(SetPeerBandwidthPayload(7, PeerBandwidthLimit::kDynamic), ElementsAre(0, 0, 0, 7, 2));
  EXPECT_THAT(UserControlPayload(UserControlEvent::kPingResponse, 0x0a0b),
              ElementsAre(0, 7, 0, 0, 0x0a, 0x0b));
  EXPECT_EQ(ReadControlNumber(Bytes{0, 0, 1, 0}), 256u);
  EXPECT_EQ(ReadControlNumber(Bytes{0, 0, 1}), std::nullopt);
  EXPECT_EQ(ReadUserControl(Bytes{0, 3, 0, 0, 0, 9, 0, 0, 1, 0})->value, 9u);
  EXPECT_FALSE(ReadUserControl(Bytes{0, 3, 0, 0, 0}).has_value());
}

}  // namespace
}  // namespace srsproxy::rtmp
