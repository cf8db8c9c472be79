// Any chunk stream. The first byte seeds how the input is cut and what else happens: the output
// must not depend on the cuts, and what a forwarder writes, a forwarder must be able to read.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <random>
#include <span>
#include <vector>

#include "dataplane/protocol/rtmp/chunk_forwarder.h"

namespace srsproxy::rtmp {
namespace {

using Bytes = std::vector<uint8_t>;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Treats messages by what their headers say, the same at every cut.
class Observer : public MessageObserver {
 public:
  explicit Observer(bool pass_all) : pass_all_(pass_all) {}

  MessageAction OnMessageStart(const MessageHeader& header,
                               std::span<const uint8_t> prefix) override {
    Require(prefix.empty() || prefix.size() == std::min(header.length, 16u));
    if (pass_all_) return MessageAction::kPass;
    return static_cast<MessageAction>((header.length + header.timestamp) % 5);
  }
  Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override {
    Require(payload.size() == header.length);
    shown_ += payload.size();
    return header.length % 2 == 0 ? Decision::kForward : Decision::kConsume;
  }

  friend bool operator==(const Observer& a, const Observer& b) { return a.shown_ == b.shown_; }

 private:
  const bool pass_all_;
  size_t shown_ = 0;
};

constexpr ChunkForwarder::Limits kLimits{.max_collected = 4096, .max_chunk_streams = 16};

// True when no timestamp of `input` can be an extended one: then chunks can be read in one way
// only.
bool HasNoExtendedTimestamps(std::span<const uint8_t> input) {
  constexpr uint8_t kMark[] = {0xff, 0xff, 0xff};
  return std::search(input.begin(), input.end(), std::begin(kMark), std::end(kMark)) == input.end();
}

void RequireReadable(Bytes output) {
  Observer observer(true);
  ChunkForwarder reader(Side::kProxy, &observer,
                        {.max_collected = 1u << 20, .max_chunk_streams = 64});
  BufferSequence out;
  Require(reader.Forward(output, out).ok());
}

struct Outcome {
  Bytes output;
  bool ok = true;
};

Outcome RunCut(Bytes input, std::minstd_rand& random, size_t most, Observer& observer) {
  Outcome outcome;
  ChunkForwarder forwarder(Side::kClient, &observer, kLimits);
  forwarder.MapStreamId(1, 5);
  BufferSequence out;
  for (size_t at = 0; at < input.size() && outcome.ok;) {
    const size_t size = std::min<size_t>(1 + random() % most, input.size() - at);
    out.Clear();
    const auto forwarded = forwarder.Forward(std::span(input).subspan(at, size), out);
    outcome.ok = forwarded.ok();
    out.CopyTo(outcome.output);
    at += size;
  }
  return outcome;
}

// Everything a session may do to a forwarder, at any moment.
void RunWithEvents(Bytes input, std::minstd_rand& random, bool check) {
  Observer observer(false);
  ChunkForwarder forwarder(Side::kClient, &observer, kLimits);
  BufferSequence out;
  for (size_t at = 0; at < input.size();) {
    const size_t size = std::min<size_t>(1 + random() % 64, input.size() - at);
    if (!forwarder.Forward(std::span(input).subspan(at, size), out).ok()) break;
    at += size;
    switch (random() % 8) {
      case 0: {
        const Bytes payload(random() % 300, 0x11);
        const MessageHeader header{.chunk_stream_id = static_cast<uint32_t>(2 + random() % 8)};
        (void)forwarder.Inject(header, payload, out);
        break;
      }
      case 1: {
        const Bytes payload = {0, 0, 0, static_cast<uint8_t>(1 + random() % 255)};
        (void)forwarder.Inject({.chunk_stream_id = 2, .type = MessageType::kSetChunkSize}, payload,
                               out);
        break;
      }
      case 2:
        forwarder.MapStreamId(random() % 3, random() % 9);
        break;
      case 3:
        forwarder.ResetInput(out);
        Require(forwarder.at_output_boundary());
        break;
      case 4:
        if (check) RequireReadable(out.Flatten());
        out.Clear();
        forwarder.ResetOutput();
        break;
      default:
        break;
    }
  }
  if (check) RequireReadable(out.Flatten());
}

}  // namespace
}  // namespace srsproxy::rtmp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace srsproxy::rtmp;  // NOLINT(google-build-using-namespace): an entry point.
  if (size == 0) return 0;
  std::minstd_rand random(data[0] + 1);
  const Bytes input(data + 1, data + size);
  const bool unambiguous = HasNoExtendedTimestamps(input);

  for (const bool pass_all : {true, false}) {
    Observer whole_observer(pass_all);
    Observer cut_observer(pass_all);
    std::minstd_rand once(1);
    const Outcome whole = RunCut(input, once, SIZE_MAX / 2, whole_observer);
    const Outcome cut = RunCut(input, random, 40, cut_observer);
    Require(whole.ok == cut.ok && whole.output == cut.output);
    Require(whole_observer == cut_observer);
    if (unambiguous) RequireReadable(whole.output);
  }
  RunWithEvents(input, random, unambiguous);
  return 0;
}
