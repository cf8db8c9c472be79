// ReplyReader: makes replies of the bytes that come from Redis, however they are cut. hiredis
// parses; what it parses is kept as Reply, and within limits: what is beyond them is left out, and
// an error stands in its place (kTooLongCode in error_reply.h).
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/protocol/redis/reply.h"
#include "dataplane/protocol/redis/string_cutter.h"

namespace srsproxy::redis {

struct ReplyLimits {
  // Of the texts of one reply together. A string that is longer by itself is never held.
  size_t bytes = 16 * 1024 * 1024;
  // Of all arrays of one reply together, as they are announced: one that announces more is left
  // out, with all that is in it. Of an array a few are allocated before they have come.
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

  // The next reply; nullopt: more bytes are needed. DATA_LOSS: that was no RESP2. After an error it
  // is always the same: nothing that comes later can be understood.
  absl::StatusOr<std::optional<Reply>> Next();

  // Whether a reply is under way.
  bool incomplete() const;

 private:
  struct Parser;

  // Ends the reader.
  absl::Status Fail(absl::Status status);
  absl::Status CheckIncomplete() const;

  StringCutter cutter_;
  std::unique_ptr<Parser> parser_;  // Null after an error.
  absl::Status failed_;
};

}  // namespace srsproxy::redis
