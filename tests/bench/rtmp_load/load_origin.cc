#include "tests/bench/rtmp_load/load_origin.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include "tests/bench/rtmp_load/rtmp_wire.h"

namespace srsproxy::bench {
namespace {

constexpr std::chrono::milliseconds kTick{5};
constexpr size_t kBufferSize = 256 * 1024;
constexpr uint32_t kAckWindow = 2'500'000;

Message Status(const char* code) {
  return {kCommand, 1, 0,
          AmfString("onStatus") + AmfNumber(0) + AmfNull() +
              AmfObject({{"level", AmfString("status")}, {"code", AmfString(code)}})};
}

}  // namespace

class LoadOrigin::Session {
 public:
  Session(LoadOrigin& origin, int socket)
      : origin_(origin), socket_(socket), on_ready_([this](uint32_t) { OnReadable(); }) {
    origin_.loop_.Add(socket_, EPOLLIN, &on_ready_);
  }

  // Writes what the stream has and the peer takes.
  void Feed() {
    if (socket_ < 0) return;
    const LiveStream& stream = origin_.stream_;
    if (position_ < stream.oldest()) {
      ++origin_.lagged_;
      return End();
    }
    const std::string_view due = stream.From(position_);
    if (due.empty()) return;
    const ssize_t sent = send(socket_, due.data(), due.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      if (errno != EAGAIN) End();
      return;
    }
    position_ += sent;
    origin_.sent_ += sent;
  }

 private:
  enum class State { kHello, kEcho, kCommands, kPublishing, kPlaying };

  void OnReadable() {
    if (socket_ < 0) return;
    const ssize_t size = recv(socket_, origin_.buffer_.data(), kBufferSize, MSG_DONTWAIT);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) return End();
    const std::string_view bytes(origin_.buffer_.data(), size);
    if (state_ == State::kPublishing) return CountPublished(bytes.size());
    if (state_ == State::kPlaying) return;  // acknowledgements
    if (state_ == State::kCommands) return OnCommandBytes(bytes);
    handshake_.append(bytes);
    Handshake();
  }

  void Handshake() {
    if (state_ == State::kHello && handshake_.size() > kHandshakeSize) {
      const std::string hello = handshake_.substr(1, kHandshakeSize);
      Send('\x03' + std::string(kHandshakeSize, '\0') + hello);
      handshake_.erase(0, 1 + kHandshakeSize);
      state_ = State::kEcho;
    }
    if (state_ == State::kEcho && handshake_.size() >= kHandshakeSize) {
      const std::string rest = handshake_.substr(kHandshakeSize);
      std::string().swap(handshake_);
      state_ = State::kCommands;
      OnCommandBytes(rest);
    }
  }

  void OnCommandBytes(std::string_view bytes) {
    std::vector<Message> messages;
    if (!reader_.Read(bytes, &messages)) return End();
    for (const Message& message : messages) OnMessage(message);
  }

