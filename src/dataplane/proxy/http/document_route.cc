#include "dataplane/proxy/http/document_route.h"

#include <unistd.h>

#include "dataplane/protocol/srs_api/json_text.h"
#include "dataplane/protocol/srs_api/merge.h"

namespace srsproxy {
namespace {

// In the form of SRS's API, for programs that look for an SRS here.
http::Response Versions() {
  return {.body = srs_api::WriteJson(srs_api::Versions({SRSPROXY_VERSION, ::getpid()}))};
}

}  // namespace

net::Task<HttpTaken> DocumentRoute::Take(HttpClient& client, http::RequestHead& request) {
  const std::string_view path = http::PathOf(request.target);
  if (path == "/api/v1/versions") co_return Versions();
  if (path != LiveStreams::kPath) co_return std::monostate();
  co_return co_await live_streams_.Answer(context_.executor(), request, client.config->vhosts);
}

}  // namespace srsproxy
