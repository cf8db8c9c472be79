#include "dataplane/protocol/rtmp/chunk_forwarder.h"

#include <algorithm>
#include <optional>

#include <absl/strings/str_cat.h>

#include "dataplane/protocol/rtmp/big_endian.h"

namespace srsproxy::rtmp {
namespace {

constexpr uint32_t kPrefixSize = 16;

constexpr uint8_t kZeros[4096] = {};

bool HasPrefix(MessageType type) {
  return IsCommand(type) || IsData(type) || type == MessageType::kUserControl;
}

// Followed by the forwarder itself: the receiver must get it whole, and must get it.
bool IsFollowed(MessageType type) {
  return type == MessageType::kSetChunkSize || type == MessageType::kAbort;
}

// Writes `payload` in chunks of `chunk_size`, the first of which has its header already.
void WriteChunks(std::span<const uint8_t> payload, uint32_t chunk_size,
                 std::span<const uint8_t> continuation, BufferSequence& out) {
  for (size_t at = 0; at < payload.size(); at += chunk_size) {
    if (at > 0) out.AppendCopy(continuation);
    out.AppendCopy(payload.subspan(at, std::min<size_t>(chunk_size, payload.size() - at)));
  }
}

}  // namespace

struct ChunkForwarder::Input {
  uint8_t* position;
  uint8_t* const end;
  const bool stable;  // The bytes outlive the Forward.
  BufferSequence& out;

  void Pass(std::span<const uint8_t> bytes) const {
    stable ? out.AppendView(bytes) : out.AppendCopy(bytes);
  }
  std::span<uint8_t> Take(size_t size) { return {std::exchange(position, position + size), size}; }
  size_t size() const { return static_cast<size_t>(end - position); }
};

struct ChunkForwarder::Collected {
  std::vector<uint8_t> payload;
  std::array<uint8_t, kMaxChunkHeaderSize> header;        // The first chunk's, as it came.
  std::array<uint8_t, kMaxChunkHeaderSize> continuation;  // The last format 3 header, as it came.
  uint8_t header_size = 0;
  uint8_t basic_size = 0;
  uint8_t continuation_size = 0;  // 0: there was none yet.
  bool recut = false;             // The chunk size has changed since the message started.
};

// `id` and the last message, as the sender wrote it; and how that goes on.
struct ChunkForwarder::ChunkStream : ChunkStreamState {
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
  std::unique_ptr<Collected> collected;

