// How an origin is told who asks: the X-Forwarded-* and X-Real-IP fields.
#pragma once

#include <string>

#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http_client.h"

namespace srsproxy {

// Sets the fields in `fields`, which go to the origin. What the client sent of them counts only
// when it is one of PROXY_TRUSTED_PROXIES; then its address is added to X-Forwarded-For, whose
// first entry SRS believes, and the other fields pass.
void SetForwarded(http::Fields& fields, const http::RequestHead& request, const HttpClient& client);

// The address, without a port, that asks: what a trusted proxy says in X-Forwarded-For, else the
// client's.
std::string ViewerHost(const http::RequestHead& request, const HttpClient& client);

}  // namespace srsproxy