  void OnMessage(const Message& message) {
    const CommandHead command = ReadCommandHead(message);
    std::string out;
    if (command.name == "connect") {
      AppendMessage({kWindowAckSize, 0, 0, BigEndian(kAckWindow, 4)}, 2, kSmallChunk, &out);
      AppendMessage({kSetPeerBandwidth, 0, 0, BigEndian(kAckWindow, 4) + '\x02'}, 2, kSmallChunk,
                    &out);
      const std::string granted = AmfString("_result") + AmfNumber(command.transaction) +
                                  AmfObject({{"fmsVer", AmfString("FMS/3,5,3,888")}}) +
                                  AmfObject({{"level", AmfString("status")},
                                             {"code", AmfString("NetConnection.Connect.Success")}});
      AppendMessage({kCommand, 0, 0, granted}, 3, kSmallChunk, &out);
    } else if (command.name == "createStream") {
      const std::string created =
          AmfString("_result") + AmfNumber(command.transaction) + AmfNull() + AmfNumber(1);
      AppendMessage({kCommand, 0, 0, created}, 3, kSmallChunk, &out);
    } else if (command.name == "publish") {
      AppendMessage(Status("NetStream.Publish.Start"), 5, kSmallChunk, &out);
      state_ = State::kPublishing;
      ++origin_.publishers_;
    } else if (command.name == "play") {
      const auto size = static_cast<uint32_t>(origin_.options_.chunk_size);
      AppendMessage({kSetChunkSize, 0, 0, BigEndian(size, 4)}, 2, kSmallChunk, &out);
      AppendMessage({kUserControl, 0, 0, BigEndian(0, 2) + BigEndian(1, 4)}, 2, size, &out);
      AppendMessage(Status("NetStream.Play.Start"), 5, size, &out);
      out += origin_.stream_.head();
      state_ = State::kPlaying;
      ++origin_.players_;
      position_ = origin_.stream_.end();
      origin_.slots_[origin_.next_slot_++ % origin_.slots_.size()].push_back(this);
    }
    if (!out.empty()) Send(out);
  }

  void CountPublished(size_t size) {
    origin_.received_ += size;
    unacknowledged_ += size;
    if (unacknowledged_ < kAckWindow) return;
    acknowledged_ += static_cast<uint32_t>(unacknowledged_);
    unacknowledged_ = 0;
    std::string out;
    AppendMessage({kAcknowledgement, 0, 0, BigEndian(acknowledged_, 4)}, 2, kSmallChunk, &out);
    Send(out);
  }

  // Answers are small and early: a peer that does not take one whole is given up.
  void Send(std::string_view bytes) {
    if (socket_ < 0) return;
    const ssize_t sent = send(socket_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(bytes.size())) End();
  }

  void End() {
    if (socket_ < 0) return;
    close(socket_);
    socket_ = -1;
    ++origin_.ended_;
    if (state_ == State::kPlaying) --origin_.players_;
    if (state_ == State::kPublishing) --origin_.publishers_;
  }

  static constexpr size_t kSmallChunk = 128;

  LoadOrigin& origin_;
  int socket_;  // -1 when it has ended
  EventLoop::Callback on_ready_;
  State state_ = State::kHello;
  std::string handshake_;
  ChunkReader reader_;
  uint64_t position_ = 0;  // in the stream
  size_t unacknowledged_ = 0;
  uint32_t acknowledged_ = 0;
};

LoadOrigin::LoadOrigin(EventLoop& loop, const OriginOptions& options)
    : loop_(loop),
      options_(options),
      listener_(Listen()),
      on_accept_([this](uint32_t) { AcceptAll(); }),
      stream_(options.bits_per_second, options.chunk_size, std::chrono::steady_clock::now()),
      slots_(std::max<size_t>(1, options.gather / kTick)),
      buffer_(kBufferSize, '\0'),
      ticker_(loop, kTick, [this] { Tick(); }) {
  loop_.Add(listener_, EPOLLIN, &on_accept_);
}

LoadOrigin::~LoadOrigin() { close(listener_); }

std::string LoadOrigin::Report() const {
  std::array<char, 256> line;
  std::snprintf(line.data(), line.size(),
                R"({"players":%lu,"publishers":%lu,"ended":%lu,"lagged":%lu,"sent":%lu,)"
                R"("received":%lu})",
                players_, publishers_, ended_, lagged_, sent_, received_);
  return line.data();
}

void LoadOrigin::AcceptAll() {
  for (int socket = Accept(listener_); socket >= 0; socket = Accept(listener_)) {
    sessions_.push_back(std::make_unique<Session>(*this, socket));
  }
}

void LoadOrigin::Tick() {
  stream_.Advance(std::chrono::steady_clock::now());
  for (Session* player : slots_[turn_++ % slots_.size()]) player->Feed();
}

}  // namespace srsproxy::bench
