// An independent reading of RTMP 1.0 section 5.3 for tests: a decoder that wants all bytes at once,
// and a sender that uses every freedom the format gives.
#pragma once

#include <cstdint>
#include <map>
#include <random>
#include <span>
#include <string>
#include <vector>

#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp::testing {

using Bytes = std::vector<uint8_t>;

Bytes operator+(Bytes a, std::span<const uint8_t> b);
Bytes& operator+=(Bytes& a, std::span<const uint8_t> b);
Bytes U24(uint32_t value);
Bytes U32(uint32_t value);

struct Message {
  MessageHeader header;
  Bytes payload;

  friend bool operator==(const Message&, const Message&) = default;
};
void PrintTo(const Message& message, std::ostream* os);

// What senders write behind a format 3 header when the last timestamp was an extended one.
enum class ExtendedStyle { kRepeat, kOmit, kAbsolute };

// One chunk. `timestamp` is the field of formats 0 to 2, or what `extended` makes of it.
struct ChunkSpec {
  uint8_t format = 0;
  uint32_t chunk_stream_id = 3;
  uint32_t timestamp = 0;
  uint32_t length = 0;
  MessageType type = MessageType::kAudio;
  uint32_t stream_id = 0;
};
// Header (with an extended timestamp from 0xffffff on) and payload.
Bytes Chunk(const ChunkSpec& spec, std::span<const uint8_t> payload = {});
// A format 3 header with `extended` behind it, if not negative.
Bytes Continuation(uint32_t chunk_stream_id, std::span<const uint8_t> payload,
                   int64_t extended = -1);
Bytes SetChunkSize(uint32_t size);
Bytes Abort(uint32_t chunk_stream_id);

// Reads a whole chunk stream.
class ChunkDecoder {
 public:
  // Messages in the order of their ends. Stops at the first error, which `error` tells.
  struct Result {
    std::vector<Message> messages;
    std::map<uint32_t, Message> unfinished;  // By chunk stream; payload as far as it came.
    std::string error;
  };
  static Result Decode(std::span<const uint8_t> bytes);
};

// Sends random messages in random chunks.
class RandomSender {
 public:
  // Chunk sizes will be at least `least_chunk_size`, often not much more.
  RandomSender(uint64_t seed, ExtendedStyle style, uint32_t least_chunk_size = 1);

  // The next chunk, which may start, continue or abort a message, or change the chunk size.
  Bytes NextChunk();
  // Chunks that end every message that has started.
  Bytes Finish();

 private:
  struct Stream {
    bool used = false;
    bool open = false;
    Message message;  // The last one.
    uint32_t field = 0;
    bool extended = false;
    size_t sent = 0;
  };

  uint32_t Random(uint32_t below);
  Bytes StartMessage(uint32_t chunk_stream_id);
  Bytes NextPayload(Stream& stream);

  std::mt19937_64 random_;
  ExtendedStyle style_;
  uint32_t least_chunk_size_;
  uint32_t chunk_size_ = kDefaultChunkSize;
  std::map<uint32_t, Stream> streams_;
};

}  // namespace srsproxy::rtmp::testing
