// The log's way out: a bounded queue of lines, and the thread that writes them to a sink that may
// block for as long as it likes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <absl/time/time.h>

namespace srsproxy {

// Thread-safe; no call waits for the sink, but for Flush and the destructor, which have a deadline.
class LogWriter {
 public:
  // Takes a line, without its newline, on the writer's thread. False: it is lost.
  using Sink = std::function<bool(std::string_view line)>;

  LogWriter(size_t queue_lines, Sink sink);
  LogWriter(const LogWriter&) = delete;
  LogWriter& operator=(const LogWriter&) = delete;
  // Flushes for a second at most. A sink that blocks for longer is left alone with its thread, and
  // must own what it uses.
  ~LogWriter();

  // When the queue is full, its oldest line is dropped.
  void Write(std::string line);

  // Waits until all lines that were written before are with the sink. False: not within `timeout`.
  bool Flush(absl::Duration timeout);

  // Lines that were dropped, or lost by the sink.
  uint64_t dropped() const;

 private:
  struct State;
  const std::shared_ptr<State> state_;  // Shared with the thread.
};

// A sink: one write for each line, so that lines of several processes on one file do not mix. Waits
// while `descriptor` takes nothing, also when it is non-blocking.
bool WriteLineTo(int descriptor, std::string_view line);

}  // namespace srsproxy
