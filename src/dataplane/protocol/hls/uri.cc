#include "dataplane/protocol/hls/uri.h"

#include <algorithm>
#include <vector>

namespace srsproxy::hls {
namespace {

constexpr std::string_view kDirectives[] = {"_HLS_msn", "_HLS_part", "_HLS_skip"};

struct Parts {
  std::string_view path;      // With scheme and authority, where there are any.
  std::string_view query;     // With its '?'.
  std::string_view fragment;  // With its '#'.
};

Parts Split(std::string_view uri) {
  Parts parts;
  const size_t hash = std::min(uri.find('#'), uri.size());
  parts.fragment = uri.substr(hash);
  uri = uri.substr(0, hash);
  const size_t question = std::min(uri.find('?'), uri.size());
  parts.path = uri.substr(0, question);
  parts.query = uri.substr(question);
  return parts;
}

std::string_view NameOf(std::string_view parameter) {
  return parameter.substr(0, parameter.find('='));
}

// Calls `visit` with each parameter of a query.
template <typename Visit>
void ForEachParameter(std::string_view query, Visit visit) {
  if (query.empty()) return;
  query.remove_prefix(1);
  while (true) {
    const size_t end = std::min(query.find('&'), query.size());
    visit(query.substr(0, end));
    if (end == query.size()) return;
    query.remove_prefix(end + 1);
  }
}

// The query without the parameters that `drop` names; "" when nothing is left.
template <typename Drop>
std::string Without(std::string_view query, Drop drop) {
  std::string kept;
  ForEachParameter(query, [&](std::string_view parameter) {
    if (drop(NameOf(parameter))) return;
    kept += kept.empty() ? '?' : '&';
    kept += parameter;
  });
  return kept;
}

bool IsId(std::string_view name) { return name == kIdParameter; }

std::optional<std::string_view> ValueOf(std::string_view target, std::string_view name) {
  std::optional<std::string_view> found;
  ForEachParameter(Split(target).query, [&](std::string_view parameter) {
    if (found.has_value() || NameOf(parameter) != name) return;
    const auto value = parameter.substr(std::min(name.size() + 1, parameter.size()));
    if (!value.empty()) found = value;
  });
  return found;
}

// With `name=value` as the last parameter, in place of those of that name.
std::string WithValue(std::string_view uri, std::string_view name, std::string_view value) {
  const Parts parts = Split(uri);
  std::string query =
      Without(parts.query, [name](std::string_view other) { return other == name; });
  if (query.empty()) {
    query = '?';
  } else if (query != "?" && !query.ends_with('&')) {
    query += '&';
  }
  std::string result(parts.path);
  ((result += query) += name) += '=';
  return (result += value) += parts.fragment;
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool EqualIgnoringCase(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](char x, char y) { return Lower(x) == Lower(y); });
}

// The scheme that `uri` starts with, or "".
std::string_view SchemeOf(std::string_view uri) {
  const size_t end = uri.find_first_of(":/?#");
  return end == uri.npos || uri[end] != ':' ? std::string_view() : uri.substr(0, end);
}

struct Authority {
  std::string_view host;
  std::string_view port;
};

Authority SplitAuthority(std::string_view text, std::string_view default_port) {
  const size_t colon = text.rfind(':');
  const size_t bracket = text.rfind(']');
  const bool has_port = colon != text.npos && (bracket == text.npos || colon > bracket);
  if (!has_port) return {text, default_port};
  const auto port = text.substr(colon + 1);
  return {text.substr(0, colon), port.empty() ? default_port : port};
}

bool IsOwn(std::string_view authority, std::string_view default_port,
           std::span<const std::string> own) {
  const auto requested = SplitAuthority(authority, default_port);
  return std::any_of(own.begin(), own.end(), [&](const std::string& known) {
    const auto ours = SplitAuthority(known, default_port);
    return EqualIgnoringCase(requested.host, ours.host) && requested.port == ours.port;
  });
}

// RFC 3986, section 5.2.4.
std::string RemoveDots(std::string_view path) {
  std::vector<std::string_view> kept;
  std::string_view rest = path.substr(1);
  while (true) {
    const size_t end = std::min(rest.find('/'), rest.size());
    const auto segment = rest.substr(0, end);
    const bool last = end == rest.size();
    if (segment == "..") {
      if (!kept.empty()) kept.pop_back();
    } else if (segment != ".") {
      kept.push_back(segment);
    }
    if (last) {
      if (segment == "." || segment == "..") kept.emplace_back();
      break;
    }
    rest.remove_prefix(end + 1);
  }
  std::string result;
  for (const auto segment : kept) (result += '/') += segment;
  return result.empty() ? "/" : result;
}

}  // namespace

