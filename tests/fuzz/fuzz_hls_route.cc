// Paths of media requests: whatever they are taken for, the key of their stream is one that names
// it everywhere, and few streams are looked up for it.
#include <cstdint>
#include <functional>
#include <string_view>

#include "dataplane/proxy/hls/hls_route.h"
#include "stream_key_oracle.h"

namespace srsproxy {
namespace {

// `one_in`: how many of the streams are known; 0: none.
void Route(std::string_view target, size_t one_in) {
  int look_ups = 0;
  const auto is_known = [&](const StreamKey& key) {
    ++look_ups;
    // Only what is a key can be known.
    const auto normal = Normalised(key);
    if (!normal.ok() || *normal != key) return false;
    return one_in > 0 && std::hash<std::string>()(key.ToString()) % one_in == 0;
  };
  const VhostPolicy vhosts;
  const auto route = RouteMedia({"a.example.com", target, vhosts, std::nullopt}, is_known);
  Require(look_ups <= 40);
  if (!route.ok() || route->kind == MediaKind::kNone) return;
  RequireReadsBack(route->key, vhosts);
}

}  // namespace
}  // namespace srsproxy

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view target(reinterpret_cast<const char*>(data), size);
  for (const size_t one_in : {0, 1, 3}) srsproxy::Route(target, one_in);
  return 0;
}
