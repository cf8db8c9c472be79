#include "dataplane/directory/stream_path.h"

namespace srsproxy {
namespace {

constexpr char kSeparator = '\0';  // Not in any part of a key; sorts before all that is.

}  // namespace

std::string StreamPathPrefix(const StreamKey& key) {
  std::string path;
  path.reserve(key.app.size() + key.stream.size() + key.vhost.size() + 2);
  path.append(key.app).push_back(kSeparator);
  path.append(key.stream).push_back(kSeparator);
  return path;
}

std::string StreamPath(const StreamKey& key) { return StreamPathPrefix(key).append(key.vhost); }

StreamKey KeyOfStreamPath(std::string_view path) {
  const size_t first = path.find(kSeparator);
  const size_t second = path.find(kSeparator, first + 1);
  return {std::string(path.substr(second + 1)), std::string(path.substr(0, first)),
          std::string(path.substr(first + 1, second - first - 1))};
}

std::string StreamPathOfText(std::string_view text) {
  if (text.empty()) return "";
  // vhost and stream have no '/'.
  const size_t first = text.find('/');
  const size_t last = text.rfind('/');
  if (first == last) return StreamPath({std::string(text), "", ""});
  return StreamPath({std::string(text.substr(0, first)),
                     std::string(text.substr(first + 1, last - first - 1)),
                     std::string(text.substr(last + 1))});
}

}  // namespace srsproxy
