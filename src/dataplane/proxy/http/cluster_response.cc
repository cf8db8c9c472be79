#include "dataplane/proxy/http/cluster_response.h"

#include <unistd.h>

#include <utility>

#include "dataplane/protocol/srs_api/json_text.h"

namespace srsproxy {

srs_api::Responder ThisProxy() { return {SRSPROXY_VERSION, ::getpid()}; }

http::Response ClusterResponse(const srs_api::Request& request, unsigned status, std::string json) {
  http::Response response{.status = status, .body = std::move(json)};
  if (request.callback.empty()) return response;
  response.content_type = "text/javascript";
  response.body = srs_api::AsJsonp(response.body, request.callback);
  return response;
}

http::Response ClusterResponse(const srs_api::Request& request, unsigned status,
                               const boost::json::object& body) {
  return ClusterResponse(request, status, srs_api::WriteJson(body));
}

http::Response ClusterFailure(const srs_api::Request& request, unsigned status,
                              std::string_view message) {
  auto body = srs_api::Envelope(ThisProxy(), status);
  body["error"] = boost::json::string_view(message.data(), message.size());
  return ClusterResponse(request, status, body);
}

http::Response ClusterRefusal(const srs_api::Request& request, const absl::Status& why) {
  http::Response response;
  switch (why.code()) {
    case absl::StatusCode::kUnauthenticated:
      response = ClusterFailure(request, 401, MessageOf(why));
      response.fields.set("WWW-Authenticate", "Bearer realm=\"srsproxy\"");
      return response;
    case absl::StatusCode::kPermissionDenied:
      return ClusterFailure(request, 403, MessageOf(why));
    case absl::StatusCode::kUnimplemented:
      response = ClusterFailure(request, 405, MessageOf(why));
      response.fields.set("Allow", "GET, HEAD, DELETE, OPTIONS");
      return response;
    case absl::StatusCode::kNotFound:
      return ClusterFailure(request, 404, MessageOf(why));
    default:
      return ClusterFailure(request, 400, MessageOf(why));
  }
}

}  // namespace srsproxy
