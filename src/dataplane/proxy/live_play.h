// One play of a live stream over HTTP (FLV, TS, AAC, MP3, WebSocket-FLV): the request goes to the
// origin that holds the stream, and its answer comes back.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "dataplane/net/awaited_stream.h"
#include "dataplane/net/event.h"
#include "dataplane/net/relay.h"
#include "dataplane/protocol/http/body_reader.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http_client.h"
#include "dataplane/proxy/http_exchange.h"
#include "dataplane/proxy/session_services.h"
#include "dataplane/proxy/stream_use.h"

namespace srsproxy {

// Used on its worker only.
class LivePlay final : public HttpExchange, net::Relay::Handler {
 public:
  // `client` and `services` outlive it.
  LivePlay(SessionServices& services, HttpClient& client, http::RequestHead request, StreamKey key);
  LivePlay(const LivePlay&) = delete;
  LivePlay& operator=(const LivePlay&) = delete;

  net::Task<bool> Run() override;
  void End(Side side, absl::Status why) override;
  const SessionInfo* info() const override { return &use_.info(); }

 private:
  // Sees the client leave while the origin is asked.
  class ClientWatch;
  struct Ended {
    Side side = Side::kClient;
    absl::Status why;
  };

  // net::Relay::Handler
  void OnBytes(Side from, std::span<uint8_t> in, net::RelayOutput& out) override;
  void OnClosed(Side side, absl::Status why) override;
  size_t Appetite(Side side) const override;

  bool over() const { return ended_.has_value(); }
  // Finds an origin and gets the head of its answer; what came after it is in origin_unread_.
  net::Task<absl::StatusOr<http::ResponseHead>> AskOrigin();
  net::Task<absl::StatusOr<http::ResponseHead>> ReadResponseHead();
  std::string UpstreamRequest() const;
  std::string DownstreamHead(const http::ResponseHead& response) const;
  // Passes the body on, until one side has ended.
  net::Task<void> RelayBody(const http::ResponseHead& response);
  net::Task<void> Refuse(const absl::Status& why);
  net::Task<absl::Status> WriteToClient(std::string_view text);
  void NoteMedia();
  void PassBody(std::span<const uint8_t> in, Pieces& out);

  SessionServices& services_;
  HttpClient& client_;
  const http::RequestHead request_;
  StreamUse use_;
  std::optional<net::TcpStream> origin_;
  std::optional<net::AwaitedStream> awaited_origin_;  // While its head is awaited.
  net::AwaitedStream* awaited_client_ = nullptr;      // While a head or an answer is written.
  std::vector<uint8_t> origin_unread_;
  http::BodyReader body_;
  bool tunnel_ = false;      // A WebSocket: both sides talk as they like.
  bool refused_ = false;     // The answer is an error.
  bool keep_alive_ = false;  // The client was told that its connection stays.
  bool answered_ = false;    // The answer is complete.
  net::Relay relay_;
  net::Event changed_;
  net::Dialer* dialing_ = nullptr;
  std::function<void()> cancel_wait_;
  std::optional<Ended> ended_;
};

}  // namespace srsproxy
