#include "dataplane/proxy/http/http_client.h"

#include "dataplane/net/awaited_stream.h"

namespace srsproxy {

net::Task<absl::Status> SendToClient(HttpClient& client, net::Worker& worker,
                                     std::string_view text) {
  net::AwaitedStream awaited(worker.poller(net::Poller::Delivery::kImmediate),
                             worker.io().get_executor(), client.stream);
  co_return co_await awaited.Write(text, client.config->write_timeout);
}

net::Task<bool> SendResponse(HttpClient& client, net::Worker& worker, http::Response response,
                             const http::RequestHead& request) {
  const std::string text = WriteForAnySite(response, request);
  const auto sent = co_await SendToClient(client, worker, text);
  co_return sent.ok() && http::KeepsAlive(response, request);
}

}  // namespace srsproxy
