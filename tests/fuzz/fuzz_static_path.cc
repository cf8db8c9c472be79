// Any request target: what it names lies below the folder, is not hidden, and is one name at each
// level.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/protocol/http/static_path.h"

namespace srsproxy::http {
namespace {

void Require(bool holds) {
  if (!holds) std::abort();
}

void Check(std::string_view target) {
  const auto path = StaticPathOf(target);
  if (!path.has_value()) return;
  for (const char c : *path) Require(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
  Require(path->find('\\') == std::string::npos);
  const std::string below = "/" + *path;  // Where the path stands.
  Require(below.find("/.") == std::string::npos && below.find("//") == std::string::npos);
  Require(target.find('?') != std::string_view::npos || path->size() < target.size());
}

}  // namespace
}  // namespace srsproxy::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  srsproxy::http::Check({reinterpret_cast<const char*>(data), size});
  return 0;
}
