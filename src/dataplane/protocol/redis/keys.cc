#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {
namespace {

std::string PrefixOf(std::string_view setting) {
  return setting.empty() ? std::string() : std::string(setting) + ":";
}

}  // namespace

Keys::Keys(std::string_view prefix) : prefix_(PrefixOf(prefix)) {}

std::string Keys::Make(KeyKind kind, std::string_view name) const {
  std::string key;
  key.reserve(prefix_.size() + ToName(kind).size() + name.size());
  return key.append(prefix_).append(ToName(kind)).append(name);
}

std::optional<Keys::Parsed> Keys::Parse(std::string_view key) const {
  if (!key.starts_with(prefix_)) return std::nullopt;
  key.remove_prefix(prefix_.size());
  // No kind's text begins another's.
  for (const auto& [kind, text] : kEnumTable<KeyKind>) {
    if (!key.starts_with(text)) continue;
    const std::string_view name = key.substr(text.size());
    if (name.empty() == HasName(kind)) return std::nullopt;
    return Parsed{kind, name};
  }
  return std::nullopt;
}

std::optional<std::string_view> Keys::NameIn(KeyKind kind, std::string_view key) const {
  const auto parsed = Parse(key);
  if (!parsed.has_value() || parsed->kind != kind) return std::nullopt;
  return parsed->name;
}

std::string Keys::Pattern(KeyKind kind) const {
  std::string pattern;
  for (const char c : prefix_) {
    if (c == '*' || c == '?' || c == '[' || c == ']' || c == '\\' || c == '^') pattern += '\\';
    pattern += c;
  }
  pattern += ToName(kind);
  if (HasName(kind)) pattern += '*';
  return pattern;
}

std::optional<ProxyName> ProxyName::Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == text.size()) {
    return std::nullopt;
  }
  return ProxyName{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1))};
}

}  // namespace srsproxy::redis
