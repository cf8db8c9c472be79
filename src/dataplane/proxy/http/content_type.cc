#include "dataplane/proxy/http/content_type.h"

#include <algorithm>
#include <cctype>
#include <iterator>
#include <string>

namespace srsproxy {
namespace {

struct Known {
  std::string_view extension;
  std::string_view type;
};

constexpr Known kTypes[] = {
    {"avif", "image/avif"},
    {"css", "text/css; charset=utf-8"},
    {"gif", "image/gif"},
    {"htm", "text/html; charset=utf-8"},
    {"html", "text/html; charset=utf-8"},
    {"ico", "image/x-icon"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"map", "application/json"},
    {"md", "text/markdown; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"svg", "image/svg+xml"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain; charset=utf-8"},
    {"vtt", "text/vtt; charset=utf-8"},
    {"wasm", "application/wasm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xml", "application/xml"},
    {"zip", "application/zip"},
};

}  // namespace

std::string_view ContentTypeOf(std::string_view name) {
  constexpr std::string_view kUnknown = "application/octet-stream";
  const size_t dot = name.find_last_of("./");
  if (dot == name.npos || name[dot] != '.') return kUnknown;
  std::string extension(name.substr(dot + 1));
  std::transform(extension.begin(), extension.end(), extension.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const auto* known =
      std::find_if(std::begin(kTypes), std::end(kTypes),
                   [&extension](const Known& type) { return type.extension == extension; });
  return known == std::end(kTypes) ? kUnknown : known->type;
}

}  // namespace srsproxy
