// Bytes on their way: ranges that somebody else owns, in the order in which they are to be written.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <span>
#include <vector>

namespace srsproxy {

// Does not own what it points to; whoever fills it says how long that lives. Reused, it allocates
// nothing.
class Pieces {
 public:
  // A range that begins where the last one ends becomes part of it.
  void Append(std::span<const uint8_t> range) {
    if (range.empty()) return;
    bytes_ += range.size();
    if (!pieces_.empty()) {
      iovec& last = pieces_.back();
      if (static_cast<const uint8_t*>(last.iov_base) + last.iov_len == range.data()) {
        last.iov_len += range.size();
        return;
      }
    }
    pieces_.push_back({const_cast<uint8_t*>(range.data()), range.size()});
  }

  void Clear() {
    pieces_.clear();
    bytes_ = 0;
  }

  bool empty() const { return pieces_.empty(); }
  size_t bytes() const { return bytes_; }
  std::span<const iovec> view() const { return pieces_; }

  // Appends everything but the first `skip` bytes to `out`.
  void CopyTo(std::vector<uint8_t>& out, size_t skip = 0) const {
    for (const iovec& piece : pieces_) {
      const auto* data = static_cast<const uint8_t*>(piece.iov_base);
      if (skip >= piece.iov_len) {
        skip -= piece.iov_len;
        continue;
      }
      out.insert(out.end(), data + skip, data + piece.iov_len);
      skip = 0;
    }
  }

 private:
  std::vector<iovec> pieces_;
  size_t bytes_ = 0;
};

}  // namespace srsproxy
