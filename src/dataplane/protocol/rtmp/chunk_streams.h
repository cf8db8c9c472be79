// The chunk streams of one direction of an RTMP connection: what the sender and the receiver know
// of each, and the chunk size in which each of the two cuts. For ChunkForwarder and ChunkWriter.
// Source: RTMP 1.0 section 5.3.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/protocol/rtmp/chunk_header.h"
#include "dataplane/protocol/rtmp/message.h"
#include "dataplane/protocol/rtmp/message_action.h"

namespace srsproxy::rtmp {

// Of a message's payload; enough to read what a command is called.
inline constexpr uint32_t kMessagePrefixSize = 16;

// A message, or its beginning, that is kept.
struct CollectedMessage {
  std::vector<uint8_t> payload;
  std::array<uint8_t, kMaxChunkHeaderSize> header;        // The first chunk's, as it came.
  std::array<uint8_t, kMaxChunkHeaderSize> continuation;  // The last format 3 header, as it came.
  uint8_t header_size = 0;
  uint8_t basic_size = 0;
  uint8_t continuation_size = 0;  // 0: there was none yet.
  bool recut = false;             // The chunk size has changed since the message started.
};

// `id` and the last message, as the sender wrote it; and how that goes on.
struct ChunkStream : ChunkStreamState {
  // What the receiver knows of the last message's header, compared with what the sender thinks.
  enum class View : uint8_t { kSame, kOtherDelta, kOther };
  // How the current message's first header was changed.
  enum class Rewrite : uint8_t { kNone, kFull, kDelta };

  uint32_t missing = 0;  // Payload bytes in chunks that have not started.
  MessageAction action = MessageAction::kPass;
  View view = View::kSame;
  Rewrite rewrite = Rewrite::kNone;
  uint8_t format = 0;      // Of the message's first chunk.
  bool undecided = false;  // Collecting the prefix for OnMessageStart.
  bool half_sent = false;  // The message's beginning went out as it came; so does the rest.
  std::unique_ptr<CollectedMessage> collected;

  uint32_t prefix_size() const { return std::min(length, kMessagePrefixSize); }

  // The timestamp field of the header that the receiver got, and whether it was extended.
  uint32_t SentTimestamp() const { return rewrite == Rewrite::kFull ? timestamp : delta; }
  bool SentExtended() const {
    return rewrite == Rewrite::kNone || (rewrite == Rewrite::kDelta && extended)
               ? extended
               : SentTimestamp() >= kExtendedTimestamp;
  }

  // The format 3 header that goes before further chunks of a message; `basic` as in
  // ChunkHeaderWriter.
  template <typename Basic>
  ChunkHeaderWriter Continuation(Basic basic) const {
    ChunkHeaderWriter header(3, basic);
    if (SentExtended()) header.Extended(SentTimestamp());
    return header;
  }
};

// Used by one thread.
class ChunkStreams {
 public:
  static constexpr size_t kNone = SIZE_MAX;

  size_t size() const { return streams_.size(); }
  ChunkStream& operator[](size_t index) { return streams_[index]; }
  const ChunkStream& operator[](size_t index) const { return streams_[index]; }
  auto begin() { return streams_.begin(); }
  auto end() { return streams_.end(); }
  auto begin() const { return streams_.begin(); }
  auto end() const { return streams_.end(); }

  // The index of chunk stream `id`, or kNone. Indices stay, references do not: Add ends them.
  size_t Find(uint32_t id) const;
  size_t Add(uint32_t id);

  // The one whose chunk is being read; kNone at first.
  size_t current_index() const { return current_; }
  void SetCurrent(size_t index) { current_ = index; }
  ChunkStream& current() { return streams_[current_]; }
  const ChunkStream& current() const { return streams_[current_]; }

  // Whether the receiver has got a message's beginning there, as it came, and not its end.
  bool HalfSent(uint32_t id) const;
  // Where the proxy may write a control message: the usual one, unless half a message is there.
  uint32_t FreeControlStream() const;

  uint32_t input_chunk_size = kDefaultChunkSize;   // The sender's.
  uint32_t output_chunk_size = kDefaultChunkSize;  // As the receiver knows it.

 private:
  size_t current_ = kNone;
  std::vector<ChunkStream> streams_;
};

// ---- Once for each chunk of media: inline.

inline size_t ChunkStreams::Find(uint32_t id) const {
  if (current_ < streams_.size() && streams_[current_].id == id) return current_;
  for (size_t index = 0; index < streams_.size(); ++index) {
    if (streams_[index].id == id) return index;
  }
  return kNone;
}

}  // namespace srsproxy::rtmp
