// Pages of one list that is spread over many origins: all items of the first origin, then all of
// the second, and so on, each origin's in its own order, which SRS keeps sorted by id. So a page
// has the same items as long as nothing comes or goes.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace srsproxy::srs_api {

// Of one origin's list.
struct ItemRange {
  size_t start = 0;
  size_t count = 0;

  friend bool operator==(const ItemRange&, const ItemRange&) = default;
};

// What each origin contributes to the page of `count` items from `start` on; `sizes` of their
// lists.
std::vector<ItemRange> PageRanges(std::span<const size_t> sizes, size_t start, size_t count);

// Whether there are items after that page.
bool HasMore(std::span<const size_t> sizes, size_t start, size_t count);

// Finds the size of an origin's list by looking at few items of it, for SRS does not report it:
// requests further and further out until nothing is there, then halves. Some 15 questions for
// 10,000 items.
class SizeProbe {
 public:
  // SRS answers ten items at least.
  static constexpr size_t kCount = 10;

  // A list of `limit` items or more counts as one of `limit`.
  explicit SizeProbe(size_t limit) : at_most_(limit), limit_(limit) {}

  // Where to request kCount items from next; nullopt: the size is known.
  std::optional<size_t> next() const;
  // How many items came for next(). More than were requested: the origin knows no pages, and that
  // was all.
  void Found(size_t items);

  // Once next() has nothing more.
  size_t size() const { return at_least_; }

 private:
  size_t at_least_ = 0;
  size_t at_most_;
  const size_t limit_;
};

}  // namespace srsproxy::srs_api
