#include "dataplane/core/stream_url.h"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_replace.h>

#include "dataplane/core/host.h"
#include "dataplane/core/percent.h"
#include "dataplane/core/query.h"
#include "dataplane/core/stream_name.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

constexpr size_t kMaxKeyBytes = 512;
// Of RTMP, where the address names no app.
constexpr std::string_view kMissingApp = "__defaultApp__";
// Of SRT and WHIP, where the client names none.
constexpr std::string_view kDefaultApp = "live";
constexpr std::string_view kDefaultStream = "livestream";
constexpr std::string_view kFmleVhost = "...vhost...";
// SRS splits queries at more than '&'; a '/' or '?' in one starts something else.
constexpr std::string_view kQuerySeparators = "&;,?#/";

using Levels = std::vector<std::string>;

absl::Status Invalid(std::string_view message) {
  return ClientFailure(absl::StatusCode::kInvalidArgument, message);
}

std::string_view Trimmed(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return absl::EqualsIgnoreCase(ToAbsl(a), ToAbsl(b));
}

// The text up to, and after, the first of `separators`.
std::pair<std::string_view, std::string_view> CutAt(std::string_view text,
                                                    std::string_view separators) {
  const size_t at = text.find_first_of(separators);
  if (at == std::string_view::npos) return {text, {}};
  return {text.substr(0, at), text.substr(at + 1)};
}

// The first non-empty value of `name`.
std::string_view QueryValue(std::string_view query, std::string_view name,
                            std::string_view separators = kQuerySeparators) {
  while (!query.empty()) {
    const QueryParameter parameter = TakeParameter(query, separators);
    if (parameter.name == name && !parameter.value.empty()) return parameter.value;
  }
  return {};
}

// The host of `host:port`, `[ip6]:port` and so on.
std::string_view WithoutPort(std::string_view authority) {
  if (authority.starts_with('[')) return CutAt(authority.substr(1), "]").first;
  // More than one colon: an IPv6 address without brackets.
  if (std::count(authority.begin(), authority.end(), ':') > 1) return authority;
  return CutAt(authority, ":").first;
}

struct Url {
  std::string_view scheme;
  std::string_view authority;
  std::string_view rest;  // Path and query, without the first '/'.
};

std::optional<Url> SplitUrl(std::string_view text) {
  const size_t colon = text.find("://");
  if (colon == std::string_view::npos || text.find_first_of("/?#") < colon) return std::nullopt;
  const std::string_view after = text.substr(colon + 3);
  const size_t end = std::min(after.find_first_of("/?#"), after.size());
  std::string_view authority = after.substr(0, end);
  if (const size_t at = authority.rfind('@'); at != std::string_view::npos) {
    authority.remove_prefix(at + 1);  // user:password@
  }
  std::string_view rest = after.substr(end);
  if (rest.starts_with('/')) rest.remove_prefix(1);
  return Url{text.substr(0, colon), authority, rest};
}

struct PathAndQuery {
  std::string_view path;
  std::string_view query;
};

PathAndQuery SplitQuery(std::string_view text) {
  const auto [path, query] = CutAt(text, "?#");
  return {path, query};
}

// Whether the path without its first '/' is that of WHIP or WHEP.
bool IsWhip(std::string_view path_and_query) {
  constexpr std::string_view kPaths[] = {"rtc/v1/whip", "rtc/v1/whip-play", "rtc/v1/whep"};
  std::string_view path = SplitQuery(path_and_query).path;
  if (path.ends_with('/')) path.remove_suffix(1);
  return std::find(std::begin(kPaths), std::end(kPaths), path) != std::end(kPaths);
}

std::string WithFmleVhostAsQuery(std::string_view text) {
  return absl::StrReplaceAll(ToAbsl(text), {{ToAbsl(kFmleVhost), "?vhost="}});
}

// `host`: of the address, without port. `named`: the value of vhost=, or empty.
absl::StatusOr<std::string> ResolveVhost(std::string_view host, std::string_view named,
                                         const VhostPolicy& vhosts) {
  const std::string decoded = WithoutBlanks(PercentDecoded(named));
  const std::string_view wanted = WithoutPort(decoded);
  if (wanted.empty() || EqualsIgnoreCase(wanted, kDefaultVhost)) return vhosts.Apply(host);
  if (!IsVhostName(wanted) && !IsIpAddress(wanted)) {
    return Invalid(absl::StrCat("the vhost ", Quoted(wanted), " is no host name"));
  }
  return vhosts.ApplyNamed(wanted);
}

