#include "tests/bench/http_load/http_viewers.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <string_view>
#include <utility>

namespace srsproxy::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kOpenPeriod{1};
constexpr size_t kBufferSize = 256 * 1024;
constexpr std::string_view kRequest =
    "GET /live/bench.flv HTTP/1.1\r\nHost: bench.example.com\r\nUser-Agent: load\r\n\r\n";

}  // namespace

class HttpViewers::Viewer {
 public:
  explicit Viewer(HttpViewers& viewers)
      : viewers_(viewers),
        opened_(Clock::now()),
        socket_(Connect(viewers.options_.port)),
        on_ready_([this](uint32_t events) { OnReady(events); }) {
    if (socket_ >= 0) viewers_.loop_.Add(socket_, EPOLLIN | EPOLLOUT, &on_ready_);
  }
  ~Viewer() {
    if (socket_ >= 0) close(socket_);
  }

  bool over() const { return socket_ < 0; }
  bool started() const { return setup_ms_ >= 0; }
  double setup_ms() const { return setup_ms_; }
  // Whether nothing has come since it was asked last.
  bool TakeStalled() { return std::exchange(moved_, 0) == 0; }

 private:
  void OnReady(uint32_t events) {
    if (socket_ < 0) return;
    if (!asked_ && (events & EPOLLOUT) != 0) {
      asked_ = true;
      viewers_.loop_.Change(socket_, EPOLLIN, &on_ready_);
      if (send(socket_, kRequest.data(), kRequest.size(), MSG_NOSIGNAL) < 0) return End();
    }
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) return;
    const ssize_t size = recv(socket_, viewers_.buffer_.data(), kBufferSize, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return End();
    moved_ += static_cast<size_t>(size);
    viewers_.bytes_ += static_cast<uint64_t>(size);
    if (!started()) LookForMedia({viewers_.buffer_.data(), static_cast<size_t>(size)});
  }

  void LookForMedia(std::string_view bytes) {
    head_.append(bytes);
    if (head_.find("FLV") == std::string::npos) return;
    if (!head_.starts_with("HTTP/1.1 200")) return End();
    setup_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - opened_).count();
    std::string().swap(head_);
    if (viewers_.options_.brief) {
      End();
      viewers_.OpenOne();
    }
  }

  void End() {
    close(socket_);
    socket_ = -1;
  }

  HttpViewers& viewers_;
  const Clock::time_point opened_;
  int socket_;  // -1 when it has ended
  EventLoop::Callback on_ready_;
  bool asked_ = false;
  std::string head_;
  double setup_ms_ = -1;
  size_t moved_ = 0;
};

HttpViewers::HttpViewers(EventLoop& loop, const ViewerOptions& options)
    : loop_(loop),
      options_(options),
      buffer_(kBufferSize, '\0'),
      opener_(loop, kOpenPeriod, [this] { Open(); }) {
  viewers_.reserve(options_.count);
}

HttpViewers::~HttpViewers() = default;

void HttpViewers::Open() {
  if (options_.brief) {
    if (viewers_.empty()) OpenOne();
    return;
  }
  const size_t batch = std::max<size_t>(1, options_.per_second / 1000);
  for (size_t i = 0; i < batch; ++i) OpenOne();
}

void HttpViewers::OpenOne() {
  if (viewers_.size() < options_.count) viewers_.push_back(std::make_unique<Viewer>(*this));
}

std::string HttpViewers::Report() {
  size_t started = 0;
  size_t failed = 0;
  size_t lost = 0;
  size_t stalled = 0;
  std::vector<double> setups;
  for (const auto& viewer : viewers_) {
    if (viewer->started()) {
      ++started;
      setups.push_back(viewer->setup_ms());
      if (viewer->over() && !options_.brief) ++lost;
      if (!viewer->over() && viewer->TakeStalled()) ++stalled;
    } else if (viewer->over()) {
      ++failed;
    }
  }
  std::sort(setups.begin(), setups.end());
  const double middle = setups.empty() ? 0 : setups[setups.size() / 2];
  std::array<char, 256> line;
  std::snprintf(line.data(), line.size(),
                R"({"started":%zu,"failed":%zu,"lost":%zu,"stalled":%zu,"bytes":%lu,)"
                R"("setup_ms_p50":%.3f,"setup_ms_max":%.3f})",
                started, failed, lost, stalled, bytes_, middle, setups.empty() ? 0 : setups.back());
  return line.data();
}

}  // namespace srsproxy::bench
