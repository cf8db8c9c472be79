#include "dataplane/proxy/http/http_response.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "dataplane/core/hops.h"

namespace srsproxy {

http::Response ErrorResponse(unsigned status, std::string_view message) {
  const boost::json::object body{{"error", boost::json::string(message.data(), message.size())}};
  return {.status = status, .body = boost::json::serialize(body) + "\n"};
}

unsigned HttpStatusOf(const absl::Status& why) {
  if (IsLoop(why)) return 508;
  switch (why.code()) {
    case absl::StatusCode::kInvalidArgument:
      return 400;
    case absl::StatusCode::kNotFound:
      return 404;
    case absl::StatusCode::kDeadlineExceeded:
      return 504;
    case absl::StatusCode::kResourceExhausted:
      return SideOf(why) == Side::kOrigin ? 502 : 503;
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kAborted:
      return 503;
    case absl::StatusCode::kUnavailable:
      return SideOf(why) == Side::kProxy ? 503 : 502;
    default:
      return 502;
  }
}

void AllowOtherSites(http::Fields& fields, const http::RequestHead& request) {
  if (http::ValueOf(request.fields, "Origin").empty()) return;
  if (fields.count("Access-Control-Allow-Origin") == 0) {
    fields.set("Access-Control-Allow-Origin", "*");
  }
}

std::string WriteForAnySite(http::Response response, const http::RequestHead& request) {
  response.fields.set("Access-Control-Allow-Origin", "*");
  return http::WriteResponse(response, request);
}

}  // namespace srsproxy
