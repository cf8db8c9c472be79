#include "dataplane/protocol/rtmp/payload_stream_id.h"

#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/control_message.h"

namespace srsproxy::rtmp {
namespace {

using Bytes = std::vector<uint8_t>;

constexpr MessageType kAmf0 = MessageType::kCommandAmf0;
constexpr MessageType kAmf3 = MessageType::kCommandAmf3;

struct RewriteRow {
  std::string name;
  MessageType type;
  Bytes payload;
  Bytes rewritten;  // With stream 1 known as 2.
};

void PrintTo(const RewriteRow& row, std::ostream* os) { *os << row.name; }

class PayloadStreamIdTest : public ::testing::TestWithParam<RewriteRow> {};

TEST_P(PayloadStreamIdTest, ChangesTheStreamIdInPlace) {
  Bytes payload = GetParam().payload;
  EXPECT_EQ(RewriteStreamId(GetParam().type, payload, 1, 2),
            GetParam().payload != GetParam().rewritten);
  EXPECT_EQ(payload, GetParam().rewritten);
}

Bytes DeleteStream(MessageType type, uint32_t id) {
  return EncodeCommand(type, {"deleteStream", 0, {AmfNull{}, static_cast<double>(id)}});
}
Bytes DeleteStreamAmf3(Bytes number) {
  Bytes payload = EncodeCommand(kAmf3, {"deleteStream", 0, {AmfNull{}}});
  payload.insert(payload.end(), number.begin(), number.end());
  return payload;
}
Bytes Event(uint16_t event, uint32_t value) {
  return UserControlPayload(static_cast<UserControlEvent>(event), value);
}

INSTANTIATE_TEST_SUITE_P(
    All, PayloadStreamIdTest,
    ::testing::Values(
        RewriteRow{"DeleteStream", kAmf0, DeleteStream(kAmf0, 1), DeleteStream(kAmf0, 2)},
        RewriteRow{"DeleteStreamAmf3", kAmf3, DeleteStream(kAmf3, 1), DeleteStream(kAmf3, 2)},
        RewriteRow{"DeleteStreamAmf3Integer", kAmf3, DeleteStreamAmf3({0x11, 4, 1}),
                   DeleteStreamAmf3({0x11, 4, 2})},
        RewriteRow{"OtherStream", kAmf0, DeleteStream(kAmf0, 3), DeleteStream(kAmf0, 3)},
        RewriteRow{"OtherCommand", kAmf0, EncodeCommand(kAmf0, {"closeStream", 0, {AmfNull{}, 1}}),
                   EncodeCommand(kAmf0, {"closeStream", 0, {AmfNull{}, 1}})},
        RewriteRow{"CutDeleteStream", kAmf0, EncodeCommand(kAmf0, {"deleteStream", 0, {}}),
                   EncodeCommand(kAmf0, {"deleteStream", 0, {}})},
        RewriteRow{"StreamBegin", MessageType::kUserControl, Event(0, 1), Event(0, 2)},
        RewriteRow{"SetBufferLength",
                   MessageType::kUserControl,
                   {0, 3, 0, 0, 0, 1, 0, 0, 1, 0},
                   {0, 3, 0, 0, 0, 2, 0, 0, 1, 0}},
        RewriteRow{"BufferEmpty", MessageType::kUserControl, Event(31, 1), Event(31, 2)},
        RewriteRow{"Ping", MessageType::kUserControl, Event(6, 1), Event(6, 1)},
        RewriteRow{"UnknownEvent", MessageType::kUserControl, Event(26, 1), Event(26, 1)},
        RewriteRow{"CutEvent", MessageType::kUserControl, {0, 0, 0}, {0, 0, 0}},
        RewriteRow{"Video", MessageType::kVideo, Event(0, 1), Event(0, 1)}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy::rtmp
