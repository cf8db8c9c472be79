#include "dataplane/core/bytes.h"

#include <algorithm>

namespace srsproxy {

void BufferSequence::AppendCopy(std::span<const uint8_t> bytes) {
  while (!bytes.empty()) {
    if (block_fill_ == kBlockSize) {
      if (blocks_used_ == blocks_.size())
        blocks_.push_back(std::make_unique<uint8_t[]>(kBlockSize));
      ++blocks_used_;
      block_fill_ = 0;
    }
    uint8_t* const to = blocks_[blocks_used_ - 1].get() + block_fill_;
    const size_t count = std::min(bytes.size(), kBlockSize - block_fill_);
    std::copy_n(bytes.data(), count, to);
    block_fill_ += count;
    AppendView({to, count});
    bytes = bytes.subspan(count);
  }
}

void BufferSequence::Clear() {
  constexpr size_t kBlocksKept = 4;
  constexpr size_t kPiecesKept = 1024;
  list_.clear();
  if (list_.capacity() > kPiecesKept) list_.shrink_to_fit();
  if (blocks_.size() > kBlocksKept) blocks_.resize(kBlocksKept);
  blocks_used_ = 0;
  block_fill_ = kBlockSize;
  total_bytes_ = 0;
}

void BufferSequence::CopyTo(std::vector<uint8_t>& to, size_t skip) const {
  to.reserve(to.size() + total_bytes_ - std::min(skip, total_bytes_));
  for (const Buffer& buffer : list_) {
    const size_t skipped = std::min(skip, buffer.size());
    skip -= skipped;
    to.insert(to.end(), buffer.begin() + static_cast<ptrdiff_t>(skipped), buffer.end());
  }
}

}  // namespace srsproxy
