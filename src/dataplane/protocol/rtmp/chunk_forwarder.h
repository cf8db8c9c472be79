// Follows the chunk stream of one direction of an RTMP connection and passes it on.
// Source: RTMP 1.0 section 5.3 (chunking) and 5.4 (protocol control messages).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/chunk_header.h"
#include "dataplane/protocol/rtmp/chunk_streams.h"
#include "dataplane/protocol/rtmp/chunk_writer.h"
#include "dataplane/protocol/rtmp/message.h"
#include "dataplane/protocol/rtmp/message_forwarder.h"

namespace srsproxy::rtmp {

// Reads chunks from `in` at any split, and writes what the receiver gets: the same bytes, save
//  - the message stream id, as MapStreamId sets;
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
// receiver is sent one before a chunk that it would cut differently. An extended timestamp on a
// format 3 chunk is found by comparison with what it would have to be. Only what is shown, held or
// consumed is copied, and only while it lasts. Used by one thread.
class ChunkForwarder {
 public:
  struct Limits {
    uint32_t max_collected = 64 * 1024;  // Bytes kept of messages shown, held, consumed or queued.
    uint16_t max_chunk_streams = 64;
  };

  // `sender` is at fault in errors. `observer` outlives the forwarder's use
  // of it, and is there before the first Forward.
  // Inside the observer's calls only Stop and MapStreamId may be called on this forwarder.
  ChunkForwarder(Side sender, MessageObserver* observer);
  ChunkForwarder(Side sender, MessageObserver* observer, Limits limits);
  ChunkForwarder(const ChunkForwarder&) = delete;
  ChunkForwarder& operator=(const ChunkForwarder&) = delete;

  // Another observer decides from the next call on.
  void SetObserver(MessageObserver& observer) { messages_.SetObserver(observer); }

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
  void MapStreamId(uint32_t from, uint32_t to) { writer_.MapStreamId(from, to); }

  // Another sender continues: its chunk stream starts afresh. What the receiver got only half of is
  // filled up with zeros, or aborted when more than max_collected bytes are missing; what was held
  // is forgotten. Stream id mappings are cleared.
  void ResetInput(BufferSequence& out);

  // Another receiver continues, which knows nothing: the rest of messages that the former got half
  // of is dropped, and so is what waits to be injected. Stream id mappings are cleared.
  void ResetOutput();

  uint32_t input_chunk_size() const { return streams_.input_chunk_size; }
  uint32_t output_chunk_size() const { return streams_.output_chunk_size; }
  bool at_input_boundary() const;   // No chunk, and no message, is half read.
  bool at_output_boundary() const;  // No chunk is half written.

 private:
  struct Input;  // Where a Forward stands.

  absl::Status ForwardRange(Input& input);
  absl::Status ForwardCarried(Input& input);
  size_t ReadHeader(std::span<const uint8_t> bytes, ChunkHeader& header) const;
  absl::Status BeginChunk(const ChunkHeader& header, std::span<uint8_t> raw, Input& input);
  absl::Status EndChunk(BufferSequence& out);

  const Limits limits_;
  const Side sender_;
  bool stop_ = false;
  uint8_t carried_size_ = 0;
  std::array<uint8_t, kMaxChunkHeaderSize> carried_;  // The beginning of a chunk header.
  uint32_t chunk_missing_ = 0;  // Payload bytes of the chunk being read that have not come yet.
  ChunkStreams streams_;
  ChunkWriter writer_{streams_};
  MessageForwarder messages_;
};

}  // namespace srsproxy::rtmp
