#include "tools/srsproxyctl/output/filter.h"

namespace srsproxy::ctl {

absl::StatusOr<FilterTerm> FilterTerm::Parse(std::string_view text,
                                             const std::vector<std::string>& fields) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos) {
    return absl::InvalidArgumentError("--filter '" + std::string(text) +
                                      "' is not of the form FIELD=VALUE");
  }
  const std::string_view field = text.substr(0, equals);
  const auto found = std::find(fields.begin(), fields.end(), field);
  if (found == fields.end()) {
    std::string known;
    for (const std::string& name : fields) known += (known.empty() ? "" : ", ") + name;
    return absl::InvalidArgumentError("--filter '" + std::string(text) + "' names the field '" +
                                      std::string(field) + "', which is not one of: " + known);
  }
  FilterTerm term;
  term.field_ = static_cast<size_t>(found - fields.begin());
  term.value_ = text.substr(equals + 1);
  term.prefix_ = !term.value_.empty() && term.value_.back() == '*';
  if (term.prefix_) term.value_.pop_back();
  return term;
}

bool FilterTerm::Matches(std::string_view text) const {
  return prefix_ ? text.starts_with(value_) : text == value_;
}

}  // namespace srsproxy::ctl
