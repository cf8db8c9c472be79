// The responses of the cluster's API: SRS's envelope, as JSON or, where the client wants a call of
// its page, as JSONP.
#pragma once

#include <string>
#include <string_view>

#include <boost/json/object.hpp>

#include "dataplane/core/status.h"
#include "dataplane/protocol/http/response.h"
#include "dataplane/protocol/srs_api/merge.h"
#include "dataplane/protocol/srs_api/request.h"

namespace srsproxy {

// Who is named as the server in the envelope.
srs_api::Responder ThisProxy();

http::Response ClusterResponse(const srs_api::Request& request, unsigned status, std::string json);
http::Response ClusterResponse(const srs_api::Request& request, unsigned status,
                               const boost::json::object& body);

// The envelope with the status as its code, and `error`: `message`.
http::Response ClusterFailure(const srs_api::Request& request, unsigned status,
                              std::string_view message);

// What a caller or a request is refused with: 401, 403, 404, 405, else 400.
http::Response ClusterRefusal(const srs_api::Request& request, const absl::Status& why);

}  // namespace srsproxy
