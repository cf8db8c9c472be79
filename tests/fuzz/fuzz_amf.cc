// Any body: both decoders end within their limits, and what they read can be written and read
// again.
#include <cstdint>
#include <cstdlib>
#include <span>
#include <vector>

#include "dataplane/protocol/rtmp/amf0.h"
#include "dataplane/protocol/rtmp/amf3.h"

namespace srsproxy::rtmp {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void ReadAll(AmfReader& reader, AmfValue (*read)(AmfReader&)) {
  while (reader.ok() && !reader.AtEnd()) {
    const AmfValue value = read(reader);
    if (!reader.ok()) return;
    std::vector<uint8_t> first;
    WriteAmf0(value, first);
    AmfReader again(first, {.max_values = 1u << 20, .max_text_bytes = 1u << 24});
    std::vector<uint8_t> second;
    WriteAmf0(ReadAmf0(again), second);
    Require(again.ok() && again.AtEnd());
    Require(first == second);
  }
}

}  // namespace
}  // namespace srsproxy::rtmp

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace srsproxy::rtmp;  // NOLINT(google-build-using-namespace): an entry point.
  AmfReader amf0({data, size});
  ReadAll(amf0, &ReadAmf0);
  AmfReader amf3({data, size});
  ReadAll(amf3, &ReadAmf3);
  return 0;
}