// `levels`: normal ones. Every key is made here.
absl::StatusOr<StreamKey> MakeKey(std::string vhost, Levels levels) {
  if (levels.empty()) return Invalid("the stream has no app and no name");
  if (levels.size() == 1) {
    return Invalid(absl::StrCat("only ", Quoted(levels.front()),
                                " is given: a stream needs an app and a name (app/stream)"));
  }
  auto name = StreamNameOf(levels.back());
  if (!name.ok()) return name.status();
  levels.pop_back();
  StreamKey key{std::move(vhost), absl::StrJoin(levels, "/"), *std::move(name)};
  if (key.vhost.size() + key.app.size() + key.stream.size() > kMaxKeyBytes) {
    return Invalid(absl::StrCat("the stream's name is longer than ", kMaxKeyBytes, " bytes"));
  }
  return key;
}

// `texts`: pieces that follow each other in the URL, each `path?query`, the first that of the app;
// a later piece's query wins.
absl::StatusOr<StreamKey> KeyFromPieces(std::string_view host,
                                        std::initializer_list<std::string_view> texts,
                                        const VhostPolicy& vhosts) {
  Levels levels;
  std::string query;
  size_t app_levels = 0;
  for (const std::string_view& text : texts) {
    const std::string plain = WithFmleVhostAsQuery(text);
    const PathAndQuery piece = SplitQuery(plain);
    if (auto status = AppendStreamLevels(piece.path, levels); !status.ok()) return status;
    if (&text == texts.begin()) app_levels = levels.size();
    query = absl::StrCat(ToAbsl(piece.query), "&", query);
  }
  // FMLE puts the app's query before the stream: app?k=v/stream.
  if (const size_t slash = query.rfind('/'); levels.size() == 1 && slash != std::string::npos) {
    const std::string_view stream =
        CutAt(std::string_view(query).substr(slash + 1), kQuerySeparators).first;
    if (auto status = AppendStreamLevels(stream, levels); !status.ok()) return status;
  }
  if (levels.size() == 1 && app_levels == 0) levels.emplace(levels.begin(), kMissingApp);

  std::string_view named = QueryValue(query, "vhost");
  if (named.empty()) named = QueryValue(query, "domain");
  auto vhost = ResolveVhost(WithoutPort(host), named, vhosts);
  if (!vhost.ok()) return vhost.status();
  return MakeKey(*std::move(vhost), std::move(levels));
}

absl::StatusOr<StreamKey> KeyFromShownText(std::string_view text, const VhostPolicy& vhosts) {
  Levels levels;
  const std::string_view path = SplitQuery(text).path;
  if (auto status = AppendStreamLevels(path, levels); !status.ok()) return status;
  std::string vhost(kDefaultVhost);
  if (levels.size() > 2) {
    auto named = ResolveVhost("", levels.front(), vhosts);
    if (!named.ok()) return named.status();
    vhost = *std::move(named);
    levels.erase(levels.begin());
  }
  return MakeKey(std::move(vhost), std::move(levels));
}

}  // namespace

std::string StreamKey::ToString() const { return absl::StrCat(vhost, "/", app, "/", stream); }

std::string StreamKey::UrlPath() const {
  return EscapedForPath(absl::StrCat("/", app, "/", stream));
}

absl::StatusOr<StreamKey> Normalised(const StreamKey& key) {
  Levels levels;
  for (const std::string* part : {&key.app, &key.stream}) {
    if (auto status = AppendStreamLevels(*part, levels); !status.ok()) return status;
  }
  return MakeKey(key.vhost, std::move(levels));
}

absl::StatusOr<StreamKey> StreamKeyFromRtmp(std::string_view tc_url, std::string_view app,
                                            std::string_view stream_name,
                                            const VhostPolicy& vhosts) {
  const auto url = SplitUrl(tc_url);
  const std::string_view host = url.has_value() ? url->authority : std::string_view();
  const bool has_path = url.has_value() && !url->rest.empty();
  return KeyFromPieces(host, {has_path ? url->rest : app, stream_name}, vhosts);
}

