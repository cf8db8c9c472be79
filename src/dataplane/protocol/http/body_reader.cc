#include "dataplane/protocol/http/body_reader.h"

#include <algorithm>

namespace srsproxy::http {
namespace {

// Nobody sends more, and without an end a receiver would wait for ever.
constexpr uint32_t kMaxLineBytes = 16 * 1024;
constexpr uint64_t kMaxChunk = uint64_t{1} << 59;

int HexDigit(uint8_t c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

BodyReader::BodyReader(Framing framing, uint64_t length, Chunks chunks) : chunks_(chunks) {
  switch (framing) {
    case Framing::kNone:
      break;
    case Framing::kLength:
      left_ = length;
      state_ = length == 0 ? State::kEnd : State::kLength;
      break;
    case Framing::kChunked:
      state_ = State::kSizeStart;
      break;
    case Framing::kUntilClose:
      state_ = State::kUntilClose;
      break;
  }
}

absl::StatusOr<size_t> BodyReader::Read(std::span<const uint8_t> in, BufferSequence& out) {
  size_t taken = 0;
  while (taken < in.size() && state_ != State::kEnd) {
    const auto rest = in.subspan(taken);
    if (state_ == State::kUntilClose) {
      out.AppendView(rest);
      return in.size();
    }
    if (state_ == State::kLength || state_ == State::kData) {
      const auto part = rest.first(static_cast<size_t>(std::min<uint64_t>(left_, rest.size())));
      out.AppendView(part);
      taken += part.size();
      left_ -= part.size();
      if (left_ == 0) state_ = state_ == State::kData ? State::kDataCr : State::kEnd;
      continue;
    }
    if (!Step(rest.front())) return absl::DataLossError("the chunks of the body are malformed");
    if (chunks_ == Chunks::kKept) out.AppendView(rest.first(1));
    ++taken;
  }
  return taken;
}

bool BodyReader::Step(uint8_t byte) {
  const auto expect = [&](uint8_t wanted, State next) {
    state_ = next;
    return byte == wanted;
  };
  const auto count_line = [&] { return ++line_bytes_ <= kMaxLineBytes; };
  switch (state_) {
    case State::kSizeStart: {
      const int digit = HexDigit(byte);
      if (digit < 0) return false;
      left_ = static_cast<uint64_t>(digit);
      line_bytes_ = 0;
      state_ = State::kSize;
      return true;
    }
    case State::kSize:
      if (const int digit = HexDigit(byte); digit >= 0) {
        left_ = left_ * 16 + static_cast<uint64_t>(digit);
        return left_ < kMaxChunk;
      }
      if (byte == '\r') {
        state_ = State::kSizeLf;
        return true;
      }
      state_ = State::kExtension;
      return byte == ';' || byte == ' ' || byte == '\t';
    case State::kExtension:
      if (byte == '\r') state_ = State::kSizeLf;
      return byte != '\n' && count_line();
    case State::kSizeLf:
      return expect('\n', left_ == 0 ? State::kTrailer : State::kData);
    case State::kDataCr:
      return expect('\r', State::kDataLf);
    case State::kDataLf:
      return expect('\n', State::kSizeStart);
    case State::kTrailer:
      state_ = byte == '\r' ? State::kLastLf : State::kTrailerLine;
      return byte != '\n' && count_line();
    case State::kTrailerLine:
      if (byte == '\r') state_ = State::kTrailerLf;
      return byte != '\n' && count_line();
    case State::kTrailerLf:
      return expect('\n', State::kTrailer);
    case State::kLastLf:
      return expect('\n', State::kEnd);
    case State::kEnd:
    case State::kUntilClose:
    case State::kLength:
    case State::kData:
      break;
  }
  return false;
}

}  // namespace srsproxy::http
