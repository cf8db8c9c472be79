#include "dataplane/core/vhost_policy.h"

#include <algorithm>

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <absl/strings/str_cat.h>

#include "dataplane/core/host.h"
#include "dataplane/core/stream_name.h"
#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

std::string_view Trimmed(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

}  // namespace

bool IsVhostName(std::string_view name) {
  return IsHostName(name) && CanonicalHost(name) != kSkippedLevel;
}

absl::StatusOr<VhostPolicy> VhostPolicy::Parse(std::string_view setting) {
  VhostPolicy policy;
  setting = Trimmed(setting);
  if (setting == "*") return policy;
  policy.all_ = false;
  if (setting == "none") return policy;
  while (!setting.empty()) {
    const size_t end = std::min(setting.find(','), setting.size());
    const std::string_view name = Trimmed(setting.substr(0, end));
    setting.remove_prefix(std::min(end + 1, setting.size()));
    if (!IsVhostName(name)) {
      return absl::InvalidArgumentError(
          absl::StrCat(Quoted(name), " is no host name: write *, none, or names with commas"));
    }
    policy.listed_.push_back(CanonicalHost(name));
  }
  if (policy.listed_.empty()) {
    return absl::InvalidArgumentError("is empty: write *, none, or names with commas");
  }
  return policy;
}

std::string VhostPolicy::Apply(std::string_view host) const {
  if (all_ && host.find('.') == std::string_view::npos) return std::string(kDefaultVhost);
  return ApplyNamed(host);
}

std::string VhostPolicy::ApplyNamed(std::string_view vhost) const {
  if (!IsVhostName(vhost) || absl::EqualsIgnoreCase(ToAbsl(vhost), ToAbsl(kDefaultVhost))) {
    return std::string(kDefaultVhost);
  }
  std::string canonical = CanonicalHost(vhost);
  const bool known = all_ || std::find(listed_.begin(), listed_.end(), canonical) != listed_.end();
  return known ? canonical : std::string(kDefaultVhost);
}

}  // namespace srsproxy
