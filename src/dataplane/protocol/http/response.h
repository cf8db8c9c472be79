// A whole response to an HTTP request, small enough to be held: what srsproxy itself sends.
#pragma once

#include <string>

#include "dataplane/protocol/http/head.h"

namespace srsproxy::http {

struct Response {
  unsigned status = 200;
  std::string body{};
  std::string content_type = "application/json";
  Fields fields{};         // Further ones.
  bool keep_alive = true;  // As far as the response is concerned.
};

// Whether the connection can carry another request after `response` to `request`.
inline bool KeepsAlive(const Response& response, const RequestHead& request) {
  return response.keep_alive && request.keep_alive;
}

// Head and body; without the body in answer to HEAD.
std::string WriteResponse(const Response& response, const RequestHead& request);

// A request that could not be read, for a response to it: the connection ends with that.
inline RequestHead UnreadRequest() {
  RequestHead request;
  request.keep_alive = false;
  return request;
}

}  // namespace srsproxy::http
