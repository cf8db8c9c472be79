#include "dataplane/protocol/srs_api/list_page.h"

#include <algorithm>
#include <numeric>

namespace srsproxy::srs_api {
namespace {

// How much further out each question is.
constexpr size_t kStride = 4;

}  // namespace

std::vector<ItemRange> PageRanges(std::span<const size_t> sizes, size_t start, size_t count) {
  std::vector<ItemRange> ranges;
  ranges.reserve(sizes.size());
  for (const size_t size : sizes) {
    const size_t skipped = std::min(start, size);
    const size_t taken = std::min(count, size - skipped);
    ranges.push_back({skipped, taken});
    start -= skipped;
    count -= taken;
  }
  return ranges;
}

bool HasMore(std::span<const size_t> sizes, size_t start, size_t count) {
  return std::accumulate(sizes.begin(), sizes.end(), size_t{0}) > start + count;
}

std::optional<size_t> SizeProbe::next() const {
  if (at_least_ >= at_most_) return std::nullopt;
  if (at_most_ == limit_) return std::min(at_least_ * kStride, limit_ - 1);
  return at_least_ + (at_most_ - at_least_) / 2;
}

void SizeProbe::Found(size_t items) {
  const size_t at = *next();
  if (items == 0) {
    at_most_ = at;
    return;
  }
  at_least_ = std::min(at + items, at_most_);
  if (items != kCount) at_most_ = at_least_;
}

}  // namespace srsproxy::srs_api
