// Follows the chunk stream of one direction of an RTMP connection and passes it on.
// Source: RTMP 1.0 section 5.3 (chunking) and 5.4 (protocol control messages).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/chunk_header.h"
#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

// What happens to a message, decided when it starts.
enum class MessageAction : uint8_t {
  kPass,         // Goes through as it comes; nothing is kept.
  kPassAndShow,  // Goes through as it comes; OnMessage sees the payload when it is complete.
  kHold,         // Waits until it is complete; OnMessage may change its bytes and decides.
  kConsume,      // Is kept from the receiver; OnMessage sees the payload when it is complete.
  kDrop,         // Is kept from the receiver, unseen, whatever its size.
};

// What happens to a held message, decided when it is complete.
enum class Decision : uint8_t {
  kForward,
  kConsume,
};

// Reads chunks from `in` at any split, and writes what the receiver gets: the same bytes, save
//  - the message stream id, where MapStreamId says so;
//  - the first header on a chunk stream that the receiver knows differently than the sender
//    (because a message there was kept from it, or the proxy wrote there, or one side was
//    replaced): it becomes format 0 with the absolute timestamp; and if the sender's next message
//    there starts with format 3, that becomes format 2 with the sender's delta;
//  - a SetChunkSize before a chunk that the receiver would cut differently;
//  - what was injected, held (sent when complete) or kept back.
// Messages on other chunk streams flow on while one is held.
//
// SetChunkSize and Abort are followed, and go on when complete, whatever the observer answers; save
// a SetChunkSize that it drops, which is followed all the same: chunks go on as they come, and the
// receiver is told before one that it would cut differently. An extended timestamp on a format 3
// chunk is told by comparison with what it would have to be. Only what is shown, held or consumed
// is copied, and only while it lasts. Used by one thread.
class ChunkForwarder {
 public:
  class Observer {
   public:
    virtual ~Observer() = default;

    // A message starts. `header` is as the sender wrote it (its stream id, not the mapped one). For
    // command, data and user control messages `prefix` is the payload's first min(length, 16)
    // bytes, and nothing of the message has gone out yet; for all other types it is empty.
    virtual MessageAction OnMessageStart(const MessageHeader& header,
                                         std::span<const uint8_t> prefix) = 0;