std::optional<std::string_view> IdOf(std::string_view target) {
  return ValueOf(target, kIdParameter);
}

std::optional<std::string_view> ContextOf(std::string_view target) {
  const auto context = ValueOf(target, kContextParameter);
  return context.has_value() && context->size() <= kMaxContextBytes ? context : std::nullopt;
}

std::string WithId(std::string_view uri, std::string_view id) {
  return WithValue(uri, kIdParameter, id);
}

std::string WithContext(std::string_view uri, std::string_view context) {
  return WithValue(uri, kContextParameter, context);
}

std::string WithoutId(std::string_view target) {
  const Parts parts = Split(target);
  return (std::string(parts.path) += Without(parts.query, IsId)) += parts.fragment;
}

std::string WithoutDirectives(std::string_view target) {
  const Parts parts = Split(target);
  const auto is_directive = [](std::string_view name) {
    return std::find(std::begin(kDirectives), std::end(kDirectives), name) != std::end(kDirectives);
  };
  return (std::string(parts.path) += Without(parts.query, is_directive)) += parts.fragment;
}

std::optional<std::string> AtOwnHost(std::string_view uri,
                                     std::span<const std::string> own_authorities) {
  const auto scheme = SchemeOf(uri);
  std::string_view rest = uri;
  if (!scheme.empty()) rest.remove_prefix(scheme.size() + 1);
  if (!rest.starts_with("//")) {
    return scheme.empty() ? std::optional<std::string>(uri) : std::nullopt;
  }
  const bool http = EqualIgnoringCase(scheme, "http");
  const bool https = EqualIgnoringCase(scheme, "https");
  if (!scheme.empty() && !http && !https) return std::nullopt;
  rest.remove_prefix(2);
  const size_t end = std::min(rest.find_first_of("/?#"), rest.size());
  const std::string_view default_port = http ? "80" : https ? "443" : "";
  if (!IsOwn(rest.substr(0, end), default_port, own_authorities)) return std::nullopt;
  rest.remove_prefix(end);
  if (!rest.starts_with('/')) return "/" + std::string(rest);
  // By itself //path would name a host.
  return (rest.starts_with("//") ? "/." : "") + std::string(rest);
}

std::string Resolve(std::string_view uri, std::string_view base) {
  if (uri.starts_with('/')) return std::string(uri);
  const std::string_view path = Split(base).path;
  const std::string_view own_path = Split(uri).path;
  const std::string_view folder = own_path.empty() ? path : path.substr(0, path.rfind('/') + 1);
  return std::string(folder) += uri;
}

std::optional<std::string> TargetOf(std::string_view uri, std::string_view base,
                                    std::span<const std::string> own_authorities) {
  const auto own = AtOwnHost(uri, own_authorities);
  if (!own.has_value()) return std::nullopt;
  const std::string resolved = Resolve(*own, base);
  if (!resolved.starts_with('/')) return std::nullopt;
  const Parts parts = Split(resolved);
  return RemoveDots(parts.path) += parts.query;
}

}  // namespace srsproxy::hls
