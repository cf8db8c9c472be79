#include "dataplane/core/redactor.h"

#include <absl/strings/ascii.h>

#include "dataplane/core/status.h"

namespace srsproxy {
namespace {

constexpr std::string_view kHidden = "***";
constexpr std::string_view kKeyStart = "?&;,# \t\r\n\"'(/";  // What may stand before a key.
constexpr std::string_view kValueEnd = "&;,# \t\r\n\"')";

// The text with the password of each `scheme://user:password@` hidden.
std::string HidePasswords(std::string_view text) {
  std::string out;
  size_t done = 0;
  for (size_t at = text.find("://"); at != std::string_view::npos; at = text.find("://", at)) {
    at += 3;
    const std::string_view authority =
        text.substr(at, text.find_first_of("/?# \t\r\n\"'", at) - at);
    const size_t user_end = authority.rfind('@');
    if (user_end == std::string_view::npos) continue;
    const size_t colon = authority.find(':');
    if (colon >= user_end) continue;
    out.append(text.substr(done, at + colon + 1 - done)).append(kHidden);
    done = at + user_end;
  }
  return out.append(text.substr(done));
}

}  // namespace

Redactor::Redactor(const std::vector<std::string>& keys) {
  for (const std::string& key : keys) keys_.insert(absl::AsciiStrToLower(key));
}

bool Redactor::IsSecret(std::string_view key) const {
  return keys_.contains(absl::AsciiStrToLower(ToAbsl(key)));
}

std::string Redactor::Redact(std::string_view text) const {
  std::string hidden;
  if (text.find("://") != std::string_view::npos && text.find('@') != std::string_view::npos) {
    hidden = HidePasswords(text);
    text = hidden;
  }
  std::string out;
  size_t done = 0;
  for (size_t equals = text.find('='); equals != std::string_view::npos;
       equals = text.find('=', equals + 1)) {
    const size_t before = text.substr(0, equals).find_last_of(kKeyStart);
    const size_t start = before == std::string_view::npos ? 0 : before + 1;
    if (start < done || !IsSecret(text.substr(start, equals - start))) continue;
    out.append(text.substr(done, equals + 1 - done)).append(kHidden);
    done = std::min(text.find_first_of(kValueEnd, equals + 1), text.size());
    equals = done - 1;
  }
  return out.append(text.substr(done));
}

}  // namespace srsproxy
