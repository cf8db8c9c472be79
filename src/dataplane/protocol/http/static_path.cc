#include "dataplane/protocol/http/static_path.h"

#include <algorithm>

#include <boost/url/pct_string_view.hpp>

namespace srsproxy::http {
namespace {

bool IsForbidden(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f || c == '\\';
}

// Of names between slashes only the last may be empty.
bool MayBeServed(std::string_view path) {
  while (!path.empty()) {
    const size_t end = std::min(path.find('/'), path.size());
    if (end == 0 || path.front() == '.') return false;
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return true;
}

}  // namespace

std::optional<std::string> StaticPathOf(std::string_view target) {
  if (!target.starts_with('/')) return std::nullopt;
  const auto encoded = boost::urls::make_pct_string_view(target.substr(1, target.find('?') - 1));
  if (encoded.has_error()) return std::nullopt;
  std::string path = encoded->decode();
  if (std::any_of(path.begin(), path.end(), IsForbidden) || !MayBeServed(path)) {
    return std::nullopt;
  }
  return path;
}

}  // namespace srsproxy::http
