#include "controlplane/services/watch_token.h"

#include <charconv>
#include <optional>
#include <system_error>

#include <absl/strings/escaping.h>
#include <absl/strings/str_cat.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

// `1:{epoch}:{sequence}:{proxy id}`; 1 is the version of this form.
constexpr std::string_view kPrefix = "1:";

// The number up to the next ':', which is taken off `text`, too.
std::optional<uint64_t> TakeNumber(std::string_view& text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end == text.data() + text.size() || *end != ':') return std::nullopt;
  text.remove_prefix(static_cast<size_t>(end + 1 - text.data()));
  return number;
}

std::optional<WatchPosition> Parse(std::string_view token) {
  std::string decoded;
  if (!absl::WebSafeBase64Unescape(ToAbsl(token), &decoded)) return std::nullopt;
  std::string_view text = decoded;
  if (!text.starts_with(kPrefix)) return std::nullopt;
  text.remove_prefix(kPrefix.size());
  const auto epoch = TakeNumber(text);
  const auto sequence = epoch ? TakeNumber(text) : std::nullopt;
  if (!sequence) return std::nullopt;
  return WatchPosition{std::string(text), *epoch, *sequence};
}

}  // namespace

std::string MakeWatchToken(const WatchPosition& position) {
  return absl::WebSafeBase64Escape(absl::StrCat(ToAbsl(kPrefix), position.epoch, ":",
                                                position.sequence, ":", position.proxy_id));
}

absl::StatusOr<WatchPosition> ParseWatchToken(std::string_view token) {
  auto position = Parse(token);
  if (!position) {
    return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_WATCH_TOKEN,
                     "resume_token: Watch did not return it; start again with an empty one");
  }
  return *std::move(position);
}

}  // namespace srsproxy::control