absl::StatusOr<StreamKey> StreamKeyFromHttp(std::string_view host, std::string_view target,
                                            const VhostPolicy& vhosts) {
  if (const auto url = SplitUrl(target)) return KeyFromPieces(url->authority, {url->rest}, vhosts);
  return KeyFromPieces(host, {target}, vhosts);
}

absl::StatusOr<StreamKey> StreamKeyFromWhip(std::string_view host, std::string_view target,
                                            const VhostPolicy& vhosts) {
  constexpr std::string_view kSeparators = "&;#";
  const auto url = SplitUrl(target);
  const std::string_view query = SplitQuery(url.has_value() ? url->rest : target).query;
  // In a query value an escaped '/' separates levels like any other.
  std::string app = PercentDecoded(QueryValue(query, "app", kSeparators), "?#%");
  std::string stream = PercentDecoded(QueryValue(query, "stream", kSeparators), "?#%");
  if (app.empty()) app = kDefaultApp;
  if (stream.empty()) stream = kDefaultStream;
  std::string_view named = QueryValue(query, "vhost");
  if (named.empty()) named = QueryValue(query, "domain");
  const std::string vhost_query = absl::StrCat("?vhost=", ToAbsl(named));
  return KeyFromPieces(url.has_value() ? url->authority : host, {app, stream, vhost_query}, vhosts);
}

absl::StatusOr<SrtStreamId> StreamKeyFromSrt(std::string_view stream_id,
                                             const VhostPolicy& vhosts) {
  constexpr std::string_view kPrefix = "#!::";
  SrtStreamId result;
  std::string_view path = stream_id;
  std::string_view vhost;
  if (stream_id.empty()) {
    result.publish = true;
  } else if (stream_id.starts_with(kPrefix)) {
    // A '?' starts further parameters, as in r=live/livestream?secret=x,m=publish.
    constexpr std::string_view kSeparators = ",?&;";
    const std::string_view pairs = stream_id.substr(kPrefix.size());
    path = QueryValue(pairs, "r", kSeparators);
    vhost = QueryValue(pairs, "h", kSeparators);
    if (const size_t slash = vhost.find('/'); slash != std::string_view::npos) {
      const bool has_vhost = vhost.find('/', slash + 1) != std::string_view::npos;
      if (path.empty()) path = has_vhost ? vhost.substr(slash + 1) : vhost;
      vhost = has_vhost ? vhost.substr(0, slash) : std::string_view();
    }
    const std::string_view mode = QueryValue(pairs, "m", kSeparators);
    result.publish = EqualsIgnoreCase(mode, "publish");
    if (!mode.empty() && !result.publish && !EqualsIgnoreCase(mode, "request")) {
      return Invalid(
          absl::StrCat("the stream id's mode ", Quoted(mode), " is neither publish nor request"));
    }
    if (path.empty()) return Invalid("the stream id names no stream: write r=app/stream");
  }
  std::string named(SplitQuery(path).path);
  if (named.empty()) named = kDefaultStream;
  if (named.find('/') == std::string::npos) {
    named = absl::StrCat(ToAbsl(kDefaultApp), "/", named);
  }
  const std::string vhost_query = absl::StrCat("?vhost=", ToAbsl(vhost));
  auto key = KeyFromPieces("", {named, vhost_query}, vhosts);
  if (!key.ok()) return key.status();
  result.key = *std::move(key);
  return result;
}

absl::StatusOr<StreamKey> StreamKeyFromText(std::string_view text, const VhostPolicy& vhosts) {
  const auto url = SplitUrl(Trimmed(text));
  if (!url.has_value()) return KeyFromShownText(text, vhosts);
  if (EqualsIgnoreCase(url->scheme, "srt")) {
    const std::string_view raw = QueryValue(SplitQuery(url->rest).query, "streamid", "&");
    if (raw.empty()) return Invalid("the SRT URL has no streamid");
    const auto id = StreamKeyFromSrt(PercentDecoded(raw, ""), vhosts);
    if (!id.ok()) return id.status();
    return id->key;
  }
  if (absl::StartsWithIgnoreCase(ToAbsl(url->scheme), "http")) {
    if (IsWhip(url->rest)) return StreamKeyFromWhip(url->authority, url->rest, vhosts);
    return KeyFromPieces(url->authority, {url->rest}, vhosts);  // An app cannot be missing.
  }
  return KeyFromPieces(url->authority, {"", url->rest}, vhosts);
}

}  // namespace srsproxy
