#include "dataplane/protocol/rtmp/message_forwarder.h"

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <absl/strings/str_cat.h>

#include "dataplane/protocol/rtmp/big_endian.h"

namespace srsproxy::rtmp {
namespace {

bool HasPrefix(MessageType type) {
  return IsCommand(type) || IsData(type) || type == MessageType::kUserControl;
}

// Followed by the forwarder itself: the receiver must get it whole, and must get it.
bool IsFollowed(MessageType type) {
  return type == MessageType::kSetChunkSize || type == MessageType::kAbort;
}

}  // namespace

absl::Status BrokenRtmp(Side sender, std::string_view what) {
  return Failure(sender, absl::StatusCode::kInvalidArgument,
                 absl::StrCat("broken RTMP from the ", ToAbsl(ToName(sender)), ": ", ToAbsl(what)));
}

void MessageForwarder::Start(const ChunkHeader& header, std::span<uint8_t> raw,
                             std::span<const uint8_t> behind, bool stable, BufferSequence& out) {
  ChunkStream& stream = streams_.current();
  if (IsFollowed(stream.type)) {
    const bool dropped = observer_->OnMessageStart(stream.Header(), {}) == MessageAction::kDrop &&
                         stream.type == MessageType::kSetChunkSize;
    stream.action = dropped ? MessageAction::kDrop : MessageAction::kPass;
    return StartCollecting(header, raw);
  }
  const size_t prefix_size = HasPrefix(stream.type) ? stream.prefix_size() : 0;
  if (behind.size() < prefix_size) {
    stream.undecided = true;
    return StartCollecting(header, raw);
  }
  stream.action = observer_->OnMessageStart(stream.Header(), behind.first(prefix_size));
  switch (stream.action) {
    case MessageAction::kPass:
      writer_.StartMessage(streams_.current_index(), raw, header.basic_size, stable, out);
      break;
    case MessageAction::kPassAndShow:
      writer_.StartMessage(streams_.current_index(), raw, header.basic_size, stable, out);
      StartCollecting(header, raw);
      break;
    case MessageAction::kHold:
      StartCollecting(header, raw);
      break;
    case MessageAction::kConsume:
      stream.view = ChunkStream::View::kOther;
      StartCollecting(header, raw);
      break;
    case MessageAction::kDrop:
      stream.view = ChunkStream::View::kOther;
      break;
  }
}

absl::Status MessageForwarder::TakeKeptPayload(std::span<const uint8_t> bytes, bool stable,
                                               BufferSequence& out) {
  if (ChunkStream& stream = streams_.current(); stream.undecided) {
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
        if (!stream.collected->recut) writer_.WriteCollected(streams_.current_index(), out);
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
  ChunkStream& stream = streams_.current();
  if (stream.half_sent) {
    stable ? out.AppendView(bytes) : out.AppendCopy(bytes);
    if (stream.action == MessageAction::kPass) Release(stream);
  }
  return stream.collected == nullptr ? absl::OkStatus() : Collect(stream, bytes);
}

absl::Status MessageForwarder::EndKept(BufferSequence& out) {
  const size_t index = streams_.current_index();
  const MessageHeader header = streams_[index].Header();
  const std::span<uint8_t> payload = streams_[index].collected->payload;
  absl::Status status;
  switch (streams_[index].action) {
    case MessageAction::kPass:
      if (IsFollowed(header.type)) {
        status = FollowControl(index, out);
      } else {
        writer_.WriteCollected(index, out);
      }
      break;
    case MessageAction::kPassAndShow:
      if (!streams_[index].half_sent) writer_.WriteCollected(index, out);
      observer_->OnMessage(header, payload);
      break;
    case MessageAction::kHold:
      if (observer_->OnMessage(header, payload) == Decision::kForward) {
        writer_.WriteCollected(index, out);
      } else {
        streams_[index].view = ChunkStream::View::kOther;
      }
      break;
    case MessageAction::kConsume:
      observer_->OnMessage(header, payload);
      break;
    case MessageAction::kDrop:
      if (IsFollowed(header.type)) status = FollowControl(index, out);
      break;
  }
  streams_[index].half_sent = false;
  Release(streams_[index]);
  return status;
}

void MessageForwarder::StartCollecting(const ChunkHeader& header, std::span<const uint8_t> raw) {
  auto& collected = streams_.current().collected;
  collected = std::make_unique<CollectedMessage>();
  std::ranges::copy(raw, collected->header.begin());
  collected->header_size = static_cast<uint8_t>(raw.size());
  collected->basic_size = header.basic_size;
}

absl::Status MessageForwarder::Collect(ChunkStream& stream, std::span<const uint8_t> bytes) {
  if (bytes.size() > max_collected_ - collected_bytes_) {
    return BrokenRtmp(
        sender_, absl::StrCat("a message of type ", static_cast<int>(stream.type), " and ",
                              stream.length, " bytes is longer than it may be (", max_collected_,
                              " bytes for all that are read whole)"));
  }
  collected_bytes_ += static_cast<uint32_t>(bytes.size());
  std::vector<uint8_t>& payload = stream.collected->payload;
  payload.insert(payload.end(), bytes.begin(), bytes.end());
  return absl::OkStatus();
}

void MessageForwarder::Release(ChunkStream& stream) {
  if (stream.collected == nullptr) return;
  collected_bytes_ -= static_cast<uint32_t>(stream.collected->payload.size());
  stream.collected.reset();
}

// Passes on a SetChunkSize or Abort, unless it is dropped, and applies it.
absl::Status MessageForwarder::FollowControl(size_t index, BufferSequence& out) {
  const MessageType type = streams_[index].type;
  const std::span<const uint8_t> payload = streams_[index].collected->payload;
  if (payload.size() < 4) {
    return BrokenRtmp(sender_, absl::StrCat("a ", ToAbsl(ToName(type)), " message has ",
                                            payload.size(), " bytes, not 4"));
  }
  const uint32_t value = ReadU32(payload.data());
  if (type == MessageType::kSetChunkSize && (value == 0 || value > kMaxChunkSize)) {
    return BrokenRtmp(sender_, absl::StrCat("it sets its chunk size to ", value, "; 1 to ",
                                            kMaxChunkSize, " are allowed"));
  }
  if (streams_[index].action == MessageAction::kDrop) {
    streams_[index].view = ChunkStream::View::kOther;
  } else {
    writer_.WriteCollected(index, out);
    if (type == MessageType::kSetChunkSize) streams_.output_chunk_size = value;
  }
  type == MessageType::kSetChunkSize ? ChangeChunkSize(value) : AbortMessage(value);
  return absl::OkStatus();
}

void MessageForwarder::ChangeChunkSize(uint32_t size) {
  if (std::exchange(streams_.input_chunk_size, size) == size) return;
  for (ChunkStream& stream : streams_) {
    if (stream.collected != nullptr) stream.collected->recut = true;
  }
}

void MessageForwarder::AbortMessage(uint32_t chunk_stream_id) {
  const size_t index = streams_.Find(chunk_stream_id);
  if (index == ChunkStreams::kNone || streams_[index].missing == 0) return;
  ChunkStream& stream = streams_[index];
  if (!stream.half_sent) stream.view = ChunkStream::View::kOther;
  stream.missing = 0;
  stream.undecided = false;
  stream.half_sent = false;
  Release(stream);
}

}  // namespace srsproxy::rtmp