    // A message that was shown, held or consumed is complete. `payload` lives until the call
    // returns. Changes to it, and the decision, count only for kHold.
    virtual Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) = 0;
  };

  struct Limits {
    uint32_t max_collected = 64 * 1024;  // Bytes kept of messages shown, held, consumed or queued.
    uint16_t max_chunk_streams = 64;
  };

  // `sender` is at fault in errors. `observer` outlives the forwarder's use
  // of it, and is there before the first Forward.
  // Inside the observer's calls only Stop and MapStreamId may be called on this forwarder.
  ChunkForwarder(Side sender, Observer* observer);
  ChunkForwarder(Side sender, Observer* observer, Limits limits);
  ChunkForwarder(ChunkForwarder&&) noexcept;
  ~ChunkForwarder();

  // Another observer decides from the next call on.
  void SetObserver(Observer& observer) { observer_ = &observer; }

  // Reads `in`, whose bytes may be changed in place, and appends to `out` what goes on to the
  // receiver: views of `in`, and copies. Returns how many bytes were read: all, unless Stop was
  // called. After an error (INVALID_ARGUMENT) the forwarder must not be used again.
  absl::StatusOr<size_t> Forward(std::span<uint8_t> in, BufferSequence& out);

  // Makes Forward return at the end of the chunk that it reads; called from OnMessage, that is
  // right after the message.
  void Stop() { stop_ = true; }

  // Writes the proxy's own message (header.length is ignored) as soon as the output is between two
  // chunks and no message is half sent on the chunk stream: now, or in a later Forward.
  // RESOURCE_EXHAUSTED: more than max_collected bytes wait. Not from inside the observer's calls.
  absl::Status Inject(const MessageHeader& header, std::span<const uint8_t> payload,
                      BufferSequence& out);

  // The receiver knows the sender's message stream `from` as `to`. from == to ends it.
  void MapStreamId(uint32_t from, uint32_t to);

  // Another sender continues: its chunk stream starts afresh. What the receiver got only half of is
  // filled up with zeros, or aborted when more than max_collected bytes are missing; what was held
  // is forgotten. Stream id mappings are cleared.
  void ResetInput(BufferSequence& out);

  // Another receiver continues, which knows nothing: the rest of messages that the former got half
  // of is dropped, and so is what waits to be injected. Stream id mappings are cleared.
  void ResetOutput();

  uint32_t input_chunk_size() const { return input_chunk_size_; }
  uint32_t output_chunk_size() const { return output_chunk_size_; }
  bool at_input_boundary() const;   // No chunk, and no message, is half read.
  bool at_output_boundary() const;  // No chunk is half written.

 private:
  static constexpr size_t kNone = SIZE_MAX;

  struct Input;        // Where a Forward stands.
  struct ChunkStream;  // What sender and receiver know of a chunk stream.
  struct Collected;    // A message, or its beginning, that is kept.
  struct Queued;       // A message that waits to be injected.

  absl::Status ForwardRange(Input& input);
  absl::Status ForwardCarried(Input& input);
  size_t ReadHeader(std::span<const uint8_t> bytes, ChunkHeader& header) const;
  absl::Status BeginChunk(const ChunkHeader& header, std::span<uint8_t> raw, Input& input);
  absl::Status StartMessage(const ChunkHeader& header, std::span<uint8_t> raw, Input& input);
  absl::Status TakePayload(std::span<const uint8_t> bytes, Input& input);
  absl::Status EndChunk(BufferSequence& out);
  absl::Status EndMessage(BufferSequence& out);

  void StartCollecting(ChunkStream& stream, const ChunkHeader& header,
                       std::span<const uint8_t> raw);
  absl::Status Collect(ChunkStream& stream, std::span<const uint8_t> bytes);
  void Release(ChunkStream& stream);
  absl::Status Follow(size_t index, BufferSequence& out);
  void ChangeChunkSize(uint32_t size);
  void AbortMessage(uint32_t chunk_stream_id);

  void WriteStartHeader(size_t index, std::span<uint8_t> raw, size_t basic_size, bool stable,
                        BufferSequence& out);
  void WriteCollected(size_t index, BufferSequence& out);
  void WriteOwn(const MessageHeader& header, std::span<const uint8_t> payload, BufferSequence& out);
  void WriteQueued(BufferSequence& out);
  void MatchChunkSizes(uint32_t remaining, BufferSequence& out);

  size_t FindStream(uint32_t id) const;
  bool HalfSent(uint32_t chunk_stream_id) const;
  uint32_t FreeControlStream() const;
  uint32_t MappedStreamId(uint32_t stream_id) const;
  absl::Status Fault(std::string_view what) const;

  Observer* observer_;
  Limits limits_;
  Side sender_;
  bool stop_ = false;
  uint8_t carried_size_ = 0;
  std::array<uint8_t, kMaxChunkHeaderSize> carried_;  // The beginning of a chunk header.
  uint32_t input_chunk_size_ = kDefaultChunkSize;
  uint32_t output_chunk_size_ = kDefaultChunkSize;
  uint32_t chunk_missing_ = 0;  // Payload bytes of the chunk being read that have not come yet.
  uint32_t collected_bytes_ = 0;
  uint32_t queued_bytes_ = 0;
  size_t current_ = 0;  // The chunk stream of the chunk being read.
  std::vector<ChunkStream> streams_;
  std::vector<std::pair<uint32_t, uint32_t>> stream_ids_;  // Sender's to receiver's.
  std::vector<Queued> queued_;
};

}  // namespace srsproxy::rtmp
