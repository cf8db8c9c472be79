// ReplyReader: makes replies of the bytes that come from Redis, however they are cut. hiredis
// parses; what it parses is kept as Reply, and within limits.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/protocol/redis/reply.h"

namespace srsproxy::redis {

struct ReplyLimits {
  // Of one reply, also while it is incomplete: of a longer one no more than this and what is fed at
  // once is ever held.
  size_t bytes = 16 * 1024 * 1024;
  // Of all arrays of one reply together, as they are announced: of an array a few are allocated
  // before they have come.
  size_t items = 256 * 1024;
};

class ReplyReader {
 public:
  // Arrays within arrays; hiredis' own limit.
  static constexpr size_t kMaxDepth = 8;
  // Of a line: a status, an error, a number.
  static constexpr size_t kMaxLine = 64 * 1024;

  explicit ReplyReader(const ReplyLimits& limits = {});
  ~ReplyReader();
  ReplyReader(const ReplyReader&) = delete;
  ReplyReader& operator=(const ReplyReader&) = delete;

  // `bytes`: some 64 KiB at once. Call Next until it has nothing more after each.
  void Feed(std::string_view bytes);

  // The next reply; nullopt: more bytes are needed. DATA_LOSS: that was no RESP2.
  // RESOURCE_EXHAUSTED: over a limit. After an error it is always the same: nothing that comes
  // later can be understood.
  absl::StatusOr<std::optional<Reply>> Next();

  // Whether a reply is under way.
  bool incomplete() const { return bytes_ > 0; }

 private:
  struct Parser;

  // Ends the reader.
  absl::Status Fail(absl::Status status);
  absl::Status CheckIncomplete() const;

  const ReplyLimits limits_;
  std::unique_ptr<Parser> parser_;  // Null after an error.
  size_t bytes_ = 0;                // Fed since the last reply ended.
  absl::Status failed_;
};

}  // namespace srsproxy::redis
