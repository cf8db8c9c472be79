#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace srsproxy::bench {

// What a live encoder would have sent, as chunks on message stream 1: 25 video frames a second with
// a key frame each 2 s that is 8 times as large as the others, and 40 audio frames of 128 kbit/s.
// The last seconds are kept, so that each viewer can be behind by its own amount.
class LiveStream {
 public:
  using Time = std::chrono::steady_clock::time_point;

  LiveStream(uint32_t bits_per_second, size_t chunk_size, Time start);

  // Appends the frames due at `now`.
  void Advance(Time now);

  // What a viewer gets first: metadata and sequence headers.
  const std::string& head() const { return head_; }

  // Positions count bytes from the start of the stream. All between oldest() and end() is there.
  uint64_t oldest() const { return oldest_; }
  uint64_t end() const { return oldest_ + kept_.size(); }
  std::string_view From(uint64_t position) const;

 private:
  // `tag` begins the payload, which is `size` bytes long.
  void Append(uint8_t type, uint32_t milliseconds, std::string_view tag, size_t size,
              std::string* out) const;

  const size_t chunk_size_;
  const Time start_;
  const size_t audio_frame_size_;
  const size_t video_frame_size_;
  const size_t key_frame_size_;
  const size_t keep_;
  uint32_t next_audio_ = 0;  // counts frames
  uint32_t next_video_ = 0;
  std::string head_;
  std::string kept_;
  uint64_t oldest_ = 0;
};

}  // namespace srsproxy::bench
