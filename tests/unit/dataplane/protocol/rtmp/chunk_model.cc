#include "tests/unit/dataplane/protocol/rtmp/chunk_model.h"

#include <algorithm>
#include <ostream>

namespace srsproxy::rtmp::testing {
namespace {

constexpr uint32_t kExtended = 0xffffff;

Bytes BasicHeader(uint8_t format, uint32_t id) {
  const auto bits = static_cast<uint8_t>(format << 6);
  if (id < 64) return {static_cast<uint8_t>(bits | id)};
  if (id < 320) return {bits, static_cast<uint8_t>(id - 64)};
  return {static_cast<uint8_t>(bits | 1), static_cast<uint8_t>((id - 64) & 0xff),
          static_cast<uint8_t>((id - 64) >> 8)};
}

}  // namespace

Bytes& operator+=(Bytes& a, std::span<const uint8_t> b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes operator+(Bytes a, std::span<const uint8_t> b) { return a += b; }

Bytes U24(uint32_t value) {
  return {static_cast<uint8_t>(value >> 16), static_cast<uint8_t>(value >> 8),
          static_cast<uint8_t>(value)};
}

Bytes U32(uint32_t value) { return Bytes{static_cast<uint8_t>(value >> 24)} + U24(value); }

void PrintTo(const Message& message, std::ostream* os) {
  *os << "{csid " << message.header.chunk_stream_id << " " << ToName(message.header.type)
      << " length " << message.header.length << " stream " << message.header.stream_id << " at "
      << message.header.timestamp << ", payload";
  for (size_t i = 0; i < std::min<size_t>(message.payload.size(), 8); ++i) {
    *os << " " << int{message.payload[i]};
  }
  *os << "}";
}

Bytes Chunk(const ChunkSpec& spec, std::span<const uint8_t> payload) {
  Bytes bytes = BasicHeader(spec.format, spec.chunk_stream_id);
  const bool extended = spec.format < 3 && spec.timestamp >= kExtended;
  if (spec.format < 3) bytes += U24(extended ? kExtended : spec.timestamp);
  if (spec.format < 2) {
    bytes += U24(spec.length);
    bytes.push_back(static_cast<uint8_t>(spec.type));
  }
  if (spec.format == 0) {
    for (int shift = 0; shift < 32; shift += 8) {
      bytes.push_back(static_cast<uint8_t>(spec.stream_id >> shift));
    }
  }
  if (extended) bytes += U32(spec.timestamp);
  return bytes + payload;
}

Bytes Continuation(uint32_t chunk_stream_id, std::span<const uint8_t> payload, int64_t extended) {
  Bytes bytes = BasicHeader(3, chunk_stream_id);
  if (extended >= 0) bytes += U32(static_cast<uint32_t>(extended));
  return bytes + payload;
}

Bytes SetChunkSize(uint32_t size) {
  return Chunk({.chunk_stream_id = 2, .length = 4, .type = MessageType::kSetChunkSize}, U32(size));
}

Bytes Abort(uint32_t chunk_stream_id) {
  return Chunk({.chunk_stream_id = 2, .length = 4, .type = MessageType::kAbort},
               U32(chunk_stream_id));
}

ChunkDecoder::Result ChunkDecoder::Decode(std::span<const uint8_t> bytes) {
  struct Stream {
    Message message;
    bool used = false;
    bool open = false;
    bool extended = false;
    uint32_t field = 0;
  };
  Result result;
  std::map<uint32_t, Stream> streams;
  size_t chunk_size = kDefaultChunkSize;
  size_t at = 0;
  const auto fail = [&](std::string what) {
    result.error = what + " at byte " + std::to_string(at);
    return result;
  };
  const auto number = [&](size_t size) {
    uint32_t value = 0;
    for (size_t i = 0; i < size; ++i) value = value << 8 | bytes[at++];
    return value;
  };
  while (at < bytes.size()) {
    const uint8_t format = bytes[at] >> 6;
    uint32_t id = bytes[at] & 0x3f;
    const size_t header_size = (id == 0 ? 2 : id == 1 ? 3 : 1) + (size_t[]){11, 7, 3, 0}[format];
    if (bytes.size() - at < header_size) return fail("the header is cut");
    ++at;
    if (id == 0) {
      id = 64u + bytes[at++];
    } else if (id == 1) {
      id = 64u + bytes[at] + 256u * bytes[at + 1];
      at += 2;
    }
    Stream& stream = streams[id];
    MessageHeader& header = stream.message.header;
    if (stream.open && format != 3) return fail("a message starts inside another");
    if (!stream.used && format > 1) return fail("a chunk stream starts with format 2 or 3");
    stream.used = true;
    header.chunk_stream_id = id;
    if (format < 3) {
      stream.field = number(3);
      stream.extended = stream.field == kExtended;
    }
    if (format < 2) {
      header.length = number(3);
      header.type = static_cast<MessageType>(number(1));
    }
    if (format == 0) {
      const uint32_t big = number(4);
      header.stream_id = (big >> 24) | (big >> 8 & 0xff00) | (big << 8 & 0xff0000) | big << 24;
    }
    if (stream.extended) {
      if (bytes.size() - at >= 4) {
        const size_t before = at;
        const uint32_t value = number(4);
        if (format < 3) {
          stream.field = value;
        } else if (value != stream.field && value != header.timestamp) {
          at = before;  // It is payload.
        }
      } else if (format < 3) {
        return fail("the extended timestamp is cut");
      }
    }
    if (!stream.open) {
      header.timestamp = format == 0 ? stream.field : header.timestamp + stream.field;
      stream.message.payload.clear();
      stream.open = true;
    }
    const size_t want = std::min(chunk_size, header.length - stream.message.payload.size());
    const size_t size = std::min(want, bytes.size() - at);
    stream.message.payload += bytes.subspan(at, size);
    at += size;
    if (stream.message.payload.size() < header.length) continue;
    stream.open = false;
    result.messages.push_back(stream.message);
    if (header.type == MessageType::kSetChunkSize) {
      const Bytes& p = stream.message.payload;
      chunk_size = uint32_t{p.at(0)} << 24 | p.at(1) << 16 | p.at(2) << 8 | p.at(3);
      if (chunk_size == 0 || chunk_size > kMaxChunkSize) return fail("the chunk size is wrong");
    } else if (header.type == MessageType::kAbort) {
      const Bytes& p = stream.message.payload;
      streams[uint32_t{p.at(0)} << 24 | p.at(1) << 16 | p.at(2) << 8 | p.at(3)].open = false;
    }
  }
  for (const auto& [id, stream] : streams) {
    if (stream.open) result.unfinished[id] = stream.message;
  }
  return result;
}

RandomSender::RandomSender(uint64_t seed, ExtendedStyle style, uint32_t least_chunk_size)
    : random_(seed), style_(style), least_chunk_size_(least_chunk_size) {}

uint32_t RandomSender::Random(uint32_t below) {
  return std::uniform_int_distribution<uint32_t>(0, below - 1)(random_);
}

Bytes RandomSender::NextChunk() {
  constexpr uint32_t kIds[] = {2, 3, 4, 5, 6, 63, 64, 319, 320, 65599};
  const uint32_t id = kIds[Random(std::size(kIds))];
  Stream& stream = streams_[id];
  if (!stream.open) return StartMessage(id);
  int64_t extended = -1;
  if (stream.extended && style_ == ExtendedStyle::kRepeat) extended = stream.field;
  if (stream.extended && style_ == ExtendedStyle::kAbsolute) {
    extended = stream.message.header.timestamp;
  }
  return Continuation(id, NextPayload(stream), extended);
}

Bytes RandomSender::Finish() {
  Bytes bytes;
  const auto any_open = [this] {
    return std::ranges::any_of(streams_, [](const auto& entry) { return entry.second.open; });
  };
  while (any_open()) {
    for (auto& [id, stream] : streams_) {
      if (!stream.open) continue;
      int64_t extended = -1;
      if (stream.extended && style_ == ExtendedStyle::kRepeat) extended = stream.field;
      if (stream.extended && style_ == ExtendedStyle::kAbsolute) {
        extended = stream.message.header.timestamp;
      }
      bytes += Continuation(id, NextPayload(stream), extended);
    }
  }
  // Nothing is left that could still be an extended timestamp.
  return bytes + Chunk({.chunk_stream_id = 7, .type = MessageType::kAudio});
}

Bytes RandomSender::StartMessage(uint32_t id) {
  constexpr MessageType kTypes[] = {MessageType::kAudio,       MessageType::kVideo,
                                    MessageType::kDataAmf0,    MessageType::kCommandAmf0,
                                    MessageType::kDataAmf3,    MessageType::kCommandAmf3,
                                    MessageType::kUserControl, MessageType::kAcknowledgement};
  Stream& stream = streams_[id];
  MessageHeader header{.chunk_stream_id = id};
  const MessageHeader& last = stream.message.header;
  const bool alike = stream.used && Random(2) == 0;
  header.type = alike ? last.type : kTypes[Random(std::size(kTypes))];
  header.length = alike ? last.length : Random(3) == 0 ? Random(20) : Random(1500);
  header.stream_id = stream.used && Random(4) != 0 ? last.stream_id : Random(3);
  const uint32_t deltas[] = {stream.field, stream.field, 0, 20, 40, 0xfffffe, 0xffffff, 0x1000000};
  const uint32_t starts[] = {0, 1000, 0xfffffe, 0xffffff, 0x2000000};
  header.timestamp = stream.used ? last.timestamp + deltas[Random(std::size(deltas))]
                                 : starts[Random(std::size(starts))];
  Bytes payload(header.length);
  if (id == 2 && Random(2) == 0) {
    header.type = Random(3) == 0 ? MessageType::kAbort : MessageType::kSetChunkSize;
    header.length = 4;
    const uint32_t aborted[] = {3, 4, 5, 6, 63};
    payload = U32(header.type == MessageType::kAbort ? aborted[Random(std::size(aborted))]
                  : Random(3) == 0                   ? least_chunk_size_ + Random(20)
                                                     : least_chunk_size_ + Random(700));
  } else {
    if (stream.used &&
        (last.type == MessageType::kAbort || last.type == MessageType::kSetChunkSize)) {
      header.type = MessageType::kAudio;
    }
    for (uint8_t& byte : payload) byte = static_cast<uint8_t>(random_());
  }

  uint8_t most = 0;
  if (stream.used && header.stream_id == last.stream_id) {
    most = 1;
    if (header.length == last.length && header.type == last.type) {
      most = 2;
      const bool bare = stream.extended && style_ == ExtendedStyle::kAbsolute;
      if (header.timestamp - last.timestamp == stream.field && !bare) most = 3;
    }
  }
  const auto format = static_cast<uint8_t>(most - (Random(4) == 0 ? Random(most + 1u) : 0));
  if (format < 3) {
    stream.field = format == 0 ? header.timestamp : header.timestamp - last.timestamp;
    stream.extended = stream.field >= kExtended;
  }
  stream.used = true;
  stream.open = true;
  stream.sent = 0;
  stream.message = {header, payload};
  if (format == 3) {
    const bool repeat = stream.extended && style_ == ExtendedStyle::kRepeat;
    return Continuation(id, NextPayload(stream), repeat ? int64_t{stream.field} : -1);
  }
  return Chunk({.format = format,
                .chunk_stream_id = id,
                .timestamp = stream.field,
                .length = header.length,
                .type = header.type,
                .stream_id = header.stream_id},
               NextPayload(stream));
}

// The payload of the message's next chunk; does what the message says when that is the last.
Bytes RandomSender::NextPayload(Stream& stream) {
  const Bytes& all = stream.message.payload;
  const size_t size = std::min<size_t>(chunk_size_, all.size() - stream.sent);
  Bytes payload(all.begin() + static_cast<ptrdiff_t>(stream.sent),
                all.begin() + static_cast<ptrdiff_t>(stream.sent + size));
  stream.sent += size;
  stream.open = stream.sent < all.size();
  if (stream.open) return payload;
  const auto number = [&all] {
    return uint32_t{all[0]} << 24 | uint32_t{all[1]} << 16 | uint32_t{all[2]} << 8 | all[3];
  };
  if (stream.message.header.type == MessageType::kSetChunkSize) chunk_size_ = number();
  if (stream.message.header.type == MessageType::kAbort) streams_[number()].open = false;
  return payload;
}

}  // namespace srsproxy::rtmp::testing
