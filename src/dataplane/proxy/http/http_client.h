// The client's end of one HTTP connection, as the sessions that answer it share it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/core/clock.h"
#include "dataplane/core/config.h"
#include "dataplane/net/cancel_scope.h"
#include "dataplane/net/task.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/worker.h"
#include "dataplane/protocol/http/message_reader.h"
#include "dataplane/proxy/http/http_response.h"

namespace srsproxy {

// Owned by the connection's session. Used on its worker only.
struct HttpClient {
  const std::shared_ptr<const Config> config;  // As it was when the client came.
  const std::string address;                   // address:port
  const std::string host;                      // Without the port.
  const MonotonicTime accepted;
  const bool tls;
  net::CancelScope& scope;  // Of the session.
  net::TcpStream stream;
  // What came after the request that is being answered is kept here.
  http::MessageReader reader{};
};

// Sends all of `text`, within the write timeout. Nobody else watches the client's stream.
net::Task<absl::Status> SendToClient(HttpClient& client, net::Worker& worker,
                                     std::string_view text);

// Sends `response` to `request` likewise; whether the connection can carry another request.
net::Task<bool> SendResponse(HttpClient& client, net::Worker& worker, http::Response response,
                             const http::RequestHead& request);

}  // namespace srsproxy
