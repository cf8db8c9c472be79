// Chunk headers, each read again with every prefix of it: nothing may be said before all is there.

#include "dataplane/protocol/rtmp/chunk_header.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/protocol/rtmp/chunk_model.h"

namespace srsproxy::rtmp {
namespace {

using testing::Bytes;
using testing::operator+;

struct Row {
  std::string name;
  Bytes bytes;
  ChunkHeader header;
};

const Row kRows[] = {
    {"AllFields",
     {0x03, 0, 0, 40, 0, 1, 2, 20, 7, 0, 0, 0},
     {.chunk_stream_id = 3,
      .timestamp = 40,
      .length = 258,
      .stream_id = 7,
      .type = MessageType::kCommandAmf0,
      .format = 0,
      .basic_size = 1}},
    {"StreamIdIsLittleEndian",
     {0x3f, 0, 0, 0, 0, 0, 0, 9, 1, 2, 3, 4},
     {.chunk_stream_id = 63,
      .stream_id = 0x04030201,
      .type = MessageType::kVideo,
      .format = 0,
      .basic_size = 1}},
    {"NoStreamId",
     {0x44, 0, 1, 0, 0xff, 0xff, 0xff, 8},
     {.chunk_stream_id = 4,
      .timestamp = 256,
      .length = 0xffffff,
      .type = MessageType::kAudio,
      .format = 1,
      .basic_size = 1}},
    {"OnlyADelta",
     {0x84, 0, 0, 13},
     {.chunk_stream_id = 4, .timestamp = 13, .format = 2, .basic_size = 1}},
    {"Nothing", {0xc4}, {.chunk_stream_id = 4, .format = 3, .basic_size = 1}},
    {"TwoByteId", {0xc0, 0}, {.chunk_stream_id = 64, .format = 3, .basic_size = 2}},
    {"TwoByteIdAtItsMost", {0xc0, 255}, {.chunk_stream_id = 319, .format = 3, .basic_size = 2}},
    {"ThreeByteId", {0xc1, 0, 1}, {.chunk_stream_id = 320, .format = 3, .basic_size = 3}},
    {"ThreeByteIdAtItsMost",
     {0xc1, 255, 255},
     {.chunk_stream_id = kMaxChunkStream, .format = 3, .basic_size = 3}},
    {"LongestOfAll",
     {0x01, 0, 1, 0xff, 0xff, 0xff, 0, 0, 1, 9, 1, 0, 0, 0, 0x01, 0x02, 0x03, 0x04},
     {.chunk_stream_id = 320,
      .timestamp = 0x01020304,
      .length = 1,
      .stream_id = 1,
      .type = MessageType::kVideo,
      .format = 0,
      .basic_size = 3,
      .extended = true}},
    {"ExtendedDelta",
     {0x84, 0xff, 0xff, 0xff, 1, 0, 0, 0},
     {.chunk_stream_id = 4, .timestamp = 1 << 24, .format = 2, .basic_size = 1, .extended = true}},
    {"JustNotExtended",
     {0x84, 0xff, 0xff, 0xfe},
     {.chunk_stream_id = 4, .timestamp = 0xfffffe, .format = 2, .basic_size = 1}},
};

class ChunkHeaderTest : public ::testing::TestWithParam<Row> {};

INSTANTIATE_TEST_SUITE_P(Rows, ChunkHeaderTest, ::testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

TEST_P(ChunkHeaderTest, IsReadWhenItIsWhole) {
  const Row& row = GetParam();
  ChunkHeader header;
  ASSERT_EQ(ReadChunkHeader(row.bytes + Bytes(5, 0xab), header), row.bytes.size());
  EXPECT_EQ(header.chunk_stream_id, row.header.chunk_stream_id);
  EXPECT_EQ(header.timestamp, row.header.timestamp);
  EXPECT_EQ(header.length, row.header.length);
  EXPECT_EQ(header.stream_id, row.header.stream_id);
  EXPECT_EQ(header.type, row.header.type);
  EXPECT_EQ(header.format, row.header.format);
  EXPECT_EQ(header.basic_size, row.header.basic_size);
  EXPECT_EQ(header.extended, row.header.extended);
}

TEST_P(ChunkHeaderTest, IsNotReadBeforeItsLastByte) {
  const Bytes& bytes = GetParam().bytes;
  for (size_t size = 1; size < bytes.size(); ++size) {
    ChunkHeader header;
    EXPECT_EQ(ReadChunkHeader(std::span(bytes).first(size), header), 0) << size;
  }
}

TEST_P(ChunkHeaderTest, IsWrittenAsItWasRead) {
  const Row& row = GetParam();
  const ChunkHeader& header = row.header;
  const auto fields = [&header](ChunkHeaderWriter writer) {
    if (header.format < 3) writer.Timestamp(header.timestamp, header.extended);
    if (header.format < 2) writer.LengthAndType(header.length, header.type);
    if (header.format == 0) writer.StreamId(header.stream_id);
    if (header.extended) writer.Extended(header.timestamp);
    return Bytes(writer.bytes().begin(), writer.bytes().end());
  };
  EXPECT_EQ(fields(ChunkHeaderWriter(header.format, header.chunk_stream_id)), row.bytes);
  const Bytes basic(row.bytes.begin(), row.bytes.begin() + header.basic_size);
  EXPECT_EQ(fields(ChunkHeaderWriter(header.format, basic)), row.bytes);
}

TEST(ChunkHeaderWriterTest, KeepsALongerFormOfAnId) {
  const uint8_t basic[] = {0x01, 6, 0};  // 70, which two bytes could say.
  const ChunkHeaderWriter writer(3, std::span<const uint8_t>(basic));
  EXPECT_THAT(writer.bytes(), ::testing::ElementsAre(0xc1, 6, 0));
}

// ---- What a chunk stream remembers

ChunkHeader Of(uint8_t format, uint32_t timestamp, bool extended = false) {
  return {.timestamp = timestamp,
          .length = 10,
          .stream_id = 1,
          .type = MessageType::kVideo,
          .format = format,
          .extended = extended};
}

TEST(ChunkStreamStateTest, AFreshStreamNeedsLengthAndType) {
  for (const uint8_t format : {2, 3}) {
    ChunkStreamState stream;
    EXPECT_FALSE(stream.StartMessage(Of(format, 5)));
    EXPECT_TRUE(stream.fresh);
    EXPECT_TRUE(stream.StartMessage(Of(1, 5)));
    EXPECT_TRUE(stream.StartMessage(Of(format, 5)));
  }
}

TEST(ChunkStreamStateTest, DeltasAddUpAndFormat3RepeatsTheLastField) {
  ChunkStreamState stream{.id = 6};
  ASSERT_TRUE(stream.StartMessage(Of(0, 1000)));
  EXPECT_EQ(stream.Header(), (MessageHeader{6, MessageType::kVideo, 10, 1, 1000}));
  ASSERT_TRUE(stream.StartMessage({.timestamp = 40, .length = 20, .format = 1}));
  EXPECT_EQ(stream.Header(), (MessageHeader{6, MessageType{}, 20, 1, 1040}));
  ASSERT_TRUE(stream.StartMessage({.timestamp = 10, .format = 2}));
  EXPECT_EQ(stream.timestamp, 1050);
  EXPECT_EQ(stream.length, 20) << "format 2 leaves it";
  ASSERT_TRUE(stream.StartMessage({.format = 3}));
  EXPECT_EQ(stream.timestamp, 1060);
  ASSERT_TRUE(stream.StartMessage(Of(0, 2000)));
  ASSERT_TRUE(stream.StartMessage({.format = 3}));
  EXPECT_EQ(stream.timestamp, 4000) << "behind format 0, its timestamp is the delta";
}

TEST(ChunkStreamStateTest, TimestampsWrap) {
  ChunkStreamState stream;
  ASSERT_TRUE(stream.StartMessage(Of(0, 0xfffffff0, true)));
  ASSERT_TRUE(stream.StartMessage({.timestamp = 0x20, .format = 2}));
  EXPECT_EQ(stream.timestamp, 0x10);
  EXPECT_FALSE(stream.extended);
}

// ---- Extended timestamps on format 3

TEST(RepeatedTimestampTest, ThereIsNoneWhereTheLastFieldWasShort) {
  ChunkStreamState stream;
  ASSERT_TRUE(stream.StartMessage(Of(0, 5)));
  EXPECT_EQ(RepeatedTimestampSize({}, stream), 0);
  EXPECT_EQ(RepeatedTimestampSize(testing::U32(5), stream), 0);
}

TEST(RepeatedTimestampTest, TheFieldOrTheAbsoluteOneIsTakenAtEverySplit) {
  ChunkStreamState stream;
  ASSERT_TRUE(stream.StartMessage(Of(0, 0x01020304, true)));
  ASSERT_TRUE(stream.StartMessage({.timestamp = 0x02000000, .format = 2, .extended = true}));
  for (const uint32_t repeated : {stream.delta, stream.timestamp}) {
    const Bytes bytes = testing::U32(repeated);
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_EQ(RepeatedTimestampSize(std::span(bytes).first(size), stream), std::nullopt) << size;
    }
    EXPECT_EQ(RepeatedTimestampSize(bytes, stream), 4);
    EXPECT_EQ(RepeatedTimestampSize(bytes + Bytes{9}, stream), 4);
  }
}

TEST(RepeatedTimestampTest, PayloadIsRecognisedByItsFirstByteThatDiffers) {
  ChunkStreamState stream;
  ASSERT_TRUE(stream.StartMessage(Of(0, 0x01020304, true)));
  const Bytes almost = {1, 2, 3, 5};
  for (size_t size = 0; size < 4; ++size) {
    EXPECT_EQ(RepeatedTimestampSize(std::span(almost).first(size), stream), std::nullopt);
  }
  EXPECT_EQ(RepeatedTimestampSize(almost, stream), 0);
  EXPECT_EQ(RepeatedTimestampSize(Bytes{7}, stream), 0);
}

}  // namespace
}  // namespace srsproxy::rtmp
