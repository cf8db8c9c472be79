// Any bytes, cut anywhere, to both sides of the handshake. The first byte says where to cut.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "dataplane/protocol/rtmp/handshake.h"

namespace srsproxy::rtmp {
namespace {

struct Outcome {
  std::vector<uint8_t> output;
  size_t consumed = 0;
  bool ok = true;
  bool done = false;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

template <typename Handshake>
Outcome Run(std::span<const uint8_t> input, size_t step) {
  Handshake handshake({.time_ms = 1, .random = 2});
  Outcome outcome;
  while (outcome.ok && !handshake.done() && outcome.consumed < input.size()) {
    const size_t size = std::min(step, input.size() - outcome.consumed);
    const auto consumed = handshake.Consume(input.subspan(outcome.consumed, size));
    outcome.ok = consumed.ok();
    if (consumed.ok()) outcome.consumed += *consumed;
    const std::vector<uint8_t> output = handshake.TakeOutput();
    outcome.output.insert(outcome.output.end(), output.begin(), output.end());
  }
  outcome.done = handshake.done();
  return outcome;
}

void Require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace
}  // namespace srsproxy::rtmp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace srsproxy::rtmp;  // NOLINT(google-build-using-namespace): an entry point.
  if (size == 0) return 0;
  const size_t step = size_t{data[0]} * 7 + 1;
  const std::span<const uint8_t> input(data + 1, size - 1);
  Require(Run<ServerHandshake>(input, step) == Run<ServerHandshake>(input, size));
  Require(Run<ClientHandshake>(input, step) == Run<ClientHandshake>(input, size));
  return 0;
}
