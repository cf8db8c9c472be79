#include "dataplane/protocol/rtmp/chunk_writer.h"

#include <algorithm>

#include "dataplane/protocol/rtmp/big_endian.h"
#include "dataplane/protocol/rtmp/chunk_header.h"

namespace srsproxy::rtmp {
namespace {

constexpr uint8_t kZeros[4096] = {};

// Writes `payload` in chunks of `chunk_size`, the first of which has its header already.
void WriteChunks(std::span<const uint8_t> payload, uint32_t chunk_size,
                 std::span<const uint8_t> continuation, BufferSequence& out) {
  for (size_t at = 0; at < payload.size(); at += chunk_size) {
    if (at > 0) out.AppendCopy(continuation);
    out.AppendCopy(payload.subspan(at, std::min<size_t>(chunk_size, payload.size() - at)));
  }
}

}  // namespace

void ChunkWriter::StartMessage(size_t index, std::span<uint8_t> raw, size_t basic_size, bool stable,
                               BufferSequence& out) {
  using View = ChunkStream::View;
  using Rewrite = ChunkStream::Rewrite;
  MatchChunkSizes(streams_[index].length, out);
  ChunkStream& stream = streams_[index];
  stream.half_sent = true;
  stream.rewrite = Rewrite::kNone;
  if (stream.format != 0) {
    if (stream.view == View::kOther) {
      stream.rewrite = Rewrite::kFull;
    } else if (stream.view == View::kOtherDelta && stream.format == 3) {
      stream.rewrite = Rewrite::kDelta;
    }
  }
  stream.view = stream.rewrite == Rewrite::kFull ? View::kOtherDelta : View::kSame;

  if (stream.rewrite == Rewrite::kNone) {
    if (stream.format == 0 && !stream_ids_.empty()) {
      WriteStreamId(raw.data() + basic_size + kStreamIdOffset, MappedStreamId(stream.stream_id));
    }
    stable ? out.AppendView(raw) : out.AppendCopy(raw);
    return;
  }
  const bool full = stream.rewrite == Rewrite::kFull;
  ChunkHeaderWriter header(full ? 0 : 2, raw.first(basic_size));
  header.Timestamp(stream.SentTimestamp(), stream.SentExtended());
  if (full) {
    header.LengthAndType(stream.length, stream.type);
    header.StreamId(MappedStreamId(stream.stream_id));
  }
  if (stream.SentExtended()) header.Extended(stream.SentTimestamp());
  out.AppendCopy(header.bytes());
}

void ChunkWriter::WriteCollected(size_t index, BufferSequence& out) {
  CollectedMessage& collected = *streams_[index].collected;
  StartMessage(index, {collected.header.data(), collected.header_size}, collected.basic_size, false,
               out);
  const ChunkStream& stream = streams_[index];
  const std::span<const uint8_t> header = collected.header;
  ChunkHeaderWriter continuation = stream.Continuation(header.first(collected.basic_size));
  std::span<const uint8_t> bytes = continuation.bytes();
  if (stream.rewrite == ChunkStream::Rewrite::kNone && collected.continuation_size > 0) {
    bytes = {collected.continuation.data(), collected.continuation_size};
  }
  WriteChunks(collected.payload, streams_.output_chunk_size, bytes, out);
}

void ChunkWriter::WriteOwn(const MessageHeader& header, std::span<const uint8_t> payload,
                           BufferSequence& out) {
  const bool extended = header.timestamp >= kExtendedTimestamp;
  ChunkHeaderWriter start(0, header.chunk_stream_id);
  ChunkHeaderWriter continuation(3, header.chunk_stream_id);
  start.Timestamp(header.timestamp, extended);
  start.LengthAndType(static_cast<uint32_t>(payload.size()), header.type);
  start.StreamId(header.stream_id);
  if (extended) {
    start.Extended(header.timestamp);
    continuation.Extended(header.timestamp);
  }
  out.AppendCopy(start.bytes());
  WriteChunks(payload, streams_.output_chunk_size, continuation.bytes(), out);
  if (header.type == MessageType::kSetChunkSize && payload.size() >= 4) {
    streams_.output_chunk_size = ReadU32(payload.data());
  }

  size_t index = streams_.Find(header.chunk_stream_id);
  if (index == ChunkStreams::kNone) index = streams_.Add(header.chunk_stream_id);
  streams_[index].view = ChunkStream::View::kOther;
}

void ChunkWriter::WriteChunkSize(BufferSequence& out) {
  uint8_t payload[4];
  WriteU32(payload, streams_.input_chunk_size);
  WriteOwn({.chunk_stream_id = streams_.FreeControlStream(), .type = MessageType::kSetChunkSize},
           payload, out);
}

void ChunkWriter::EndHalfSent(size_t index, uint32_t max_zeros, BufferSequence& out) {
  if (streams_[index].missing > max_zeros) {
    uint8_t payload[4];
    WriteU32(payload, streams_[index].id);
    WriteOwn({.chunk_stream_id = streams_.FreeControlStream(), .type = MessageType::kAbort},
             payload, out);
    streams_[index].missing = 0;
  }
  ChunkStream& stream = streams_[index];
  while (stream.missing > 0) {
    const uint32_t size = std::min(streams_.output_chunk_size, stream.missing);
    out.AppendCopy(stream.Continuation(stream.id).bytes());
    WriteZeros(size, out);
    stream.missing -= size;
  }
}

void ChunkWriter::WriteZeros(size_t size, BufferSequence& out) {
  for (; size > 0; size -= std::min(size, sizeof kZeros)) {
    out.AppendView(std::span(kZeros).first(std::min(size, sizeof kZeros)));
  }
}

// ---- The queue

void ChunkWriter::Queue(const MessageHeader& header, std::span<const uint8_t> payload) {
  queued_bytes_ += payload.size();
  queued_.push_back({header, {payload.begin(), payload.end()}});
}

void ChunkWriter::WriteQueued(BufferSequence& out) {
  size_t written = 0;
  for (; written < queued_.size(); ++written) {
    const Queued& queued = queued_[written];
    if (streams_.HalfSent(queued.header.chunk_stream_id)) break;
    WriteOwn(queued.header, queued.payload, out);
    queued_bytes_ -= queued.payload.size();
  }
  queued_.erase(queued_.begin(), queued_.begin() + static_cast<ptrdiff_t>(written));
}

void ChunkWriter::ClearQueue() {
  queued_.clear();
  queued_bytes_ = 0;
}

// ---- Stream ids

void ChunkWriter::MapStreamId(uint32_t from, uint32_t to) {
  if (MappedStreamId(from) == to) return;
  std::erase_if(stream_ids_, [from](const auto& pair) { return pair.first == from; });
  if (from != to) stream_ids_.emplace_back(from, to);
  for (ChunkStream& stream : streams_) {
    if (stream.stream_id == from) stream.view = ChunkStream::View::kOther;
  }
}

uint32_t ChunkWriter::MappedStreamId(uint32_t stream_id) const {
  for (const auto& [from, to] : stream_ids_) {
    if (from == stream_id) return to;
  }
  return stream_id;
}

}  // namespace srsproxy::rtmp
