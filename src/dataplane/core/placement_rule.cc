#include "dataplane/core/placement_rule.h"

#include <algorithm>

#include <absl/strings/ascii.h>
#include <absl/strings/str_cat.h>
#include <absl/strings/str_join.h>
#include <absl/strings/str_split.h>

#include "dataplane/core/text.h"

namespace srsproxy {
namespace {

constexpr std::string_view kArrow = "->";
constexpr std::string_view kEverything = "*";

std::string_view Trimmed(std::string_view text) {
  return ToStd(absl::StripAsciiWhitespace(ToAbsl(text)));
}

absl::Status Wrong(std::string_view text, std::string_view reason) {
  return absl::InvalidArgumentError(absl::StrCat(Quoted(text), ": ", ToAbsl(reason)));
}

// In time of the product of both lengths at most.
bool GlobMatches(std::string_view glob, std::string_view text) {
  size_t at_glob = 0;
  size_t at_text = 0;
  size_t star = std::string_view::npos;  // The last `*`, which matches up to `resume`.
  size_t resume = 0;
  while (at_text < text.size()) {
    const char wanted = at_glob < glob.size() ? glob[at_glob] : '\0';
    if (wanted == '*') {
      star = at_glob++;
      resume = at_text;
    } else if (at_glob < glob.size() &&
               (wanted == text[at_text] || (wanted == '?' && text[at_text] != '/'))) {
      ++at_glob;
      ++at_text;
    } else if (star != std::string_view::npos && text[resume] != '/') {
      at_glob = star + 1;
      at_text = ++resume;
    } else {
      return false;
    }
  }
  return glob.substr(at_glob).find_first_not_of('*') == std::string_view::npos;
}

std::string_view ValueOf(const Origin& origin, const std::string& label) {
  if (label == "zone") return origin.zone;
  if (label == "server") return origin.registration.server;
  const auto found = origin.labels.find(label);
  return found == origin.labels.end() ? std::string_view() : found->second;
}

}  // namespace

absl::StatusOr<PlacementRule> PlacementRule::Parse(std::string_view text) {
  const size_t arrow = text.find(kArrow);
  if (arrow == std::string_view::npos) {
    return Wrong(text, "is not written `glob -> label=value`");
  }
  if (!IsPrintableUtf8(text)) return Wrong(text, "is not printable UTF-8");
  PlacementRule rule;
  rule.glob_ = Trimmed(text.substr(0, arrow));
  if (rule.glob_ != kEverything && rule.glob_.find('/') == std::string::npos) {
    return Wrong(text, "the glob is neither of `vhost/app` nor `*`");
  }
  for (const auto part : absl::StrSplit(ToAbsl(text.substr(arrow + kArrow.size())), ',')) {
    const std::string_view pair = ToStd(part);
    const size_t equals = pair.find('=');
    const std::string label(Trimmed(pair.substr(0, equals)));
    const std::string value(equals == std::string_view::npos ? ""
                                                             : Trimmed(pair.substr(equals + 1)));
    if (label.empty() || value.empty()) {
      return Wrong(text, "the selector is no list of `label=value`");
    }
    const bool twice = std::any_of(rule.selector_.begin(), rule.selector_.end(),
                                   [&](const auto& other) { return other.first == label; });
    if (twice) return Wrong(text, absl::StrCat("the label ", label, " is given twice"));
    rule.selector_.emplace_back(label, value);
  }
  return rule;
}

bool PlacementRule::Fits(const StreamKey& key) const {
  return glob_ == kEverything || GlobMatches(glob_, absl::StrCat(key.vhost, "/", key.app));
}

bool PlacementRule::Selects(const Origin& origin) const {
  return std::all_of(selector_.begin(), selector_.end(), [&](const auto& wanted) {
    return ValueOf(origin, wanted.first) == wanted.second;
  });
}

std::string PlacementRule::ToString() const {
  return absl::StrCat(glob_, " -> ", absl::StrJoin(selector_, ",", absl::PairFormatter("=")));
}

}  // namespace srsproxy
