// Responses that the proxy itself gives to HTTP clients: errors, short documents.
#pragma once

#include <string>
#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/protocol/http/response.h"

namespace srsproxy {

// {"error":"..."}; `message` must be fit for the client: no address of the inside.
http::Response ErrorResponse(unsigned status, std::string_view message);

// The HTTP status of a failure on the way to an origin: 400 a bad name, 404 it is not there, 502
// the origin broke or is not reached, 503 no origin or a limit of this proxy, 504 it took too long,
// 508 a loop (core/hops.h).
unsigned HttpStatusOf(const absl::Status& why);

// Lets pages of any site read a response of an origin that has no field for it, as the response to
// their preflight allowed.
void AllowOtherSites(http::Fields& fields, const http::RequestHead& request);

// Head and body; without the body in answer to HEAD. CORS fields are added.
std::string WriteForAnySite(http::Response response, const http::RequestHead& request);

}  // namespace srsproxy
