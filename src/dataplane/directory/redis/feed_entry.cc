#include "dataplane/directory/redis/feed_entry.h"

#include <utility>

#include <absl/strings/numbers.h>
#include <absl/strings/str_cat.h>

namespace srsproxy::redis {
namespace {

std::optional<uint64_t> NumberIn(std::string_view text) {
  uint64_t number = 0;
  if (!absl::SimpleAtoi(ToAbsl(text), &number)) return std::nullopt;
  return number;
}

}  // namespace

std::string_view FeedEntry::Get(std::string_view name) const {
  for (const auto& [field, value] : fields) {
    if (field == name) return value;
  }
  return {};
}

absl::StatusOr<StreamEntry> ReadStreamEntry(const Reply& reply) {
  const auto parts = reply.AsArrayOf(2);
  if (!parts.ok()) return parts.status();
  StreamEntry entry;
  const auto id = (*parts)[0].AsText();
  if (!id.ok()) return id.status();
  entry.id = *id;
  auto fields = (*parts)[1].AsFields();
  if (fields.ok()) {
    entry.fields = *std::move(fields);
  } else {
    entry.unreadable = fields.status();
  }
  return entry;
}

void FeedPosition::Reset(std::string_view token) {
  history_ = std::string(token);
  number_.reset();
  behind_.reset();
}

void FeedPosition::SetLast(const StreamEntry& entry) {
  const FeedEntry last{.kind = {}, .fields = entry.fields};
  number_ = NumberIn(last.Get("number"));
  // A history may have begun since it was asked for.
  if (history_.empty()) history_ = std::string(last.Get("history"));
}

bool FeedPosition::Advance(const FeedEntry& entry) {
  const auto number = NumberIn(entry.Get("number"));
  if (!number.has_value()) return false;
  const std::string_view token = entry.Get("history");
  if (history_.empty() && !number_.has_value()) history_ = std::string(token);
  const bool is_next = token == history_ && (!number_.has_value() || *number == *number_ + 1);
  if (is_next) number_ = number;
  return is_next;
}

bool FeedPosition::IsBehindAgain(std::string_view fed) {
  const bool behind = number_.has_value() && fed != absl::StrCat(*number_);
  if (!behind) {
    behind_.reset();
    return false;
  }
  return std::exchange(behind_, number_) == number_;
}

}  // namespace srsproxy::redis
