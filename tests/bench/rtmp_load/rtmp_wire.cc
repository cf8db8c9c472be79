#include "tests/bench/rtmp_load/rtmp_wire.h"

#include <algorithm>
#include <bit>

namespace srsproxy::bench {
namespace {

uint32_t ReadBigEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (const char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

uint32_t ReadLittleEndian(std::string_view bytes) {
  uint32_t value = 0;
  for (size_t i = bytes.size(); i > 0; --i) value = value << 8 | static_cast<uint8_t>(bytes[i - 1]);
  return value;
}

}  // namespace

std::string BigEndian(uint32_t value, size_t size) {
  std::string bytes(size, '\0');
  for (size_t i = size; i > 0; --i, value >>= 8) bytes[i - 1] = static_cast<char>(value);
  return bytes;
}

void AppendMessage(const Message& message, uint8_t chunk_stream, size_t chunk_size,
                   std::string* out) {
  out->push_back(static_cast<char>(chunk_stream));
  out->append(BigEndian(message.timestamp, 3));
  out->append(BigEndian(static_cast<uint32_t>(message.payload.size()), 3));
  out->push_back(static_cast<char>(message.type));
  for (int shift = 0; shift < 32; shift += 8) {  // the one little-endian field
    out->push_back(static_cast<char>(message.stream_id >> shift));
  }
  for (size_t at = 0; at < message.payload.size(); at += chunk_size) {
    if (at > 0) out->push_back(static_cast<char>(0xC0 | chunk_stream));
    out->append(message.payload, at, chunk_size);
  }
}

bool ChunkReader::Read(std::string_view bytes, std::vector<Message>* messages) {
  unread_.append(bytes);
  std::string_view rest = unread_;
  Step step = Step::kDone;
  while (step == Step::kDone) step = ReadChunk(&rest, messages);
  unread_.erase(0, unread_.size() - rest.size());
  return step == Step::kMore;
}

ChunkReader::Step ChunkReader::ReadChunk(std::string_view* rest, std::vector<Message>* messages) {
  static constexpr size_t kHeaderSize[] = {11, 7, 3, 0};
  std::string_view in = *rest;
  if (in.empty()) return Step::kMore;
  const uint8_t format = static_cast<uint8_t>(in[0]) >> 6;
  uint32_t id = static_cast<uint8_t>(in[0]) & 0x3F;
  const size_t id_size = id == 0 ? 2 : id == 1 ? 3 : 1;
  const size_t header_size = id_size + kHeaderSize[format];
  if (in.size() < header_size) return Step::kMore;
  if (id_size > 1) id = 64 + ReadLittleEndian(in.substr(1, id_size - 1));

  ChunkStream& stream = streams_[id];
  const std::string_view header = in.substr(id_size, kHeaderSize[format]);
  Message next = stream.header;
  size_t length = stream.length;
  if (format <= 2) {
    const uint32_t time = ReadBigEndian(header.substr(0, 3));
    if (time == 0xFFFFFF) return Step::kBad;
    next.timestamp = format == 0 ? time : next.timestamp + time;
  }
  if (format <= 1) {
    length = ReadBigEndian(header.substr(3, 3));
    next.type = static_cast<uint8_t>(header[6]);
  }
  if (format == 0) next.stream_id = ReadLittleEndian(header.substr(7, 4));
  const size_t piece = std::min(chunk_size_, length - stream.payload.size());
  if (in.size() < header_size + piece) return Step::kMore;

  stream.header = std::move(next);
  stream.length = length;
  stream.payload.append(in.substr(header_size, piece));
  rest->remove_prefix(header_size + piece);
  if (stream.payload.size() < stream.length) return Step::kDone;

  Message message = stream.header;
  message.payload = std::exchange(stream.payload, {});
  if (message.type == kSetChunkSize) {
    if (message.payload.size() != 4) return Step::kBad;
    chunk_size_ = ReadBigEndian(message.payload);
    if (chunk_size_ == 0) return Step::kBad;
  }
  messages->push_back(std::move(message));
  return Step::kDone;
}

std::string AmfString(std::string_view value) {
  return '\x02' + BigEndian(static_cast<uint32_t>(value.size()), 2) + std::string(value);
}

std::string AmfNumber(double value) {
  const auto bits = std::bit_cast<uint64_t>(value);
  return std::string(1, '\0') + BigEndian(static_cast<uint32_t>(bits >> 32), 4) +
         BigEndian(static_cast<uint32_t>(bits), 4);
}

std::string AmfNull() { return "\x05"; }

std::string AmfObject(const std::vector<std::pair<std::string, std::string>>& members) {
  std::string out = "\x03";
  for (const auto& [name, value] : members) {
    out += BigEndian(static_cast<uint32_t>(name.size()), 2) + name + value;
  }
  return out + std::string("\0\0\x09", 3);
}

CommandHead ReadCommandHead(const Message& message) {
  const std::string_view in = message.payload;
  if (message.type != kCommand || in.size() < 3 || in[0] != '\x02') return {};
  const size_t size = ReadBigEndian(in.substr(1, 2));
  if (in.size() < 3 + size + 9) return {};
  const std::string_view number = in.substr(3 + size + 1, 8);
  const uint64_t bits =
      uint64_t{ReadBigEndian(number.substr(0, 4))} << 32 | ReadBigEndian(number.substr(4, 4));
  return {std::string(in.substr(3, size)), std::bit_cast<double>(bits)};
}

}  // namespace srsproxy::bench
