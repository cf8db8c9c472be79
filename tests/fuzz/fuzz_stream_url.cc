// Stream names in every protocol's spelling, and endpoint texts: whatever is accepted is well
// formed and reads back, in every spelling.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/stream_url.h"
#include "dataplane/core/text.h"
#include "stream_key_oracle.h"

namespace srsproxy {
namespace {

void CheckKey(const absl::StatusOr<StreamKey>& key, const VhostPolicy& vhosts) {
  if (key.ok()) return RequireReadsBack(*key, vhosts);
  Require(SideOf(key.status()) == Side::kClient);
  Require(IsPrintableUtf8(MessageOf(key.status())));
}

// The text up to the next newline, which is taken away with it.
std::string_view TakeLine(std::string_view& text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void CheckEndpoints(std::string_view text) {
  if (const auto endpoint = ParseEndpoint(text, Transport::kTcp); endpoint.ok()) {
    Require(endpoint->port != 0);
    Require(ParseEndpoint(FormatEndpoint(*endpoint), Transport::kUdp).value() == *endpoint);
  }
  if (const auto address = ParseListenAddress(text); address.ok()) {
    Require(ParseListenAddress(FormatListenAddress(*address)).value() == *address);
  }
}

void CheckAll(std::string_view input) {
  CheckEndpoints(input);
  const VhostPolicy all;
  const VhostPolicy listed = VhostPolicy::Parse("example.com,demo").value();
  const std::string_view whole = input;
  const std::string_view first = TakeLine(input);
  const std::string_view second = TakeLine(input);
  for (const VhostPolicy* vhosts : {&all, &listed}) {
    CheckKey(StreamKeyFromRtmp(first, second, input, *vhosts), *vhosts);
    CheckKey(StreamKeyFromHttp(first, second, *vhosts), *vhosts);
    CheckKey(StreamKeyFromWhip(first, second, *vhosts), *vhosts);
    CheckKey(StreamKeyFromText(whole, *vhosts), *vhosts);
    CheckKey(Normalised({"a.example", std::string(first), std::string(second)}), VhostPolicy());
    const auto srt = StreamKeyFromSrt(whole, *vhosts);
    CheckKey(srt.ok() ? absl::StatusOr<StreamKey>(srt->key) : srt.status(), *vhosts);
  }
}

}  // namespace
}  // namespace srsproxy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  srsproxy::CheckAll({reinterpret_cast<const char*>(data), size});
  return 0;
}
