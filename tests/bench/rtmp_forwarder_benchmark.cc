// What a chunk costs the forwarder that passes it: a playing session, as SRS and ffmpeg chunk it.
#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/control_message.h"

namespace srsproxy::rtmp {
namespace {

class PassAll : public MessageObserver {
 public:
  MessageAction OnMessageStart(const MessageHeader&, std::span<const uint8_t>) override {
    return MessageAction::kPass;
  }
  Decision OnMessage(const MessageHeader&, std::span<uint8_t>) override {
    return Decision::kForward;
  }
};

// Frames of video with three of audio behind each, written by a forwarder in chunks of
// `chunk_size`.
std::vector<uint8_t> MediaOf(uint32_t chunk_size, size_t frame_size, int frames) {
  PassAll observer;
  ChunkForwarder sender(Side::kProxy, &observer);
  BufferSequence out;
  const auto send = [&](uint32_t id, MessageType type, uint32_t timestamp, size_t size) {
    const std::vector<uint8_t> payload(size, 0x17);
    const MessageHeader header{
        .chunk_stream_id = id, .type = type, .stream_id = 1, .timestamp = timestamp};
    (void)sender.Inject(header, payload, out);
  };
  (void)sender.Inject({.chunk_stream_id = 2, .type = MessageType::kSetChunkSize},
                      SetChunkSizePayload(chunk_size), out);
  for (int frame = 0; frame < frames; ++frame) {
    const auto timestamp = static_cast<uint32_t>(frame * 40);
    send(6, MessageType::kVideo, timestamp, frame_size);
    for (uint32_t audio = 0; audio < 3; ++audio) {
      send(4, MessageType::kAudio, timestamp + audio * 13, 200);
    }
  }
  return out.Flatten();
}

// Arguments: the chunk size, bytes of a video frame, bytes of a read.
void BM_ForwardMedia(benchmark::State& state) {
  constexpr int kFrames = 50;
  const auto chunk_size = static_cast<uint32_t>(state.range(0));
  const auto frame_size = static_cast<size_t>(state.range(1));
  const auto read_size = static_cast<size_t>(state.range(2));
  std::vector<uint8_t> media = MediaOf(chunk_size, frame_size, kFrames);
  const size_t chunks = kFrames * ((frame_size + chunk_size - 1) / chunk_size +
                                   3 * ((200 + chunk_size - 1) / chunk_size));
  PassAll observer;
  ChunkForwarder forwarder(Side::kOrigin, &observer);
  BufferSequence out;
  for (auto _ : state) {
    for (size_t at = 0; at < media.size(); at += read_size) {
      out.Clear();
      const size_t size = std::min(read_size, media.size() - at);
      const auto forwarded = forwarder.Forward(std::span(media).subspan(at, size), out);
      if (!forwarded.ok()) state.SkipWithError("the forwarder failed");
      benchmark::DoNotOptimize(out.list().data());
    }
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * media.size()));
  state.counters["per_chunk"] = benchmark::Counter(
      static_cast<double>(chunks),
      benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
BENCHMARK(BM_ForwardMedia)
    ->ArgNames({"chunk", "frame", "read"})
    ->Args({128, 5000, 65536})
    ->Args({4096, 5000, 65536})
    ->Args({60000, 5000, 65536})
    ->Args({60000, 5000, 1448});

}  // namespace
}  // namespace srsproxy::rtmp
