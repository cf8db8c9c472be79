#include "tests/bench/http_load/http_origin.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>

namespace srsproxy::bench {
namespace {

constexpr std::chrono::milliseconds kTick{5};

std::string Chunk(const std::string& bytes) {
  std::array<char, 16> size;
  std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  return size.data() + bytes + "\r\n";
}

std::string Answer(const char* type, const std::string& body) {
  return std::string("HTTP/1.1 200 OK\r\nServer: load\r\nContent-Type: ") + type +
         "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string Playlist() {
  std::string text =
      "#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-MEDIA-SEQUENCE:7\n#EXT-X-TARGETDURATION:10\n";
  for (int i = 7; i < 13; ++i) {
    text += "#EXTINF:10.000, no desc\nbench-" + std::to_string(i) + ".ts?hls_ctx=0a1b2c3d\n";
  }
  return text;
}

}  // namespace

class HttpOrigin::Session {
 public:
  Session(HttpOrigin& origin, int socket)
      : origin_(origin), socket_(socket), on_ready_([this](uint32_t events) { OnReady(events); }) {
    origin_.loop_.Add(socket_, EPOLLIN, &on_ready_);
  }

  void Feed() {
    if (socket_ < 0) return;
    origin_.sent_ += origin_.live_bytes_.size();
    Send(origin_.live_bytes_);
  }

 private:
  void OnReady(uint32_t events) {
    if (socket_ < 0) return;
    if ((events & EPOLLOUT) != 0) Send("");
    if ((events & ~static_cast<uint32_t>(EPOLLOUT)) == 0) return;
    std::array<char, 4096> bytes;
    const ssize_t size = recv(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return End();
    request_.append(bytes.data(), static_cast<size_t>(size));
    for (size_t end = request_.find("\r\n\r\n"); end != std::string::npos;
         end = request_.find("\r\n\r\n")) {
      const std::string head = request_.substr(0, end);
      request_.erase(0, end + 4);
      Serve(head);
    }
  }

  void Serve(std::string_view head) {
    ++origin_.requests_;
    const std::string_view target = head.substr(4, head.find(' ', 4) - 4);
    const std::string_view path = target.substr(0, target.find('?'));
    if (path.ends_with(".m3u8")) return Send(origin_.playlist_);
    if (path.ends_with(".ts")) {
      origin_.sent_ += origin_.options_.segment_bytes;
      return Send(origin_.segment_);
    }
    Send("HTTP/1.1 200 OK\r\nContent-Type: video/x-flv\r\nTransfer-Encoding: chunked\r\n\r\n" +
         Chunk(std::string("FLV\x01\x05\0\0\0\x09\0\0\0\0", 13)));
    ++origin_.viewers_;
    viewing_ = true;
    origin_.slots_[origin_.next_slot_++ % origin_.slots_.size()].push_back(this);
  }

  // What the peer does not take is kept.
  void Send(std::string_view bytes) {
    if (socket_ < 0) return;
    if (!kept_.empty()) {
      kept_.append(bytes);
      bytes = kept_;
    }
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return End();
    const size_t taken = sent < 0 ? 0 : static_cast<size_t>(sent);
    const bool waited = !kept_.empty();
    kept_ = std::string(bytes.substr(taken));
    if (kept_.empty() == waited) {
      const uint32_t events = kept_.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
      origin_.loop_.Change(socket_, events, &on_ready_);
    }
  }

  void End() {
    close(socket_);
    socket_ = -1;
    ++origin_.ended_;
    if (viewing_) --origin_.viewers_;
  }

  HttpOrigin& origin_;
  int socket_;  // -1 when it has ended
  EventLoop::Callback on_ready_;
  std::string request_;
  std::string kept_;
  bool viewing_ = false;
};

HttpOrigin::HttpOrigin(EventLoop& loop, const HttpOriginOptions& options)
    : loop_(loop),
      options_(options),
      live_bytes_(Chunk(std::string(
          options.bits_per_second / 8 * static_cast<size_t>(options.gather.count()) / 1000, 'f'))),
      playlist_(Answer("application/vnd.apple.mpegurl", Playlist())),
      segment_(Answer("video/MP2T", std::string(options.segment_bytes, 'G'))),
      listener_(Listen()),
      on_accept_([this](uint32_t) { AcceptAll(); }),
      slots_(static_cast<size_t>(options.gather / kTick)),
      ticker_(loop, kTick, [this] { Tick(); }) {
  loop_.Add(listener_, EPOLLIN, &on_accept_);
}

HttpOrigin::~HttpOrigin() { close(listener_); }

std::string HttpOrigin::Report() const {
  std::array<char, 256> line;
  std::snprintf(line.data(), line.size(),
                R"({"viewers":%lu,"ended":%lu,"requests":%lu,"sent":%lu})", viewers_, ended_,
                requests_, sent_);
  return line.data();
}

void HttpOrigin::AcceptAll() {
  for (int socket = Accept(listener_); socket >= 0; socket = Accept(listener_)) {
    sessions_.push_back(std::make_unique<Session>(*this, socket));
  }
}

void HttpOrigin::Tick() {
  for (Session* viewer : slots_[turn_++ % slots_.size()]) viewer->Feed();
}

}  // namespace srsproxy::bench
