#include "dataplane/protocol/http/body_reader.h"

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::http {
namespace {

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

std::string Text(const BufferSequence& buffers) {
  const auto bytes = buffers.Flatten();
  return {bytes.begin(), bytes.end()};
}

constexpr std::string_view kChunks =
    "5\r\nhello\r\nA;name=\"v\"\r\n, world, a\r\n1 \r\nb\r\n0\r\nTrailer: x\r\n\r\n";
constexpr std::string_view kContent = "hello, world, ab";

// Reads `wire` in two parts, cut at `cut`; what follows the body stays.
std::string ReadInParts(BodyReader reader, std::string_view wire, size_t cut, size_t* taken) {
  std::string passed;
  *taken = 0;
  for (const std::string_view part : {wire.substr(0, cut), wire.substr(cut)}) {
    BufferSequence out;
    const auto read = reader.Read(Bytes(part), out);
    EXPECT_TRUE(read.ok()) << read.status();
    *taken += *read;
    passed += Text(out);
  }
  EXPECT_TRUE(reader.at_end());
  return passed;
}

TEST(BodyReaderTest, FollowsChunksCutAnywhere) {
  const std::string wire = std::string(kChunks) + "HTTP/1.1 200 OK";
  for (size_t cut = 0; cut <= wire.size(); ++cut) {
    size_t taken = 0;
    EXPECT_EQ(
        ReadInParts(BodyReader(Framing::kChunked, 0, BodyReader::Chunks::kKept), wire, cut, &taken),
        kChunks);
    EXPECT_EQ(taken, kChunks.size());
    EXPECT_EQ(ReadInParts(BodyReader(Framing::kChunked, 0, BodyReader::Chunks::kRemoved), wire, cut,
                          &taken),
              kContent);
    EXPECT_EQ(taken, kChunks.size());
  }
}

TEST(BodyReaderTest, FollowsALengthCutAnywhere) {
  const std::string wire = "0123456789rest";
  for (size_t cut = 0; cut <= wire.size(); ++cut) {
    size_t taken = 0;
    EXPECT_EQ(
        ReadInParts(BodyReader(Framing::kLength, 10, BodyReader::Chunks::kKept), wire, cut, &taken),
        "0123456789");
    EXPECT_EQ(taken, 10);
  }
}

TEST(BodyReaderTest, UntilTheCloseEverythingIsBody) {
  BodyReader reader(Framing::kUntilClose, 0, BodyReader::Chunks::kKept);
  BufferSequence out;
  EXPECT_EQ(*reader.Read(Bytes("0\r\n\r\n"), out), 5);
  EXPECT_EQ(Text(out), "0\r\n\r\n");
  EXPECT_FALSE(reader.at_end());
  EXPECT_TRUE(reader.may_close());
}

TEST(BodyReaderTest, NoBodyIsAtItsEnd) {
  BodyReader reader(Framing::kNone, 0, BodyReader::Chunks::kKept);
  BufferSequence out;
  EXPECT_TRUE(reader.at_end());
  EXPECT_EQ(*reader.Read(Bytes("next"), out), 0);
  EXPECT_TRUE(out.empty());
}

TEST(BodyReaderTest, ACloseIsOrderlyOnlyAtTheEnd) {
  BodyReader reader(Framing::kChunked, 0, BodyReader::Chunks::kKept);
  BufferSequence out;
  ASSERT_TRUE(reader.Read(Bytes("5\r\nhel"), out).ok());
  EXPECT_FALSE(reader.may_close());
  ASSERT_TRUE(reader.Read(Bytes("lo\r\n0\r\n\r\n"), out).ok());
  EXPECT_TRUE(reader.may_close());
}

TEST(BodyReaderTest, RefusesBrokenFraming) {
  const std::string long_line(20'000, 'x');
  for (const std::string& wire : std::vector<std::string>{
           "\r\n", "x\r\n", "-1\r\n", "5\nhello", "5\r\nhelloX", "5\r\nhello\r0", "5\rX",
           "FFFFFFFFFFFFFFFF\r\n", "1;" + long_line, "0\r\n" + long_line, "0\r\nA: b\n"}) {
    BodyReader reader(Framing::kChunked, 0, BodyReader::Chunks::kKept);
    BufferSequence out;
    EXPECT_TRUE(absl::IsDataLoss(reader.Read(Bytes(wire), out).status())) << wire.substr(0, 30);
  }
}

}  // namespace
}  // namespace srsproxy::http
