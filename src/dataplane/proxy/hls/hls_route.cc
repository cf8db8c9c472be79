#include "dataplane/proxy/hls/hls_route.h"

#include <algorithm>
#include <string>
#include <utility>

#include "dataplane/core/percent.h"
#include "dataplane/core/stream_name.h"
#include "dataplane/protocol/hls/uri.h"
#include "dataplane/protocol/http/head.h"

namespace srsproxy {
namespace {

constexpr std::string_view kSeparators = "-_.";
// Of one request; nobody's path needs more.
constexpr int kMaxLookUps = 32;

enum class NameKind : uint8_t { kOther, kLive, kPlaylist, kLiveOrSegment, kSegment };

NameKind KindOf(std::string_view path) {
  struct Extension {
    std::string_view text;
    NameKind kind;
  };
  static constexpr Extension kExtensions[] = {
      {".flv", NameKind::kLive},          {".m3u8", NameKind::kPlaylist},
      {".ts", NameKind::kLiveOrSegment},  {".aac", NameKind::kLiveOrSegment},
      {".mp3", NameKind::kLiveOrSegment}, {".m4s", NameKind::kSegment},
      {".mp4", NameKind::kSegment},       {".m4a", NameKind::kSegment},
      {".m4v", NameKind::kSegment},       {".cmfa", NameKind::kSegment},
      {".cmfv", NameKind::kSegment},      {".vtt", NameKind::kSegment},
      {".webvtt", NameKind::kSegment},    {".ac3", NameKind::kSegment},
      {".ec3", NameKind::kSegment},       {".key", NameKind::kSegment},
  };
  const auto at = std::find_if(std::begin(kExtensions), std::end(kExtensions),
                               [path](const Extension& one) { return path.ends_with(one.text); });
  return at == std::end(kExtensions) ? NameKind::kOther : at->kind;
}

// What an origin might take for another path than it looks like here.
absl::Status CheckPath(std::string_view path) {
  const std::string decoded = PercentDecoded(path);
  std::string_view rest = decoded;
  while (!rest.empty()) {
    const size_t end = std::min(rest.find_first_of("/\\"), rest.size());
    const std::string_view level = rest.substr(0, end);
    const bool has_control = std::any_of(level.begin(), level.end(), [](char c) {
      const auto byte = static_cast<unsigned char>(c);
      return byte < 0x20 || byte == 0x7f;
    });
    if (has_control || level == "." || level == "..") {
      return ClientFailure(absl::StatusCode::kInvalidArgument,
                           "the path has a level '.' or '..', or a control character");
    }
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return absl::OkStatus();
}

// An id is no secret, and an origin's HTTP port has more than media: its API, a console. So what is
// not named like media is requested only in the folder of its stream.
bool IsInFolderOf(const StreamKey& key, std::string_view path) {
  const std::string decoded = WithoutBlanks(PercentDecoded(path));  // As in keys.
  for (const std::string_view reserved : {"/api/", "/rtc/", "/console/"}) {
    if (decoded.starts_with(reserved)) return false;
  }
  return decoded.starts_with("/" + key.app + "/");
}

// The levels of a key's path may be cut from the end, and so may the last level at a separator.
bool CutLevel(StreamKey& key) {
  const size_t slash = key.app.rfind('/');
  if (slash == std::string::npos) return false;
  key.stream = key.app.substr(slash + 1);
  key.app.resize(slash);
  return true;
}

bool CutName(StreamKey& key) {
  const size_t at = key.stream.find_last_of(kSeparators);
  if (at == std::string::npos || at == 0) return false;
  key.stream.resize(at);
  return true;
}

// The known stream whose name is the longest that the path begins with: /app/stream-7.ts and
// /app/stream/720p/7.ts belong to app/stream.
std::optional<StreamKey> KnownStreamOf(const StreamKey& path,
                                       absl::FunctionRef<bool(const StreamKey&)> is_known) {
  StreamKey level = path;
  int look_ups = 0;
  do {
    StreamKey name = level;
    do {
      if (++look_ups > kMaxLookUps) return std::nullopt;
      if (is_known(name)) return name;
    } while (CutName(name));
  } while (CutLevel(level));
  return std::nullopt;
}

bool IsNumber(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

// The stream of a segment when none is known, as after a restart: packagers number segments behind
// the stream's name, or in a folder of that name.
StreamKey LikelyStreamOf(StreamKey key) {
  const size_t dot = key.stream.rfind('.');
  if (dot != std::string::npos && dot > 0) key.stream.resize(dot);
  const size_t dash = key.stream.find_last_of("-_");
  const size_t number = dash == std::string::npos ? 0 : dash + 1;
  if (!IsNumber(std::string_view(key.stream).substr(number))) return key;
  if (number > 1) {
    key.stream.resize(dash);
  } else {
    CutLevel(key);
  }
  return key;
}

}  // namespace

absl::StatusOr<MediaRoute> RouteMedia(const MediaRequest& request,
                                      absl::FunctionRef<bool(const StreamKey&)> is_known) {
  const std::string_view path = http::PathOf(request.target);
  const NameKind kind = KindOf(path);
  const bool tagged =
      hls::IdOf(request.target).has_value() || hls::ContextOf(request.target).has_value();
  if (kind == NameKind::kOther && !tagged) return MediaRoute{};
  if (auto status = CheckPath(path); !status.ok()) return status;
  auto key = StreamKeyFromHttp(request.host, request.target, request.vhosts);
  if (kind == NameKind::kLive) {
    if (!key.ok()) return key.status();
    return MediaRoute{MediaKind::kLive, *std::move(key)};
  }
  if (kind == NameKind::kOther) {
    auto owner = request.key_of_id;
    if (!owner.has_value() && key.ok()) owner = KnownStreamOf(*key, is_known);
    if (!owner.has_value() || !IsInFolderOf(*owner, path)) return MediaRoute{};
    return MediaRoute{MediaKind::kSegment, *std::move(owner)};
  }
  const MediaKind part = kind == NameKind::kPlaylist ? MediaKind::kPlaylist : MediaKind::kSegment;
  if (request.key_of_id.has_value()) return MediaRoute{part, *request.key_of_id};
  if (!key.ok()) {
    if (kind == NameKind::kSegment && !tagged) return MediaRoute{};
    return key.status();
  }
  if (kind == NameKind::kLiveOrSegment && !tagged && is_known(*key)) {
    return MediaRoute{MediaKind::kLive, *std::move(key)};
  }
  if (auto known = KnownStreamOf(*key, is_known)) return MediaRoute{part, *std::move(known)};
  if (kind == NameKind::kPlaylist) return MediaRoute{part, *std::move(key)};
  if (tagged) {
    auto likely = Normalised(LikelyStreamOf(*std::move(key)));
    if (!likely.ok()) return likely.status();
    return MediaRoute{part, *std::move(likely)};
  }
  if (kind == NameKind::kLiveOrSegment) return MediaRoute{MediaKind::kLive, *std::move(key)};
  return MediaRoute{};
}

}  // namespace srsproxy
