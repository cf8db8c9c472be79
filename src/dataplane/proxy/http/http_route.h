// Who answers which requests of HTTP clients. A session is handed the routes of its listener and
// knows nothing of what they serve.
#pragma once

#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "dataplane/net/task.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"
#include "dataplane/proxy/http/http_exchange.h"
#include "dataplane/proxy/http/http_response.h"

namespace srsproxy {

// Nothing: the request is for another route. An answer, or an exchange that will give it.
using HttpTaken = std::variant<std::monostate, http::Response, std::unique_ptr<HttpExchange>>;

// One for each worker, used on it only.
class HttpRoute {
 public:
  virtual ~HttpRoute() = default;

  // `client` outlives the exchange, which takes `request` with it; else that stays as it is.
  virtual net::Task<HttpTaken> Take(HttpClient& client, http::RequestHead& request) = 0;
};

// What one kind of listener serves.
struct HttpSite {
  std::string_view methods;  // "GET, HEAD, OPTIONS"
  // Any method comes to the routes, with a small body, which is read before. Else GET and HEAD do,
  // without one.
  bool bodies = false;
  std::vector<HttpRoute*> routes;  // Tried one after another.
  std::string_view not_found;      // The error for whom none of them takes.
};

}  // namespace srsproxy
