#include "dataplane/protocol/rtmp/chunk_header.h"

#include <algorithm>
#include <utility>

#include "dataplane/protocol/rtmp/big_endian.h"

namespace srsproxy::rtmp {

std::optional<size_t> RepeatedTimestampSize(std::span<const uint8_t> behind,
                                            const ChunkStreamState& stream) {
  if (!stream.extended) return 0;
  const size_t available = std::min<size_t>(4, behind.size());
  for (const uint32_t candidate : {stream.delta, stream.timestamp}) {
    uint8_t expected[4];
    WriteU32(expected, candidate);
    if (!std::equal(expected, expected + available, behind.data())) continue;
    if (available < 4) return std::nullopt;
    return 4;
  }
  return 0;
}

ChunkHeaderWriter::ChunkHeaderWriter(uint8_t format, std::span<const uint8_t> basic) {
  for (const uint8_t byte : basic) *Take(1) = byte;
  bytes_[0] = static_cast<uint8_t>((bytes_[0] & 0x3f) | format << 6);
}

ChunkHeaderWriter::ChunkHeaderWriter(uint8_t format, uint32_t chunk_stream_id) {
  const auto format_bits = static_cast<uint8_t>(format << 6);
  if (chunk_stream_id < 64) {
    *Take(1) = static_cast<uint8_t>(format_bits | chunk_stream_id);
  } else if (chunk_stream_id < 64 + 256) {
    *Take(1) = format_bits;
    *Take(1) = static_cast<uint8_t>(chunk_stream_id - 64);
  } else {
    *Take(1) = format_bits | 1;
    *Take(1) = static_cast<uint8_t>(chunk_stream_id - 64);
    *Take(1) = static_cast<uint8_t>((chunk_stream_id - 64) >> 8);
  }
}

void ChunkHeaderWriter::Timestamp(uint32_t timestamp, bool extended) {
  WriteU24(Take(3), extended ? kExtendedTimestamp : timestamp);
}

void ChunkHeaderWriter::LengthAndType(uint32_t length, MessageType type) {
  WriteU24(Take(3), length);
  *Take(1) = static_cast<uint8_t>(type);
}

void ChunkHeaderWriter::StreamId(uint32_t stream_id) { WriteStreamId(Take(4), stream_id); }

void ChunkHeaderWriter::Extended(uint32_t timestamp) { WriteU32(Take(4), timestamp); }

uint8_t* ChunkHeaderWriter::Take(size_t size) {
  return bytes_.data() + std::exchange(size_, size_ + size);
}

}  // namespace srsproxy::rtmp
