// --filter FIELD=VALUE: which rows of a list are shown.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/statusor.h>

#include "tools/srsproxyctl/output/printer.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {

// One term. FIELD is a column's title in lower case; VALUE is the whole text shown there, or its
// beginning when it ends in `*`.
class FilterTerm {
 public:
  // INVALID_ARGUMENT: not FIELD=VALUE, or a field other than `fields` (in lower case).
  static absl::StatusOr<FilterTerm> Parse(std::string_view text,
                                          const std::vector<std::string>& fields);

  size_t field() const { return field_; }  // Index into the `fields` of Parse.
  bool Matches(std::string_view text) const;

 private:
  size_t field_ = 0;
  std::string value_;
  bool prefix_ = false;
};

// All terms of a command line; a message is shown when each matches.
template <typename Message>
class Filter {
 public:
  // `view` must outlive the filter.
  static absl::StatusOr<Filter> Parse(const std::vector<std::string>& terms,
                                      const View<Message>& view) {
    std::vector<std::string> fields;
    for (const auto& column : view.columns) fields.push_back(LowerCase(column.title));
    Filter filter(view);
    for (const std::string& term : terms) {
      absl::StatusOr<FilterTerm> parsed = FilterTerm::Parse(term, fields);
      if (!parsed.ok()) return parsed.status();
      filter.terms_.push_back(*std::move(parsed));
    }
    return filter;
  }

  bool Matches(const Message& message) const {
    for (const FilterTerm& term : terms_) {
      if (!term.Matches(view_->columns[term.field()].cell(message).text)) return false;
    }
    return true;
  }

  // Removes from `messages`, a repeated field, what does not match.
  template <typename Repeated>
  void Apply(Repeated& messages) const {
    const auto rejected = [this](const Message& message) { return !Matches(message); };
    messages.erase(std::remove_if(messages.begin(), messages.end(), rejected), messages.end());
  }

 private:
  explicit Filter(const View<Message>& view) : view_(&view) {}

  const View<Message>* view_;
  std::vector<FilterTerm> terms_;
};

}  // namespace srsproxy::ctl
