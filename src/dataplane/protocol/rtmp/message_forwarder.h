// What becomes of each message of one direction: asks the observer when a message starts, lets it
// through, or keeps it until it is whole.
// Source: RTMP 1.0 sections 5.4.1 (SetChunkSize) and 5.4.2 (Abort), which it follows itself.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/chunk_header.h"
#include "dataplane/protocol/rtmp/chunk_streams.h"
#include "dataplane/protocol/rtmp/chunk_writer.h"
#include "dataplane/protocol/rtmp/message.h"
#include "dataplane/protocol/rtmp/message_action.h"

namespace srsproxy::rtmp {

class MessageObserver {
 public:
  virtual ~MessageObserver() = default;

  // A message starts. `header` is as the sender wrote it (its stream id, not the mapped one). For
  // command, data and user control messages `prefix` is the payload's first min(length, 16)
  // bytes, and nothing of the message has gone out yet; for all other types it is empty.
  virtual MessageAction OnMessageStart(const MessageHeader& header,
                                       std::span<const uint8_t> prefix) = 0;

  // A message that was shown, held or consumed is complete. `payload` lives until the call
  // returns. Changes to it, and the decision, count only for kHold.
  virtual Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) = 0;
};

// INVALID_ARGUMENT, with `sender` at fault.
absl::Status BrokenRtmp(Side sender, std::string_view what);

// A part of ChunkForwarder, which reads the chunks. Used by one thread.
class MessageForwarder {
 public:
  // All outlive it, the observer its use. `max_collected`: bytes kept of all messages together.
  MessageForwarder(Side sender, MessageObserver* observer, uint32_t max_collected,
                   ChunkStreams& streams, ChunkWriter& writer)
      : sender_(sender),
        max_collected_(max_collected),
        observer_(observer),
        streams_(streams),
        writer_(writer) {}
  MessageForwarder(const MessageForwarder&) = delete;
  MessageForwarder& operator=(const MessageForwarder&) = delete;

  void SetObserver(MessageObserver& observer) { observer_ = &observer; }

  // ---- The message of streams.current(). `raw` is a chunk's header as it came, and may be
  // changed; `stable`: the bytes outlive `out`. Errors as BrokenRtmp.

  // `behind`: what has come of the first chunk's payload; it is given to TakePayload afterwards.
  void Start(const ChunkHeader& header, std::span<uint8_t> raw, std::span<const uint8_t> behind,
             bool stable, BufferSequence& out);
  // Another chunk of it begins.
  void Continue(const ChunkHeader& header, std::span<const uint8_t> raw, bool stable,
                BufferSequence& out);
  absl::Status TakePayload(std::span<const uint8_t> bytes, bool stable, BufferSequence& out);
  absl::Status End(BufferSequence& out);

  // Forgets what is kept of a message.
  void Release(ChunkStream& stream);

 private:
  void StartCollecting(const ChunkHeader& header, std::span<const uint8_t> raw);
  absl::Status TakeKeptPayload(std::span<const uint8_t> bytes, bool stable, BufferSequence& out);
  absl::Status EndKept(BufferSequence& out);
  absl::Status Collect(ChunkStream& stream, std::span<const uint8_t> bytes);
  absl::Status FollowControl(size_t index, BufferSequence& out);
  void ChangeChunkSize(uint32_t size);
  void AbortMessage(uint32_t chunk_stream_id);

  const Side sender_;
  const uint32_t max_collected_;
  MessageObserver* observer_;
  ChunkStreams& streams_;
  ChunkWriter& writer_;
  uint32_t collected_bytes_ = 0;
};

// ---- Once for each chunk of media: inline.

inline void MessageForwarder::Continue(const ChunkHeader& header, std::span<const uint8_t> raw,
                                       bool stable, BufferSequence& out) {
  const ChunkStream& stream = streams_.current();
  if (stream.half_sent) {
    if (stream.rewrite == ChunkStream::Rewrite::kNone) {
      stable ? out.AppendView(raw) : out.AppendCopy(raw);
    } else {
      out.AppendCopy(stream.Continuation(raw.first(header.basic_size)).bytes());
    }
  } else if (stream.collected != nullptr) {
    std::ranges::copy(raw, stream.collected->continuation.begin());
    stream.collected->continuation_size = static_cast<uint8_t>(raw.size());
  }
}

inline absl::Status MessageForwarder::TakePayload(std::span<const uint8_t> bytes, bool stable,
                                                  BufferSequence& out) {
  const ChunkStream& stream = streams_.current();
  if (stream.collected != nullptr) return TakeKeptPayload(bytes, stable, out);
  if (stream.half_sent) stable ? out.AppendView(bytes) : out.AppendCopy(bytes);
  return absl::OkStatus();
}

inline absl::Status MessageForwarder::End(BufferSequence& out) {
  ChunkStream& stream = streams_.current();
  if (stream.collected != nullptr) return EndKept(out);
  stream.half_sent = false;
  return absl::OkStatus();
}

}  // namespace srsproxy::rtmp
