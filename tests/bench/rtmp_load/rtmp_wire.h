#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// The little of RTMP that the load generator speaks, on its own so that a fault of the proxy's
// codec cannot hide behind the same fault here. Wire formats: Adobe's RTMP specification 1.0,
// sections 5.2 (handshake), 5.3 (chunks) and 7 (messages), and AMF0.
namespace srsproxy::bench {

inline constexpr size_t kHandshakeSize = 1536;

enum MessageType : uint8_t {
  kSetChunkSize = 1,
  kAcknowledgement = 3,
  kUserControl = 4,
  kWindowAckSize = 5,
  kSetPeerBandwidth = 6,
  kAudio = 8,
  kVideo = 9,
  kData = 18,
  kCommand = 20,
};

struct Message {
  uint8_t type = 0;
  uint32_t stream_id = 0;
  uint32_t timestamp = 0;  // milliseconds, below 0xFFFFFF
  std::string payload;
};

// Appends `message` to `out` as one fmt 0 chunk and fmt 3 chunks on `chunk_stream` (2..63).
void AppendMessage(const Message& message, uint8_t chunk_stream, size_t chunk_size,
                   std::string* out);

// Reads messages from the start of a connection. Extended timestamps and other chunks than a
// command exchange needs are an error.
class ChunkReader {
 public:
  // Appends the messages that `bytes` complete. False when the bytes are no RTMP that it reads.
  bool Read(std::string_view bytes, std::vector<Message>* messages);

 private:
  struct ChunkStream {
    Message header;
    size_t length = 0;
    std::string payload;
  };
  enum class Step { kDone, kMore, kBad };
  Step ReadChunk(std::string_view* rest, std::vector<Message>* messages);

  size_t chunk_size_ = 128;
  std::map<uint32_t, ChunkStream> streams_;
  std::string unread_;
};

// AMF0 values, ready to be put together.
std::string AmfString(std::string_view value);
std::string AmfNumber(double value);
std::string AmfNull();
std::string AmfObject(const std::vector<std::pair<std::string, std::string>>& members);

// Big-endian, `size` bytes.
std::string BigEndian(uint32_t value, size_t size);

// The name and the transaction id of a command message; an empty name when it is none.
struct CommandHead {
  std::string name;
  double transaction = 0;
};
CommandHead ReadCommandHead(const Message& message);

}  // namespace srsproxy::bench
