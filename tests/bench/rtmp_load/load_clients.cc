#include "tests/bench/rtmp_load/load_clients.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <string_view>
#include <utility>

#include "tests/bench/rtmp_load/rtmp_wire.h"

namespace srsproxy::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kOpenPeriod{10};
constexpr size_t kBufferSize = 256 * 1024;
constexpr size_t kChunkSize = 60'000;
constexpr uint32_t kAckWindow = 2'500'000;

// Whole messages of about 1 MB together; their timestamps repeat, which no relay looks at.
std::string PublishedMedia() {
  std::string media;
  for (uint32_t frame = 0; frame < 32; ++frame) {
    AppendMessage({kVideo, 1, frame * 40, std::string(30'000, 'v')}, 7, kChunkSize, &media);
    AppendMessage({kAudio, 1, frame * 40, std::string(400, 'a')}, 8, kChunkSize, &media);
  }
  return media;
}

}  // namespace

class LoadClients::Session {
 public:
  enum class State { kHandshake, kCommands, kStarted, kFailed, kLost };

  Session(LoadClients& clients, size_t number)
      : clients_(clients),
        number_(number),
        begun_(Clock::now()),
        socket_(Connect(clients.options_.port)),
        on_ready_([this](uint32_t events) { OnReady(events); }) {
    if (socket_ < 0) {
      state_ = State::kFailed;
      return;
    }
    unsent_ = '\x03' + std::string(kHandshakeSize, '\0');
    clients_.loop_.Add(socket_, EPOLLIN | EPOLLOUT, &on_ready_);
  }

  State state() const { return state_; }
  double setup_ms() const { return setup_ms_; }

  // Whether no media byte moved since the last call.
  bool TakeStalled() { return std::exchange(moved_, 0) == 0; }

 private:
  bool publishes() const { return clients_.options_.role == ClientRole::kPublish; }

  void OnReady(uint32_t events) {
    if (socket_ >= 0 && (events & EPOLLOUT)) OnWritable();
    if (socket_ >= 0 && (events & (EPOLLIN | EPOLLERR | EPOLLHUP))) OnReadable();
  }

  void OnWritable() {
    if (state_ == State::kStarted && publishes()) return Publish();
    if (!unsent_.empty()) {
      const ssize_t sent =
          send(socket_, unsent_.data(), unsent_.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
      if (sent < 0) {
        if (errno != EAGAIN) End();
        return;
      }
      unsent_.erase(0, sent);
    }
    if (unsent_.empty()) clients_.loop_.Change(socket_, EPOLLIN, &on_ready_);
  }

  void Publish() {
    const std::string_view rest = std::string_view(clients_.media_).substr(media_position_);
    const ssize_t sent = send(socket_, rest.data(), rest.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) End();
      return;
    }
    Count(sent);
    media_position_ = (media_position_ + sent) % clients_.media_.size();
  }

  void OnReadable() {
    const ssize_t size = recv(socket_, clients_.buffer_.data(), kBufferSize, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return End();
    const std::string_view bytes(clients_.buffer_.data(), size);
    if (state_ == State::kHandshake) return OnHandshakeBytes(bytes);
    if (state_ == State::kCommands) return OnCommandBytes(bytes);
    if (!publishes()) CountPlayed(bytes.size());
  }

  void OnHandshakeBytes(std::string_view bytes) {
    handshake_.append(bytes);
    if (handshake_.size() < 1 + 2 * kHandshakeSize) return;
    std::string out = handshake_.substr(1, kHandshakeSize);  // the server's hello comes back to it
    const std::string rest = handshake_.substr(1 + 2 * kHandshakeSize);
    std::string().swap(handshake_);
    state_ = State::kCommands;

    const std::string connect = AmfString("connect") + AmfNumber(1) +
                                AmfObject({{"app", AmfString("live")},
                                           {"tcUrl", AmfString("rtmp://127.0.0.1/live")},
                                           {"flashVer", AmfString("LNX 9,0,124,2")}});
    AppendMessage({kSetChunkSize, 0, 0, BigEndian(kChunkSize, 4)}, 2, kChunkSize, &out);
    AppendMessage({kCommand, 0, 0, connect}, 3, kChunkSize, &out);
    Send(out);
    OnCommandBytes(rest);
  }

  void OnCommandBytes(std::string_view bytes) {
    if (bytes.empty()) return;
    std::vector<Message> messages;
    if (!reader_.Read(bytes, &messages)) return End();
    for (const Message& message : messages) OnMessage(message);
  }

  void OnMessage(const Message& message) {
    const CommandHead command = ReadCommandHead(message);
    std::string out;
    if (command.name == "_error") return End();
    if (command.name == "_result" && command.transaction == 1) {
      AppendMessage({kCommand, 0, 0, AmfString("createStream") + AmfNumber(2) + AmfNull()}, 3,
                    kChunkSize, &out);
    } else if (command.name == "_result") {
      const std::string verb =
          publishes() ? AmfString("publish") + AmfNumber(3) + AmfNull() +
                            AmfString("bench-" + std::to_string(number_)) + AmfString("live")
                      : AmfString("play") + AmfNumber(3) + AmfNull() + AmfString("bench");
      AppendMessage({kCommand, 1, 0, verb}, 8, kChunkSize, &out);
    } else if (command.name == "onStatus") {
      OnStatus(message.payload);
    }
    if (!out.empty()) Send(out);
  }

  void OnStatus(std::string_view payload) {
    const char* granted = publishes() ? "NetStream.Publish.Start" : "NetStream.Play.Start";
    if (payload.find("error") != std::string_view::npos) return End();
    if (payload.find(granted) == std::string_view::npos) return;
    state_ = State::kStarted;
    setup_ms_ = std::chrono::duration<double, std::milli>(Clock::now() - begun_).count();
    if (publishes()) clients_.loop_.Change(socket_, EPOLLIN | EPOLLOUT, &on_ready_);
  }

  void CountPlayed(size_t size) {
    Count(size);
    unacknowledged_ += size;
    if (unacknowledged_ < kAckWindow) return;
    acknowledged_ += static_cast<uint32_t>(unacknowledged_);
    unacknowledged_ = 0;
    std::string out;
    AppendMessage({kAcknowledgement, 0, 0, BigEndian(acknowledged_, 4)}, 2, kChunkSize, &out);
    Send(out);
  }

  void Count(size_t size) {
    moved_ += size;
    clients_.bytes_ += size;
  }

  void Send(std::string_view bytes) {
    unsent_.append(bytes);
    OnWritable();
    if (socket_ >= 0 && !unsent_.empty()) {
      clients_.loop_.Change(socket_, EPOLLIN | EPOLLOUT, &on_ready_);
    }
  }

  void End() {
    if (socket_ < 0) return;
    close(socket_);
    socket_ = -1;
    state_ = state_ == State::kStarted ? State::kLost : State::kFailed;
  }

  LoadClients& clients_;
  const size_t number_;
  const Clock::time_point begun_;
  int socket_;  // -1 when it has ended
  EventLoop::Callback on_ready_;
  State state_ = State::kHandshake;
  double setup_ms_ = 0;
  std::string handshake_;
  ChunkReader reader_;
  std::string unsent_;  // commands
  size_t media_position_ = 0;
  uint64_t moved_ = 0;
  size_t unacknowledged_ = 0;
  uint32_t acknowledged_ = 0;
};

LoadClients::LoadClients(EventLoop& loop, const ClientOptions& options)
    : loop_(loop),
      options_(options),
      media_(PublishedMedia()),
      buffer_(kBufferSize, '\0'),
      opener_(loop, kOpenPeriod, [this] { Open(); }) {}

LoadClients::~LoadClients() = default;

void LoadClients::Open() {
  const size_t due = std::max<size_t>(1, options_.per_second * kOpenPeriod.count() / 1000);
  for (size_t i = 0; i < due && sessions_.size() < options_.count; ++i) {
    sessions_.push_back(std::make_unique<Session>(*this, sessions_.size()));
  }
}

std::string LoadClients::Report() {
  uint64_t failed = 0;
  uint64_t lost = 0;
  uint64_t stalled = 0;
  std::vector<double> setups;
  for (const auto& session : sessions_) {
    const Session::State state = session->state();
    const bool still = session->TakeStalled();
    if (state == Session::State::kStarted || state == Session::State::kLost) {
      setups.push_back(session->setup_ms());
    }
    failed += state == Session::State::kFailed;
    lost += state == Session::State::kLost;
    stalled += state == Session::State::kStarted && still;
  }
  std::sort(setups.begin(), setups.end());
  std::array<char, 256> line;
  std::snprintf(line.data(), line.size(),
                R"({"started":%zu,"failed":%lu,"lost":%lu,"stalled":%lu,"bytes":%lu,)"
                R"("setup_ms_p50":%.1f,"setup_ms_max":%.1f})",
                setups.size(), failed, lost, stalled, bytes_,
                setups.empty() ? 0 : setups[setups.size() / 2], setups.empty() ? 0 : setups.back());
  return line.data();
}

}  // namespace srsproxy::bench
