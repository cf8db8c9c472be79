#include "dataplane/protocol/rtmp/chunk_forwarder.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <absl/strings/str_cat.h>

namespace srsproxy::rtmp {
struct ChunkForwarder::Input {
  uint8_t* position;
  uint8_t* const end;
  const bool stable;  // The bytes outlive the Forward.
  BufferSequence& out;

  std::span<uint8_t> Take(size_t size) { return {std::exchange(position, position + size), size}; }
  size_t size() const { return static_cast<size_t>(end - position); }
};

ChunkForwarder::ChunkForwarder(Side sender, MessageObserver* observer)
    : ChunkForwarder(sender, observer, Limits()) {}

ChunkForwarder::ChunkForwarder(Side sender, MessageObserver* observer, Limits limits)
    : limits_(limits),
      sender_(sender),
      messages_(sender, observer, limits.max_collected, streams_, writer_) {}

absl::StatusOr<size_t> ChunkForwarder::Forward(std::span<uint8_t> in, BufferSequence& out) {
  stop_ = false;
  Input input{in.data(), in.data() + in.size(), true, out};
  while (carried_size_ > 0 && !stop_) {
    if (absl::Status status = ForwardCarried(input); !status.ok()) return status;
    if (input.size() == 0) break;
  }
  if (!stop_) {
    if (absl::Status status = ForwardRange(input); !status.ok()) return status;
  }
  return in.size() - input.size();
}

absl::Status ChunkForwarder::ForwardRange(Input& input) {
  while (input.size() > 0) {
    if (chunk_missing_ == 0) {
      ChunkHeader header;
      const size_t size = ReadHeader({input.position, input.size()}, header);
      if (size == 0) {
        carried_size_ = static_cast<uint8_t>(input.size());
        std::ranges::copy(input.Take(input.size()), carried_.begin());
        return absl::OkStatus();
      }
      absl::Status status = BeginChunk(header, input.Take(size), input);
      if (!status.ok()) return status;
    }
    if (const size_t size = std::min<size_t>(chunk_missing_, input.size()); size > 0) {
      chunk_missing_ -= static_cast<uint32_t>(size);
      absl::Status status = messages_.TakePayload(input.Take(size), input.stable, input.out);
      if (!status.ok()) return status;
    }
    if (chunk_missing_ == 0) {
      if (absl::Status status = EndChunk(input.out); !status.ok()) return status;
      if (stop_) break;
    }
  }
  return absl::OkStatus();
}

// Completes a header that was cut by the end of the former Forward.
absl::Status ChunkForwarder::ForwardCarried(Input& input) {
  ChunkHeader header;
  size_t size = ReadHeader({carried_.data(), carried_size_}, header);
  while (size == 0 && input.size() > 0) {
    carried_[carried_size_++] = input.Take(1).front();
    size = ReadHeader({carried_.data(), carried_size_}, header);
  }
  if (size == 0) return absl::OkStatus();

  // Bytes are left over when what might have been an extended timestamp turns out to be payload.
  std::array<uint8_t, kMaxChunkHeaderSize> bytes = carried_;
  Input rest{bytes.data(), bytes.data() + std::exchange(carried_size_, 0), false, input.out};
  const std::span<uint8_t> raw = rest.Take(size);
  absl::Status status;
  if (rest.size() == 0) {
    // The prefix of the payload is looked for behind the header.
    Input behind{input.position, input.end, false, input.out};
    status = BeginChunk(header, raw, behind);
  } else {
    status = BeginChunk(header, raw, rest);
  }
  if (status.ok() && chunk_missing_ == 0) status = EndChunk(input.out);
  if (status.ok() && !stop_) status = ForwardRange(rest);
  if (rest.size() > 0) {
    carried_size_ = static_cast<uint8_t>(rest.size());
    std::ranges::copy(rest.Take(rest.size()), carried_.begin());
  }
  return status;
}

// Returns the header's size, or 0 when `bytes` ends before it does.
size_t ChunkForwarder::ReadHeader(std::span<const uint8_t> bytes, ChunkHeader& header) const {
  const size_t size = ReadChunkHeader(bytes, header);
  if (size == 0 || header.format < 3) return size;
  const size_t index = streams_.Find(header.chunk_stream_id);
  if (index == ChunkStreams::kNone || !streams_[index].extended) return size;
  const std::optional<size_t> repeated =
      RepeatedTimestampSize(bytes.subspan(size), streams_[index]);
  if (!repeated.has_value()) return 0;
  header.extended = *repeated > 0;
  return size + *repeated;
}

// `raw` is the header; the payload follows at input.position, as far as it has come.
absl::Status ChunkForwarder::BeginChunk(const ChunkHeader& header, std::span<uint8_t> raw,
                                        Input& input) {
  size_t index = streams_.Find(header.chunk_stream_id);
  if (index == ChunkStreams::kNone) {
    if (streams_.size() >= limits_.max_chunk_streams) {
      return BrokenRtmp(
          sender_, absl::StrCat("it uses more than ", limits_.max_chunk_streams, " chunk streams (",
                                header.chunk_stream_id, " is one more)"));
    }
    index = streams_.Add(header.chunk_stream_id);
  }
  streams_.SetCurrent(index);
  const bool starts = streams_[index].missing == 0;
  if (!starts && header.format != 3) {
    return BrokenRtmp(
        sender_,
        absl::StrCat("a message starts on chunk stream ", header.chunk_stream_id, " while ",
                     streams_[index].missing, " bytes of the one before are missing"));
  }
  if (starts && !streams_[index].StartMessage(header)) {
    return BrokenRtmp(sender_, absl::StrCat("chunk stream ", header.chunk_stream_id,
                                            " starts with a header of format ", header.format,
                                            ", which has no length and type"));
  }
  if (!starts && streams_[index].half_sent) {
    writer_.MatchChunkSizes(streams_[index].missing, input.out);
  }
  const uint32_t left = starts ? streams_[index].length : streams_[index].missing;
  chunk_missing_ = std::min(streams_.input_chunk_size, left);
  streams_[index].missing = left - chunk_missing_;
  if (!starts) {
    messages_.Continue(header, raw, input.stable, input.out);
    return absl::OkStatus();
  }
  streams_[index].format = header.format;
  const size_t behind = std::min<size_t>(chunk_missing_, input.size());
  messages_.Start(header, raw, {input.position, behind}, input.stable, input.out);
  return absl::OkStatus();
}

absl::Status ChunkForwarder::EndChunk(BufferSequence& out) {
  if (streams_.current().missing == 0) {
    if (absl::Status status = messages_.End(out); !status.ok()) return status;
  }
  if (!writer_.queue_empty()) writer_.WriteQueued(out);
  return absl::OkStatus();
}

absl::Status ChunkForwarder::Inject(const MessageHeader& header, std::span<const uint8_t> payload,
                                    BufferSequence& out) {
  if (header.chunk_stream_id < kMinChunkStream || header.chunk_stream_id > kMaxChunkStream ||
      payload.size() > kMaxMessageLength) {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        absl::StrCat("RTMP has no chunk stream ", header.chunk_stream_id,
                                     ", or no messages of ", payload.size(), " bytes"));
  }
  if (writer_.queue_empty() && at_output_boundary() && !streams_.HalfSent(header.chunk_stream_id)) {
    writer_.WriteOwn(header, payload, out);
    return absl::OkStatus();
  }
  if (payload.size() > limits_.max_collected - writer_.queued_bytes()) {
    return Failure(sender_, absl::StatusCode::kResourceExhausted,
                   absl::StrCat("more than ", limits_.max_collected,
                                " bytes of the proxy's messages wait for the end of a message on "
                                "chunk stream ",
                                header.chunk_stream_id));
  }
  writer_.Queue(header, payload);
  return absl::OkStatus();
}

