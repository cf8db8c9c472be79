// One play of a live stream over HTTP (FLV, TS, AAC, MP3, WebSocket-FLV): the request goes to the
// origin that holds the stream, and its answer comes back.
#pragma once

#include <optional>
#include <string>

#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/http/response_relay.h"
#include "dataplane/proxy/sessions/session_context.h"
#include "dataplane/proxy/sessions/stream_session.h"
#include "dataplane/proxy/upstream/connector.h"
#include "dataplane/proxy/upstream/http_request.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only.
class LivePlay final : public HttpExchange, ResponseRelay::Observer {
 public:
  // `upstream` and `client` outlive it.
  LivePlay(const UpstreamNeeds& upstream, HttpClient& client, http::RequestHead request,
           StreamKey key);
  LivePlay(const LivePlay&) = delete;
  LivePlay& operator=(const LivePlay&) = delete;

  net::Task<bool> Run() override;
  const SessionInfo* info() const override { return &session_.info(); }

 private:
  // Sees the client leave while the origin is awaited.
  class ClientWatch;

  // ResponseRelay::Observer
  void OnBytesPassed(uint64_t in, uint64_t out) override { session_.AddBytes(in, out); }
  void OnContent() override { session_.OnFirstMedia(client_.accepted); }

  bool over() const { return client_.scope.cancelled(); }
  // Finds an origin and gets the head of its answer.
  net::Task<absl::StatusOr<http::ResponseHead>> RequestFromOrigin();
  std::string RequestFor(const Endpoint& origin) const;
  net::Task<void> PassAnswer(const http::ResponseHead& head);
  net::Task<void> Refuse(const absl::Status& why);

  const UpstreamNeeds& upstream_;
  const SessionContext& context_;
  HttpClient& client_;
  const http::RequestHead request_;
  StreamSession session_;
  Connector connector_;
  HttpRequest upstream_request_;
  ResponseRelay relay_;
  bool keeps_alive_ = false;    // The client's connection can carry another request.
  ResponseRelay::Ended ended_;  // How it has, unless it is over.
};

}  // namespace srsproxy
