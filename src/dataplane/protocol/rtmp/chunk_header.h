// Chunk headers as a codec: reads and writes them, and keeps what formats 1 to 3 leave out.
// Source: RTMP 1.0 section 5.3.1 (basic header, message header, extended timestamp).
//
//   ChunkHeader header;
//   size_t size = ReadChunkHeader(bytes, header);    // 0: more bytes are needed.
//   if (size > 0 && header.format == 3) {
//     const auto repeated = RepeatedTimestampSize(bytes.subspan(size), stream);
//     ...                                            // nullopt: more bytes are needed.
//   }
//   stream.StartMessage(header);                     // If no message is open there.
//
// Values only; used by one thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/protocol/rtmp/big_endian.h"
#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

// 3 bytes of chunk stream id, 11 of message header, 4 of timestamp.
inline constexpr size_t kMaxChunkHeaderSize = 18;
inline constexpr uint32_t kExtendedTimestamp = 0xffffff;  // In the 24 bit field: it follows.
// In a format 0 header, behind the basic header.
inline constexpr size_t kStreamIdOffset = 7;
inline constexpr size_t kMessageHeaderSize[] = {11, 7, 3, 0};  // By format.

// One header, as it stands on the wire: a format leaves what it does not carry as it is here.
struct ChunkHeader {
  uint32_t chunk_stream_id = 0;
  uint32_t timestamp = 0;  // Absolute in format 0, else a delta; the extended one where there is.
  uint32_t length = 0;     // Of the message.
  uint32_t stream_id = 0;
  MessageType type{};
  uint8_t format = 0;
  uint8_t basic_size = 1;  // Bytes of format and chunk stream id.
  bool extended = false;   // An extended timestamp was read.
};

// What is known of a chunk stream from the headers that were sent there: its last message's.
struct ChunkStreamState {
  uint32_t id = 0;
  uint32_t stream_id = 0;
  uint32_t timestamp = 0;  // Absolute.
  uint32_t delta = 0;      // What a format 3 header adds: the last timestamp field.
  uint32_t length = 0;
  MessageType type{};
  bool extended = false;  // The last timestamp field was an extended one.
  bool fresh = true;      // No message has started.

  // Takes the header that starts a message. False: the stream is fresh, and the format leaves out
  // length and type.
  bool StartMessage(const ChunkHeader& header);

  MessageHeader Header() const { return {id, type, length, stream_id, timestamp}; }
};

// Reads the header that `bytes`, at least one, begin with. Returns its size, or 0 when `bytes` end
// before it does. Whether a format 3 header repeats an extended timestamp, RepeatedTimestampSize
// finds; that is not read here.
size_t ReadChunkHeader(std::span<const uint8_t> bytes, ChunkHeader& header);

// How many bytes behind a format 3 header on `stream` are an extended timestamp: 0 or 4; empty when
// `behind` ends before that is decided. Senders disagree on whether it is repeated, and which one:
// it is found by comparison with the last field and with the absolute timestamp.
std::optional<size_t> RepeatedTimestampSize(std::span<const uint8_t> behind,
                                            const ChunkStreamState& stream);

// Builds one header: the fields that its format has, in this order.
class ChunkHeaderWriter {
 public:
  // With the same form of the chunk stream id as `basic`, the first bytes of another header there.
  ChunkHeaderWriter(uint8_t format, std::span<const uint8_t> basic);
  // With the shortest form of the chunk stream id.
  ChunkHeaderWriter(uint8_t format, uint32_t chunk_stream_id);

  // `extended`: Extended follows behind the last field.
  void Timestamp(uint32_t timestamp, bool extended);
  void LengthAndType(uint32_t length, MessageType type);
  void StreamId(uint32_t stream_id);
  void Extended(uint32_t timestamp);

  // Lives as long as the writer, until the next field.
  std::span<const uint8_t> bytes() const { return {bytes_.data(), size_}; }

 private:
  uint8_t* Take(size_t size);

  std::array<uint8_t, kMaxChunkHeaderSize> bytes_;
  size_t size_ = 0;
};

// ---- Once for each chunk of media: inline.

inline bool ChunkStreamState::StartMessage(const ChunkHeader& header) {
  if (fresh && header.format > 1) return false;
  fresh = false;
  if (header.format < 2) {
    length = header.length;
    type = header.type;
  }
  if (header.format < 3) {
    delta = header.timestamp;
    extended = header.extended;
  }
  if (header.format == 0) {
    stream_id = header.stream_id;
    timestamp = header.timestamp;
  } else {
    timestamp += delta;
  }
  return true;
}

inline size_t ReadChunkHeader(std::span<const uint8_t> bytes, ChunkHeader& header) {
  const uint8_t first = bytes[0];
  header.format = first >> 6;
  header.chunk_stream_id = first & 0x3f;
  header.basic_size = header.chunk_stream_id == 0 ? 2 : header.chunk_stream_id == 1 ? 3 : 1;
  const size_t size = header.basic_size + kMessageHeaderSize[header.format];
  if (bytes.size() < size) return 0;
  if (header.basic_size > 1) {
    header.chunk_stream_id = 64u + bytes[1];
    if (header.basic_size == 3) header.chunk_stream_id += bytes[2] * 256u;
  }
  if (header.format == 3) return size;

  const uint8_t* field = bytes.data() + header.basic_size;
  header.timestamp = ReadU24(field);
  if (header.format < 2) {
    header.length = ReadU24(field + 3);
    header.type = static_cast<MessageType>(field[6]);
  }
  if (header.format == 0) header.stream_id = ReadStreamId(field + kStreamIdOffset);
  if (header.timestamp != kExtendedTimestamp) return size;
  if (bytes.size() < size + 4) return 0;
  header.timestamp = ReadU32(bytes.data() + size);
  header.extended = true;
  return size + 4;
}

}  // namespace srsproxy::rtmp
