#include "dataplane/core/log_writer.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include <poll.h>
#include <pthread.h>

namespace srsproxy {
namespace {

constexpr absl::Duration kLastFlush = absl::Seconds(1);

}  // namespace

struct LogWriter::State {
  State(size_t queue_lines, Sink to)
      : capacity(std::max<size_t>(queue_lines, 1)), sink(std::move(to)) {}

  void Run();

  const size_t capacity;
  const Sink sink;
  std::atomic<uint64_t> dropped{0};

  std::mutex mutex;  // Guards what follows. Not held while the sink writes.
  std::condition_variable more;
  std::condition_variable done;
  std::deque<std::string> lines;
  uint64_t taken_in = 0;    // Lines that were ever written.
  uint64_t dealt_with = 0;  // Of these, lines that the sink has had, or that were dropped.
  bool ending = false;
};

void LogWriter::State::Run() {
  std::unique_lock lock(mutex);
  while (true) {
    more.wait(lock, [this] { return ending || !lines.empty(); });
    if (lines.empty()) return;
    const std::string line = std::move(lines.front());
    lines.pop_front();
    lock.unlock();
    if (!sink(line)) dropped.fetch_add(1, std::memory_order_relaxed);
    lock.lock();
    ++dealt_with;
    done.notify_all();
  }
}

LogWriter::LogWriter(size_t queue_lines, Sink sink)
    : state_(std::make_shared<State>(queue_lines, std::move(sink))) {
  // Detached: nobody has to wait for a sink that blocks for good.
  std::thread([state = state_] {
    pthread_setname_np(pthread_self(), "log");
    state->Run();
  }).detach();
}

LogWriter::~LogWriter() {
  Flush(kLastFlush);
  const std::lock_guard lock(state_->mutex);
  state_->ending = true;
  state_->lines.clear();
  state_->more.notify_all();
}

void LogWriter::Write(std::string line) {
  State& state = *state_;
  const std::lock_guard lock(state.mutex);
  if (state.lines.size() >= state.capacity) {
    state.lines.pop_front();
    ++state.dealt_with;
    state.dropped.fetch_add(1, std::memory_order_relaxed);
  }
  state.lines.push_back(std::move(line));
  ++state.taken_in;
  state.more.notify_one();
}

bool LogWriter::Flush(absl::Duration timeout) {
  State& state = *state_;
  std::unique_lock lock(state.mutex);
  const uint64_t wanted = state.taken_in;
  return state.done.wait_for(lock, absl::ToChronoNanoseconds(timeout),
                             [&] { return state.dealt_with >= wanted; });
}

uint64_t LogWriter::dropped() const { return state_->dropped.load(std::memory_order_relaxed); }

bool WriteLineTo(int descriptor, std::string_view line) {
  std::string text(line);
  text.push_back('\n');
  std::string_view rest = text;
  while (!rest.empty()) {
    const ssize_t written = ::write(descriptor, rest.data(), rest.size());
    if (written > 0) {
      rest.remove_prefix(static_cast<size_t>(written));
    } else if (written < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
      pollfd writable{descriptor, POLLOUT, 0};
      if (::poll(&writable, 1, -1) < 0 && errno != EINTR) return false;
    } else if (written == 0 || errno != EINTR) {
      return false;  // A full disk, or nobody reads it any more; there is nowhere to report it.
    }
  }
  return true;
}

}  // namespace srsproxy
