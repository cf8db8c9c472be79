// StringCutter: takes the strings that are too long to be read out of what Redis sends, before it
// is parsed, so that they are never held. RESP2 has the length of a string before it
// (https://redis.io/docs/latest/develop/reference/protocol-spec/#bulk-strings).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <absl/functional/function_ref.h>

namespace srsproxy::redis {

class StringCutter {
 public:
  using Pass = absl::FunctionRef<void(std::string_view)>;

  // `max`: bytes of a string.
  explicit StringCutter(size_t max) : max_(max) {}

  // Calls `pass` with what is to be parsed of `bytes`, in pieces. A string that is too long has
  // become an error (kTooLongCode in error_reply.h); the beginning of a length waits for its end.
  // What is no RESP2 passes as it is.
  void Cut(std::string_view bytes, Pass pass);

  // Whether the rest is still to come of something that was not passed.
  bool busy() const { return !header_.empty() || (skips_ && left_ > 0); }

 private:
  // How much of `bytes` belongs to the line in which they begin, and whether it ends there.
  struct Line {
    size_t bytes = 0;
    bool ends = false;
  };
  Line LineIn(std::string_view bytes);
  // `line`: of a string's length, whole. Whether the string is too long.
  bool TakeHeader(std::string_view line);
  // `part`: of such a line, which ends with it or not.
  void ContinueHeader(std::string_view part, bool ends, Pass pass);

  const size_t max_;
  size_t length_ = 0;        // Of the string that is under way.
  size_t left_ = 0;          // Of it and the end of its line.
  bool skips_ = false;       // It is too long.
  bool in_line_ = false;     // Of anything else.
  bool ends_in_cr_ = false;  // That line, or header_.
  std::string header_;       // The beginning of a string's length.
};

}  // namespace srsproxy::redis
