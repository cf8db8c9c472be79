// Whom a request of HLS comes from.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/core/stream_url.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"

namespace srsproxy {

// By what requests are known to belong to one viewer: the address, the stream, and the context that
// SRS gives each player (`hls_ctx`) or, where there is none, the player's name.
struct HlsViewerKey {
  std::string client;  // address:port
  std::string host;    // The address alone; the viewer's, where a trusted proxy reports it.
  StreamKey key;
  std::string context;  // Empty: none.
  std::string user_agent;
};

HlsViewerKey HlsViewerKeyOf(const http::RequestHead& request, const HttpClient& client,
                            StreamKey key);

// Of what a client or an origin has sent as text, as much as is kept.
std::string_view Shortened(std::string_view text);

// By which the session of `viewer` is known: by `context` where there is one, else by its
// User-Agent.
std::string NameOf(const HlsViewerKey& viewer, std::string_view context);

}  // namespace srsproxy