  uint32_t prefix_size() const { return std::min(length, kPrefixSize); }

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

struct ChunkForwarder::Queued {
  MessageHeader header;
  std::vector<uint8_t> payload;
};

ChunkForwarder::ChunkForwarder(Side sender, Observer* observer)
    : ChunkForwarder(sender, observer, Limits()) {}

ChunkForwarder::ChunkForwarder(Side sender, Observer* observer, Limits limits)
    : observer_(observer), limits_(limits), sender_(sender) {}

ChunkForwarder::ChunkForwarder(ChunkForwarder&&) noexcept = default;
ChunkForwarder::~ChunkForwarder() = default;

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
      absl::Status status = TakePayload(input.Take(size), input);
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
  const size_t index = FindStream(header.chunk_stream_id);
  if (index == kNone || !streams_[index].extended) return size;
  const std::optional<size_t> repeated =
      RepeatedTimestampSize(bytes.subspan(size), streams_[index]);
  if (!repeated.has_value()) return 0;
  header.extended = *repeated > 0;
  return size + *repeated;
}

// `raw` is the header; the payload follows at input.position, as far as it has come.
absl::Status ChunkForwarder::BeginChunk(const ChunkHeader& header, std::span<uint8_t> raw,
                                        Input& input) {
  current_ = FindStream(header.chunk_stream_id);
  if (current_ == kNone) {
    if (streams_.size() >= limits_.max_chunk_streams) {
      return Fault(absl::StrCat("it uses more than ", limits_.max_chunk_streams, " chunk streams (",
                                header.chunk_stream_id, " is one more)"));
    }
    current_ = streams_.size();
    streams_.emplace_back().id = header.chunk_stream_id;
  }
  if (streams_[current_].missing == 0) return StartMessage(header, raw, input);

  if (header.format != 3) {
    return Fault(absl::StrCat("a message starts on chunk stream ", header.chunk_stream_id,
                              " while ", streams_[current_].missing,
                              " bytes of the one before are missing"));
  }
  if (streams_[current_].half_sent) MatchChunkSizes(streams_[current_].missing, input.out);
  ChunkStream& stream = streams_[current_];
  chunk_missing_ = std::min(input_chunk_size_, stream.missing);
  stream.missing -= chunk_missing_;
  if (stream.half_sent) {
    if (stream.rewrite == ChunkStream::Rewrite::kNone) {
      input.Pass(raw);
    } else {
      const std::span<const uint8_t> basic = raw.first(header.basic_size);
      input.out.AppendCopy(stream.Continuation(basic).bytes());
    }
  } else if (stream.collected != nullptr) {
    std::ranges::copy(raw, stream.collected->continuation.begin());
    stream.collected->continuation_size = static_cast<uint8_t>(raw.size());
  }
  return absl::OkStatus();
}

absl::Status ChunkForwarder::StartMessage(const ChunkHeader& header, std::span<uint8_t> raw,
                                          Input& input) {
  ChunkStream& stream = streams_[current_];
  if (!stream.StartMessage(header)) {
    return Fault(absl::StrCat("chunk stream ", stream.id, " starts with a header of format ",
                              header.format, ", which has no length and type"));
  }
  stream.format = header.format;
  chunk_missing_ = std::min(input_chunk_size_, stream.length);
  stream.missing = stream.length - chunk_missing_;

  if (IsFollowed(stream.type)) {
    const bool dropped = observer_->OnMessageStart(stream.Header(), {}) == MessageAction::kDrop &&
                         stream.type == MessageType::kSetChunkSize;
    stream.action = dropped ? MessageAction::kDrop : MessageAction::kPass;
    StartCollecting(stream, header, raw);
    return absl::OkStatus();
  }
  const size_t prefix_size = HasPrefix(stream.type) ? stream.prefix_size() : 0;
  if (std::min<size_t>(chunk_missing_, input.size()) < prefix_size) {
    stream.undecided = true;
    StartCollecting(stream, header, raw);
    return absl::OkStatus();
  }
  stream.action = observer_->OnMessageStart(stream.Header(), {input.position, prefix_size});
  switch (stream.action) {
    case MessageAction::kPass:
      WriteStartHeader(current_, raw, header.basic_size, input.stable, input.out);
      break;
    case MessageAction::kPassAndShow:
      WriteStartHeader(current_, raw, header.basic_size, input.stable, input.out);
      StartCollecting(streams_[current_], header, raw);
      break;
    case MessageAction::kHold:
      StartCollecting(stream, header, raw);
      break;
    case MessageAction::kConsume:
      stream.view = ChunkStream::View::kOther;
      StartCollecting(stream, header, raw);
      break;
    case MessageAction::kDrop:
      stream.view = ChunkStream::View::kOther;
      break;
  }
  return absl::OkStatus();
}

absl::Status ChunkForwarder::TakePayload(std::span<const uint8_t> bytes, Input& input) {
  if (ChunkStream& stream = streams_[current_]; stream.undecided) {
    const size_t wanted = stream.prefix_size() - stream.collected->payload.size();
    const std::span<const uint8_t> taken = bytes.first(std::min(bytes.size(), wanted));
    if (absl::Status status = Collect(stream, taken); !status.ok()) return status;
    bytes = bytes.subspan(taken.size());
    if (taken.size() < wanted) return absl::OkStatus();

    stream.undecided = false;
    stream.action = observer_->OnMessageStart(stream.Header(), stream.collected->payload);
    switch (stream.action) {
      case MessageAction::kPass:
      case MessageAction::kPassAndShow:
        // What was cut at two chunk sizes waits for the rest, to be cut anew.
        if (!stream.collected->recut) WriteCollected(current_, input.out);
        break;
      case MessageAction::kHold:
        break;
      case MessageAction::kConsume:
        stream.view = ChunkStream::View::kOther;
        break;
      case MessageAction::kDrop:
        stream.view = ChunkStream::View::kOther;
        Release(stream);
        break;
    }
  }
  ChunkStream& stream = streams_[current_];
  if (stream.half_sent) {
    input.Pass(bytes);
    if (stream.action == MessageAction::kPass) Release(stream);
  }
  return stream.collected == nullptr ? absl::OkStatus() : Collect(stream, bytes);
}

absl::Status ChunkForwarder::EndChunk(BufferSequence& out) {
  if (streams_[current_].missing == 0) {
    if (absl::Status status = EndMessage(out); !status.ok()) return status;
  }
  if (!queued_.empty()) WriteQueued(out);
  return absl::OkStatus();
}

absl::Status ChunkForwarder::EndMessage(BufferSequence& out) {
  const size_t index = current_;
  if (streams_[index].collected == nullptr) {
    streams_[index].half_sent = false;
    return absl::OkStatus();
  }
  const MessageHeader header = streams_[index].Header();
  const std::span<uint8_t> payload = streams_[index].collected->payload;
  absl::Status status;
  switch (streams_[index].action) {
    case MessageAction::kPass:
      if (IsFollowed(header.type)) {
        status = Follow(index, out);
      } else {
        WriteCollected(index, out);
      }
      break;
    case MessageAction::kPassAndShow:
      if (!streams_[index].half_sent) WriteCollected(index, out);
      observer_->OnMessage(header, payload);
      break;
    case MessageAction::kHold:
      if (observer_->OnMessage(header, payload) == Decision::kForward) {
        WriteCollected(index, out);
      } else {
        streams_[index].view = ChunkStream::View::kOther;
      }
      break;
    case MessageAction::kConsume:
      observer_->OnMessage(header, payload);
      break;
    case MessageAction::kDrop:
      if (IsFollowed(header.type)) status = Follow(index, out);
      break;
  }
  streams_[index].half_sent = false;
  Release(streams_[index]);
  return status;
}

void ChunkForwarder::StartCollecting(ChunkStream& stream, const ChunkHeader& header,
                                     std::span<const uint8_t> raw) {
  stream.collected = std::make_unique<Collected>();
  std::ranges::copy(raw, stream.collected->header.begin());
  stream.collected->header_size = static_cast<uint8_t>(raw.size());
  stream.collected->basic_size = header.basic_size;
}

absl::Status ChunkForwarder::Collect(ChunkStream& stream, std::span<const uint8_t> bytes) {
  if (bytes.size() > limits_.max_collected - collected_bytes_) {
    return Fault(absl::StrCat("a message of type ", static_cast<int>(stream.type), " and ",
                              stream.length, " bytes is longer than it may be (",
                              limits_.max_collected, " bytes for all that are read whole)"));
  }
  collected_bytes_ += static_cast<uint32_t>(bytes.size());
  std::vector<uint8_t>& payload = stream.collected->payload;
  payload.insert(payload.end(), bytes.begin(), bytes.end());
  return absl::OkStatus();
}

void ChunkForwarder::Release(ChunkStream& stream) {
  if (stream.collected == nullptr) return;
  collected_bytes_ -= static_cast<uint32_t>(stream.collected->payload.size());
  stream.collected.reset();
}

// Passes on a SetChunkSize or Abort, unless it is dropped, and does what it says.
absl::Status ChunkForwarder::Follow(size_t index, BufferSequence& out) {
  const MessageType type = streams_[index].type;
  const std::span<const uint8_t> payload = streams_[index].collected->payload;
  if (payload.size() < 4) {
    return Fault(absl::StrCat("a ", ToAbsl(MessageTypeName(type)), " message has ", payload.size(),
                              " bytes, not 4"));
  }
  const uint32_t value = ReadU32(payload.data());
  if (type == MessageType::kSetChunkSize && (value == 0 || value > kMaxChunkSize)) {
    return Fault(absl::StrCat("it sets its chunk size to ", value, "; 1 to ", kMaxChunkSize,
                              " are allowed"));
  }
  if (streams_[index].action == MessageAction::kDrop) {
    streams_[index].view = ChunkStream::View::kOther;
  } else {
    WriteCollected(index, out);
    if (type == MessageType::kSetChunkSize) output_chunk_size_ = value;
  }
  type == MessageType::kSetChunkSize ? ChangeChunkSize(value) : AbortMessage(value);
  return absl::OkStatus();
}

void ChunkForwarder::ChangeChunkSize(uint32_t size) {
  if (std::exchange(input_chunk_size_, size) == size) return;
  for (ChunkStream& stream : streams_) {
    if (stream.collected != nullptr) stream.collected->recut = true;
  }
}

void ChunkForwarder::AbortMessage(uint32_t chunk_stream_id) {
  const size_t index = FindStream(chunk_stream_id);
  if (index == kNone || streams_[index].missing == 0) return;
  ChunkStream& stream = streams_[index];
  if (!stream.half_sent) stream.view = ChunkStream::View::kOther;
  stream.missing = 0;
  stream.undecided = false;
  stream.half_sent = false;
  Release(stream);
}

// `raw` may be changed; it outlives the Forward when `stable`.
void ChunkForwarder::WriteStartHeader(size_t index, std::span<uint8_t> raw, size_t basic_size,
                                      bool stable, BufferSequence& out) {
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

// Writes a collected message, or as much of it as has come.
void ChunkForwarder::WriteCollected(size_t index, BufferSequence& out) {
  Collected& collected = *streams_[index].collected;
  WriteStartHeader(index, {collected.header.data(), collected.header_size}, collected.basic_size,
                   false, out);
  const ChunkStream& stream = streams_[index];
  const std::span<const uint8_t> header = collected.header;
  ChunkHeaderWriter continuation = stream.Continuation(header.first(collected.basic_size));
  std::span<const uint8_t> bytes = continuation.bytes();
  if (stream.rewrite == ChunkStream::Rewrite::kNone && collected.continuation_size > 0) {
    bytes = {collected.continuation.data(), collected.continuation_size};
  }
  WriteChunks(collected.payload, output_chunk_size_, bytes, out);
}

absl::Status ChunkForwarder::Inject(const MessageHeader& header, std::span<const uint8_t> payload,
                                    BufferSequence& out) {
  if (header.chunk_stream_id < kMinChunkStream || header.chunk_stream_id > kMaxChunkStream ||
      payload.size() > kMaxMessageLength) {
    return ProxyFailure(absl::StatusCode::kInvalidArgument,
                        absl::StrCat("RTMP has no chunk stream ", header.chunk_stream_id,
                                     ", or no messages of ", payload.size(), " bytes"));
  }
  if (queued_.empty() && at_output_boundary() && !HalfSent(header.chunk_stream_id)) {
    WriteOwn(header, payload, out);
    return absl::OkStatus();
  }
  if (payload.size() > limits_.max_collected - queued_bytes_) {
    return Failure(sender_, absl::StatusCode::kResourceExhausted,
                   absl::StrCat("more than ", limits_.max_collected,
                                " bytes of the proxy's messages wait for the end of a message on "
                                "chunk stream ",
                                header.chunk_stream_id));
  }
  queued_bytes_ += static_cast<uint32_t>(payload.size());
  queued_.push_back({header, {payload.begin(), payload.end()}});
  return absl::OkStatus();
}

void ChunkForwarder::WriteQueued(BufferSequence& out) {
  size_t written = 0;
  for (; written < queued_.size(); ++written) {
    const Queued& queued = queued_[written];
    if (HalfSent(queued.header.chunk_stream_id)) break;
    WriteOwn(queued.header, queued.payload, out);
    queued_bytes_ -= static_cast<uint32_t>(queued.payload.size());
  }
  queued_.erase(queued_.begin(), queued_.begin() + static_cast<ptrdiff_t>(written));
}

void ChunkForwarder::WriteOwn(const MessageHeader& header, std::span<const uint8_t> payload,
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
  WriteChunks(payload, output_chunk_size_, continuation.bytes(), out);
  if (header.type == MessageType::kSetChunkSize && payload.size() >= 4) {
    output_chunk_size_ = ReadU32(payload.data());
  }

  size_t index = FindStream(header.chunk_stream_id);
  if (index == kNone) {
    index = streams_.size();
    streams_.emplace_back().id = header.chunk_stream_id;
  }
  streams_[index].view = ChunkStream::View::kOther;
}

// Called before a chunk of a message of which `remaining` bytes are still to be sent.
void ChunkForwarder::MatchChunkSizes(uint32_t remaining, BufferSequence& out) {
  if (input_chunk_size_ == output_chunk_size_ ||
      remaining <= std::min(input_chunk_size_, output_chunk_size_)) {
    return;
  }
  uint8_t payload[4];
  WriteU32(payload, input_chunk_size_);
  WriteOwn({.chunk_stream_id = FreeControlStream(), .type = MessageType::kSetChunkSize}, payload,
           out);
}

void ChunkForwarder::MapStreamId(uint32_t from, uint32_t to) {
  if (MappedStreamId(from) == to) return;
  std::erase_if(stream_ids_, [from](const auto& pair) { return pair.first == from; });
  if (from != to) stream_ids_.emplace_back(from, to);
  for (ChunkStream& stream : streams_) {
    if (stream.stream_id == from) stream.view = ChunkStream::View::kOther;
  }
}

void ChunkForwarder::ResetInput(BufferSequence& out) {
  const auto fill = [&out](size_t size) {
    for (; size > 0; size -= std::min(size, sizeof kZeros)) {
      out.AppendView(std::span(kZeros).first(std::min(size, sizeof kZeros)));
    }
  };
  if (!at_output_boundary()) fill(chunk_missing_);
  for (size_t index = 0; index < streams_.size(); ++index) {
    if (streams_[index].half_sent && streams_[index].missing > limits_.max_collected) {
      uint8_t payload[4];
      WriteU32(payload, streams_[index].id);
      WriteOwn({.chunk_stream_id = FreeControlStream(), .type = MessageType::kAbort}, payload, out);
      streams_[index].missing = 0;
    }
    ChunkStream& stream = streams_[index];
    while (stream.half_sent && stream.missing > 0) {
      const uint32_t size = std::min(output_chunk_size_, stream.missing);
      out.AppendCopy(stream.Continuation(stream.id).bytes());
      fill(size);
      stream.missing -= size;
    }
    Release(stream);
    const uint32_t id = stream.id;
    stream = ChunkStream();
    stream.id = id;
    stream.view = ChunkStream::View::kOther;
  }
  chunk_missing_ = 0;
  carried_size_ = 0;
  input_chunk_size_ = kDefaultChunkSize;
  stream_ids_.clear();
  WriteQueued(out);
}

void ChunkForwarder::ResetOutput() {
  for (ChunkStream& stream : streams_) {
    stream.view = ChunkStream::View::kOther;
    if (!stream.half_sent) continue;
    stream.half_sent = false;
    stream.action = MessageAction::kDrop;
    Release(stream);
  }
  output_chunk_size_ = kDefaultChunkSize;
  stream_ids_.clear();
  queued_.clear();
  queued_bytes_ = 0;
}

bool ChunkForwarder::at_input_boundary() const {
  return carried_size_ == 0 && chunk_missing_ == 0 &&
         std::ranges::all_of(streams_, [](const ChunkStream& s) { return s.missing == 0; });
}

bool ChunkForwarder::at_output_boundary() const {
  return chunk_missing_ == 0 || !streams_[current_].half_sent;
}

size_t ChunkForwarder::FindStream(uint32_t id) const {
  if (current_ < streams_.size() && streams_[current_].id == id) return current_;
  for (size_t index = 0; index < streams_.size(); ++index) {
    if (streams_[index].id == id) return index;
  }
  return kNone;
}

bool ChunkForwarder::HalfSent(uint32_t chunk_stream_id) const {
  const size_t index = FindStream(chunk_stream_id);
  return index != kNone && streams_[index].half_sent;
}

// The usual one, unless the sender has half a message there.
uint32_t ChunkForwarder::FreeControlStream() const {
  uint32_t id = kControlChunkStream;
  while (HalfSent(id)) ++id;
  return id;
}

uint32_t ChunkForwarder::MappedStreamId(uint32_t stream_id) const {
  for (const auto& [from, to] : stream_ids_) {
    if (from == stream_id) return to;
  }
  return stream_id;
}

absl::Status ChunkForwarder::Fault(std::string_view what) const {
  return Failure(
      sender_, absl::StatusCode::kInvalidArgument,
      absl::StrCat("broken RTMP from the ", ToAbsl(SideName(sender_)), ": ", ToAbsl(what)));
}

}  // namespace srsproxy::rtmp
