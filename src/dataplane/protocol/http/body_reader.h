// Where the body of an HTTP/1.x message ends, followed without keeping or copying any of it.
// RFC 9112 sections 6 and 7.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
#include "dataplane/protocol/http/head.h"

namespace srsproxy::http {

class BodyReader {
 public:
  // What happens to the framing of a chunked body.
  enum class Chunks : uint8_t {
    kKept,     // All bytes of the body are passed as they came.
    kRemoved,  // Only the content is: for a receiver of HTTP/1.0.
  };

  // No body.
  BodyReader() = default;
  BodyReader(Framing framing, uint64_t length, Chunks chunks);

  // Takes the body's part of `in` and appends views of what is to be passed to `out`; returns how
  // many bytes it took: all, unless the body has ended. DATA_LOSS: the framing is broken.
  absl::StatusOr<size_t> Read(std::span<const uint8_t> in, BufferSequence& out);

  // Nothing more belongs to the body. A body that lasts until the close has no end here.
  bool at_end() const { return state_ == State::kEnd; }
  // Whether a close is the body's orderly end.
  bool may_close() const { return state_ == State::kEnd || state_ == State::kUntilClose; }

 private:
  enum class State : uint8_t {
    kEnd,
    kUntilClose,
    kLength,       // left_ bytes to come.
    kSizeStart,    // The first digit of a chunk's size.
    kSize,         // More digits, or what follows them.
    kExtension,    // Ignored, up to CR.
    kSizeLf,       // LF after the size.
    kData,         // left_ bytes to come.
    kDataCr,       // CR after the data.
    kDataLf,       // LF after it.
    kTrailer,      // The start of a trailer line, or the last CR.
    kTrailerLine,  // Ignored, up to CR.
    kTrailerLf,    // LF after a trailer line.
    kLastLf,       // The last LF.
  };

  // Of the framing's own bytes. False: it is broken.
  bool Step(uint8_t byte);

  State state_ = State::kEnd;
  Chunks chunks_ = Chunks::kKept;
  uint64_t left_ = 0;
  uint32_t line_bytes_ = 0;  // Of the chunk's extension and all trailers.
};

}  // namespace srsproxy::http
