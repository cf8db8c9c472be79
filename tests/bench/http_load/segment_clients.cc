#include "tests/bench/http_load/segment_clients.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string_view>

namespace srsproxy::bench {
namespace {

constexpr size_t kBufferSize = 256 * 1024;
constexpr std::string_view kLength = "\r\nContent-Length: ";

}  // namespace

class SegmentClients::Client {
 public:
  Client(EventLoop& loop, SegmentClients& clients, uint16_t port)
      : loop_(loop),
        clients_(clients),
        socket_(Connect(port)),
        on_ready_([this](uint32_t events) { OnReady(events); }) {
    if (socket_ >= 0) loop_.Add(socket_, EPOLLIN | EPOLLOUT, &on_ready_);
  }
  ~Client() {
    if (socket_ >= 0) close(socket_);
  }

  bool failed() const { return socket_ < 0; }
  bool started() const { return answers_ > 0; }

 private:
  void OnReady(uint32_t events) {
    if (socket_ < 0) return;
    if (!asked_ && (events & EPOLLOUT) != 0) {
      asked_ = true;
      loop_.Change(socket_, EPOLLIN, &on_ready_);
      Ask("/live/bench.m3u8");
    }
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) return;
    const ssize_t size = recv(socket_, clients_.buffer_.data(), kBufferSize, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return End();
    clients_.bytes_ += static_cast<uint64_t>(size);
    Take({clients_.buffer_.data(), static_cast<size_t>(size)});
  }

  void Take(std::string_view bytes) {
    if (in_head_) {
      text_.append(bytes);
      const size_t end = text_.find("\r\n\r\n");
      if (end == std::string::npos) return;
      const size_t length = text_.find(kLength);
      if (!text_.starts_with("HTTP/1.1 200") || length > end) return End();
      left_ = std::strtoull(text_.c_str() + length + kLength.size(), nullptr, 10);
      in_head_ = false;
      const std::string rest = text_.substr(end + 4);
      text_.clear();
      return Take(rest);
    }
    left_ -= std::min<uint64_t>(left_, bytes.size());
    if (playlist_) text_.append(bytes);
    if (left_ > 0) return;
    ++answers_;
    ++clients_.requests_;
    in_head_ = true;
    const std::string next = playlist_ ? LastSegment() : "/live/bench.m3u8";
    playlist_ = !playlist_;
    text_.clear();
    Ask(next);
  }

  std::string LastSegment() const {
    std::string_view text = text_;
    while (text.ends_with('\n')) text.remove_suffix(1);
    return "/live/" + std::string(text.substr(text.rfind('\n') + 1));
  }

  void Ask(const std::string& target) {
    const std::string request =
        "GET " + target + " HTTP/1.1\r\nHost: bench.example.com\r\nUser-Agent: load\r\n\r\n";
    if (send(socket_, request.data(), request.size(), MSG_NOSIGNAL) < 0) End();
  }

  void End() {
    close(socket_);
    socket_ = -1;
  }

  EventLoop& loop_;
  SegmentClients& clients_;
  int socket_;  // -1 when it has failed
  EventLoop::Callback on_ready_;
  bool asked_ = false;
  bool playlist_ = true;  // What is awaited: else a segment.
  bool in_head_ = true;
  std::string text_;  // Of the head, or of the playlist.
  uint64_t left_ = 0;
  uint64_t answers_ = 0;
};

SegmentClients::SegmentClients(EventLoop& loop, const SegmentOptions& options)
    : buffer_(kBufferSize, '\0') {
  for (size_t i = 0; i < options.count; ++i) {
    clients_.push_back(std::make_unique<Client>(loop, *this, options.port));
  }
}

SegmentClients::~SegmentClients() = default;

std::string SegmentClients::Report() const {
  const auto count = [this](auto&& is) {
    return static_cast<size_t>(std::count_if(clients_.begin(), clients_.end(), is));
  };
  const size_t started = count([](const auto& client) { return client->started(); });
  const size_t failed = count([](const auto& client) { return client->failed(); });
  std::array<char, 256> line;
  std::snprintf(line.data(), line.size(),
                R"({"started":%zu,"failed":%zu,"requests":%lu,"bytes":%lu})", started, failed,
                requests_, bytes_);
  return line.data();
}

}  // namespace srsproxy::bench
