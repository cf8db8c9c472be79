#include "dataplane/protocol/http/response.h"

namespace srsproxy::http {

std::string WriteResponse(const Response& response, const RequestHead& request) {
  Fields fields = response.fields;
  fields.set("Server", "srsproxy");
  if (response.status != 204) {
    fields.set("Content-Type", response.content_type);
    fields.set("Content-Length", std::to_string(response.body.size()));
  }
  fields.set("Connection", KeepsAlive(response, request) ? "keep-alive" : "close");
  std::string text = WriteResponseHead(response.status, "", fields);
  if (request.method != "HEAD") text += response.body;
  return text;
}

}  // namespace srsproxy::http
