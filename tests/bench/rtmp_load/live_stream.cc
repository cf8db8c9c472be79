#include "tests/bench/rtmp_load/live_stream.h"

#include <algorithm>
#include <utility>

#include "tests/bench/rtmp_load/rtmp_wire.h"

namespace srsproxy::bench {
namespace {

constexpr uint32_t kVideoFrameMs = 40;
constexpr uint32_t kAudioFrameMs = 25;
constexpr uint32_t kKeyFrameEvery = 50;  // frames
constexpr uint32_t kKeyFrameWeight = 8;  // times another frame
constexpr uint32_t kAudioBitsPerSecond = 128'000;
constexpr uint32_t kKeptSeconds = 10;
constexpr size_t kSmallestFrame = 16;

// How the payloads of H.264 and AAC begin (FLV specification 10.1, annex E.4).
constexpr std::string_view kAvcHeader{"\x17\x00", 2};
constexpr std::string_view kAvcKeyFrame{"\x17\x01", 2};
constexpr std::string_view kAvcFrame{"\x27\x01", 2};
constexpr std::string_view kAacHeader{"\xAF\x00", 2};
constexpr std::string_view kAacFrame{"\xAF\x01", 2};

size_t VideoFrameSize(uint32_t bits_per_second) {
  const uint32_t video_bits = bits_per_second - std::min(bits_per_second, kAudioBitsPerSecond);
  const uint32_t bytes_a_group = video_bits / 8 * kKeyFrameEvery * kVideoFrameMs / 1000;
  return std::max<size_t>(kSmallestFrame, bytes_a_group / (kKeyFrameEvery - 1 + kKeyFrameWeight));
}

size_t AudioFrameSize(uint32_t bits_per_second) {
  return std::min(bits_per_second, kAudioBitsPerSecond) / 8 * kAudioFrameMs / 1000;
}

}  // namespace

LiveStream::LiveStream(uint32_t bits_per_second, size_t chunk_size, Time start)
    : chunk_size_(chunk_size),
      start_(start),
      audio_frame_size_(AudioFrameSize(bits_per_second)),
      video_frame_size_(VideoFrameSize(bits_per_second)),
      key_frame_size_(video_frame_size_ * kKeyFrameWeight),
      keep_(size_t{bits_per_second} / 8 * kKeptSeconds + key_frame_size_) {
  const std::string metadata =
      AmfString("onMetaData") + AmfObject({{"width", AmfNumber(1280)}, {"height", AmfNumber(720)}});
  AppendMessage({kData, 1, 0, metadata}, 6, chunk_size_, &head_);
  Append(kVideo, 0, kAvcHeader, 50, &head_);
  Append(kAudio, 0, kAacHeader, 4, &head_);
}

void LiveStream::Append(uint8_t type, uint32_t milliseconds, std::string_view tag, size_t size,
                        std::string* out) const {
  std::string payload(tag);
  payload.resize(size);
  AppendMessage({type, 1, milliseconds, std::move(payload)}, type == kVideo ? 7 : 8, chunk_size_,
                out);
}

void LiveStream::Advance(Time now) {
  const auto elapsed = std::chrono::duration_cast<std::chrono::milliseconds>(now - start_).count();
  for (;;) {
    const uint32_t video_at = next_video_ * kVideoFrameMs;
    const uint32_t audio_at = next_audio_ * kAudioFrameMs;
    if (std::min(video_at, audio_at) > elapsed) break;
    if (video_at <= audio_at) {
      const bool key = next_video_++ % kKeyFrameEvery == 0;
      Append(kVideo, video_at, key ? kAvcKeyFrame : kAvcFrame,
             key ? key_frame_size_ : video_frame_size_, &kept_);
    } else {
      ++next_audio_;
      Append(kAudio, audio_at, kAacFrame, audio_frame_size_, &kept_);
    }
  }
  if (kept_.size() > 2 * keep_) {
    const size_t gone = kept_.size() - keep_;
    kept_.erase(0, gone);
    oldest_ += gone;
  }
}

std::string_view LiveStream::From(uint64_t position) const {
  return std::string_view(kept_).substr(position - oldest_);
}

}  // namespace srsproxy::bench