void ChunkForwarder::ResetInput(BufferSequence& out) {
  if (!at_output_boundary()) ChunkWriter::WriteZeros(chunk_missing_, out);
  for (size_t index = 0; index < streams_.size(); ++index) {
    if (streams_[index].half_sent) writer_.EndHalfSent(index, limits_.max_collected, out);
    ChunkStream& stream = streams_[index];
    messages_.Release(stream);
    const uint32_t id = stream.id;
    stream = ChunkStream();
    stream.id = id;
    stream.view = ChunkStream::View::kOther;
  }
  chunk_missing_ = 0;
  carried_size_ = 0;
  streams_.input_chunk_size = kDefaultChunkSize;
  writer_.ClearStreamIds();
  writer_.WriteQueued(out);
}

void ChunkForwarder::ResetOutput() {
  for (ChunkStream& stream : streams_) {
    stream.view = ChunkStream::View::kOther;
    if (!stream.half_sent) continue;
    stream.half_sent = false;
    stream.action = MessageAction::kDrop;
    messages_.Release(stream);
  }
  streams_.output_chunk_size = kDefaultChunkSize;
  writer_.ClearStreamIds();
  writer_.ClearQueue();
}

bool ChunkForwarder::at_input_boundary() const {
  return carried_size_ == 0 && chunk_missing_ == 0 &&
         std::ranges::all_of(streams_, [](const ChunkStream& s) { return s.missing == 0; });
}

bool ChunkForwarder::at_output_boundary() const {
  return chunk_missing_ == 0 || !streams_.current().half_sent;
}

}  // namespace srsproxy::rtmp
