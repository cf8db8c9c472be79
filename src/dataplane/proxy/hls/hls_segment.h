// One request for what a playlist of HLS leads to, a segment, an init file or a key: passed on to
// the origin that has it, and its answer back as it is.
#pragma once

#include <cstdint>
#include <memory>

#include "dataplane/core/origin.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/hls/hls_needs.h"
#include "dataplane/proxy/hls/hls_origin.h"
#include "dataplane/proxy/hls/hls_sessions.h"
#include "dataplane/proxy/hls/hls_viewer_key.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/http/response_relay.h"
#include "dataplane/proxy/sessions/session_context.h"

namespace srsproxy {

// Used on its worker only.
class HlsSegment final : public HttpExchange, ResponseRelay::Observer {
 public:
  // `needs` and `client` outlive it.
  HlsSegment(const HlsNeeds& needs, HttpClient& client, http::RequestHead request, StreamKey key);

  net::Task<bool> Run() override;

 private:
  // ResponseRelay::Observer
  void OnBytesPassed(uint64_t in, uint64_t out) override;

  // The head of the answer of the origin that has the segment.
  net::Task<absl::StatusOr<http::ResponseHead>> FindSegment();
  net::Task<bool> PassAnswer(const http::ResponseHead& head);
  net::Task<bool> Fail(absl::Status why);
  // Accounts to the session what it got.
  void AccountBytes();

  const HlsNeeds& needs_;
  const SessionContext& context_;
  HttpClient& client_;
  const http::RequestHead request_;
  const HlsViewerKey viewer_;
  HlsOrigin origin_;
  ResponseRelay relay_;
  HlsSessions::View session_;
  uint64_t unaccounted_ = 0;
};

}  // namespace srsproxy
