// Writes one direction's chunks as the receiver has to get them: headers that it can read, in a
// chunk size that it knows, and messages of the proxy's own between those of the sender.
// Source: RTMP 1.0 sections 5.3.1 and 5.4.1.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/protocol/rtmp/chunk_streams.h"
#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

// Used by one thread. A call that gets an index may add chunk streams: references to them end.
class ChunkWriter {
 public:
  explicit ChunkWriter(ChunkStreams& streams) : streams_(streams) {}  // Outlive it.
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  // The header that starts the message of streams[index]: `raw` as it came, or another that means
  // the same to the receiver. `raw` may be changed; `stable`: it outlives `out`.
  void StartMessage(size_t index, std::span<uint8_t> raw, size_t basic_size, bool stable,
                    BufferSequence& out);
  // The message that is collected there, or as much of it as has come.
  void WriteCollected(size_t index, BufferSequence& out);
  // A message of the proxy's own (header.length is ignored).
  void WriteOwn(const MessageHeader& header, std::span<const uint8_t> payload, BufferSequence& out);
  // Before a chunk of a message of which `remaining` bytes are still to be sent.
  void MatchChunkSizes(uint32_t remaining, BufferSequence& out) {
    if (streams_.input_chunk_size == streams_.output_chunk_size ||
        remaining <= std::min(streams_.input_chunk_size, streams_.output_chunk_size)) {
      return;
    }
    WriteChunkSize(out);
  }
  // Ends the message of streams[index] that was half sent, as nothing more of it comes: with zeros,
  // or with an Abort when more than `max_zeros` bytes are missing.
  void EndHalfSent(size_t index, uint32_t max_zeros, BufferSequence& out);
  static void WriteZeros(size_t size, BufferSequence& out);

  // ---- Own messages that wait until no message is half sent on their chunk stream.

  void Queue(const MessageHeader& header, std::span<const uint8_t> payload);
  void WriteQueued(BufferSequence& out);
  void ClearQueue();
  size_t queued_bytes() const { return queued_bytes_; }
  bool queue_empty() const { return queued_.empty(); }

  // The receiver knows the sender's message stream `from` as `to`. from == to ends it.
  void MapStreamId(uint32_t from, uint32_t to);
  void ClearStreamIds() { stream_ids_.clear(); }

 private:
  struct Queued {
    MessageHeader header;
    std::vector<uint8_t> payload;
  };

  void WriteChunkSize(BufferSequence& out);
  uint32_t MappedStreamId(uint32_t stream_id) const;

  ChunkStreams& streams_;
  std::vector<std::pair<uint32_t, uint32_t>> stream_ids_;  // Sender's to receiver's.
  std::vector<Queued> queued_;
  size_t queued_bytes_ = 0;
};

}  // namespace srsproxy::rtmp
