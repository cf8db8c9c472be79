// What stands in the streams x-feed and x-beats, and in which order: values.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/protocol/redis/reply.h"

namespace srsproxy::redis {

// An entry of x-feed or x-beats, as scripts/common.lua writes it. Valid within the call that brings
// it.
struct FeedEntry {
  std::string_view kind;
  bool here = false;  // This proxy wrote it.
  std::span<const Reply::Field> fields;

  std::string_view Get(std::string_view name) const;  // Empty: it has none.
};

// An entry as XREAD and XREVRANGE answer it.
struct StreamEntry {
  std::string_view id;
  std::vector<Reply::Field> fields;
  absl::Status unreadable;  // Not OK: the fields are, as they are too long; there are none.
};
absl::StatusOr<StreamEntry> ReadStreamEntry(const Reply& reply);

// Where a reader of x-feed is: entries are numbered without gaps in each history of the data.
class FeedPosition {
 public:
  // Of a reader that knows nothing yet, in the history `token`; empty: none has begun.
  void Reset(std::string_view token);
  // The last entry before those that are to be read.
  void SetLast(const StreamEntry& entry);

  // Whether `entry` is the next one. False: entries were missed, or another history has begun.
  bool Advance(const FeedEntry& entry);

  // Whether more than was read has been written, `fed` entries: twice in a row means that entries
  // are gone, since one that has just been written is read in between.
  bool IsBehindAgain(std::string_view fed);

  const std::string& history() const { return history_; }
  uint64_t number() const { return number_.value_or(0); }

 private:
  std::string history_;
  std::optional<uint64_t> number_;  // Of the last entry. Absent: none is known.
  std::optional<uint64_t> behind_;  // What number_ was when more had been written.
};

}  // namespace srsproxy::redis
