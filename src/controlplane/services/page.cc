#include "controlplane/services/page.h"

#include <algorithm>

#include <absl/strings/escaping.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

constexpr int32_t kDefaultPageSize = 100;
constexpr int32_t kMaxPageSize = 1000;
constexpr std::string_view kTokenPrefix = "1:";  // The version of the token's form.

}  // namespace

absl::StatusOr<PageRequest> ParsePage(int32_t page_size, std::string_view page_token) {
  if (page_size < 0) return InvalidField("page_size", "must not be negative");
  PageRequest page;
  page.size = page_size == 0 ? kDefaultPageSize : std::min(page_size, kMaxPageSize);
  if (page_token.empty()) return page;
  std::string text;
  if (!absl::WebSafeBase64Unescape(ToAbsl(page_token), &text) ||
      !std::string_view(text).starts_with(kTokenPrefix)) {
    return InvalidPageToken();
  }
  page.after = text.substr(kTokenPrefix.size());
  return page;
}

absl::Status InvalidPageToken() {
  return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_PAGE_TOKEN,
                   "page_token: this call did not return it; start again with an empty one");
}

std::string MakePageToken(std::string_view last) {
  return absl::WebSafeBase64Escape(std::string(kTokenPrefix) + std::string(last));
}

}  // namespace srsproxy::control
