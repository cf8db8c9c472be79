// Passes an origin's answer on to the client as its bytes come: the head, and then the body, or all
// that both sides send once they have changed to a WebSocket.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "dataplane/core/protocol.h"
#include "dataplane/core/status.h"
#include "dataplane/net/event.h"
#include "dataplane/net/relay.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/timeout.h"
#include "dataplane/protocol/http/body_reader.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"

namespace srsproxy {

// Used on its worker only, for one answer.
class ResponseRelay final : net::Relay::Handler {
 public:
  // Notified of what flows. Must not end the relay from within.
  class Observer {
   public:
    virtual ~Observer() = default;
    // Bytes from, and to, the client.
    virtual void OnBytesPassed(uint64_t in, uint64_t out) = 0;
    // The first bytes of the body of an answer below 400.
    virtual void OnContent() {}
  };
  using Ended = net::CancelScope::Cause;

  // All outlive it. `request`: of the client. `delivery`: of the content, once some has
  // come.
  ResponseRelay(net::Worker& worker, HttpClient& client, const http::RequestHead& request,
                net::Poller::Delivery delivery, Observer& observer);
  ResponseRelay(const ResponseRelay&) = delete;
  ResponseRelay& operator=(const ResponseRelay&) = delete;

  // Before Run: an origin that sends nothing for `patience`, or somewhat longer, while the client
  // takes what comes, is at fault with DEADLINE_EXCEEDED. Without it, a stream may be silent for
  // ever.
  void LimitSilence(absl::Duration patience) { patience_ = patience; }

  // Passes on the answer that begins with `head`, `unread` and goes on in `origin`, which is
  // watched by nobody else; returns when the answer, or one side, has ended, or the client's scope
  // was cancelled. OK: in order.
  net::Task<Ended> Run(const http::ResponseHead& head, std::vector<uint8_t> unread,
                       net::TcpStream& origin);

  // After Run: whether each connection can carry another request.
  bool client_keeps_alive() const { return keep_alive_ && complete_; }
  bool origin_keeps_alive() const { return origin_keeps_alive_ && complete_ && !surplus_; }

 private:
  // net::Relay::Handler
  void OnBytes(Side from, std::span<uint8_t> in, net::RelayOutput& out) override;
  void OnClosed(Side side, absl::Status why) override;
  size_t ReadCapacity(Side side) const override;

  bool over() const { return ended_.has_value() || client_.scope.cancelled(); }
  // Once it is over.
  const Ended& ended() const { return ended_.has_value() ? *ended_ : client_.scope.cause(); }
  std::string DownstreamHead(const http::ResponseHead& head) const;
  net::Task<absl::Status> SendFirst(const http::ResponseHead& head, std::vector<uint8_t> unread);
  void SendEarly();
  net::Task<void> Drain();
  // The first reason counts.
  void Finish(Side side, absl::Status why);
  void PassBody(std::span<const uint8_t> in, BufferSequence& out);
  void NoteContent();
  void AwaitBytes();
  void OnSilence();

  net::Worker& worker_;
  HttpClient& client_;
  const http::RequestHead& request_;
  const net::Poller::Delivery delivery_;
  Observer& observer_;
  http::BodyReader body_;
  bool tunnel_ = false;              // A WebSocket: both sides talk as they like.
  bool refused_ = false;             // The answer is an error.
  bool content_ = false;             // Some has come.
  bool keep_alive_ = false;          // The client was promised that its connection stays.
  bool origin_keeps_alive_ = false;  // As the origin promises.
  bool complete_ = false;            // The whole answer has come, and the client is there for it.
  bool surplus_ = false;             // And more than that.
  bool origin_active_ = false;       // The origin, since silence_ was armed.
  absl::Duration patience_ = absl::InfiniteDuration();
  net::Relay relay_;
  net::Event changed_;
  net::Deadline silence_;
  std::optional<Ended> ended_;
};

}  // namespace srsproxy
