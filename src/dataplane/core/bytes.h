// What is to be written to a socket, as a list of views.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace srsproxy {

// An ordered list of byte ranges. Views point into memory of others (the caller's read buffer) and
// live as long as that; copies are owned by this object and live until Clear. Meant to be kept and
// reused, by a worker rather than by a session. Used by one thread.
class BufferSequence {
 public:
  using Buffer = std::span<const uint8_t>;

  // Appends a view of `bytes`. A view that starts where the last buffer ends extends that buffer.
  void AppendView(std::span<const uint8_t> bytes) {
    if (bytes.empty()) return;
    total_bytes_ += bytes.size();
    if (!list_.empty() && list_.back().data() + list_.back().size() == bytes.data()) {
      list_.back() = Buffer(list_.back().data(), list_.back().size() + bytes.size());
    } else {
      list_.push_back(bytes);
    }
  }

  // Appends a copy of `bytes`, which may become several buffers.
  void AppendCopy(std::span<const uint8_t> bytes);

  // Forgets every buffer and copy; keeps a little memory for the next use.
  void Clear();

  std::span<const Buffer> list() const { return list_; }
  bool empty() const { return list_.empty(); }
  size_t total_bytes() const { return total_bytes_; }

  // Appends all bytes but the first `skip` to `to`.
  void CopyTo(std::vector<uint8_t>& to, size_t skip = 0) const;

  // All bytes in one vector.
  std::vector<uint8_t> Flatten() const {
    std::vector<uint8_t> bytes;
    CopyTo(bytes);
    return bytes;
  }

 private:
  static constexpr size_t kBlockSize = 4096;
  using Block = std::unique_ptr<uint8_t[]>;

  std::vector<Buffer> list_;
  std::vector<Block> blocks_;
  size_t blocks_used_ = 0;  // Blocks that hold copies; the last of them is filled to block_fill_.
  size_t block_fill_ = kBlockSize;
  size_t total_bytes_ = 0;
};

}  // namespace srsproxy
