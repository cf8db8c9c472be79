// How an origin learns who the client is, by the X-Forwarded-* and X-Real-IP fields, and a client
// not whom it reaches.
#pragma once

#include <string>

#include "dataplane/core/endpoint.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/proxy/http/http_client.h"

namespace srsproxy {

// What the origin is sent as Host: the client's, or `origin` itself where it sent none.
std::string HostFor(const http::RequestHead& request, const Endpoint& origin);

// Sets the fields in `fields`, which go to the origin. What the client sent of them counts only
// when it is one of PROXY_TRUSTED_PROXIES; then its address is added to X-Forwarded-For, whose
// first entry SRS believes, and the other fields pass.
void SetForwarded(http::Fields& fields, const http::RequestHead& request, const HttpClient& client);

// A Location of `fields` that names `origin` becomes a path: it is to lead through here.
void KeepOriginInside(http::Fields& fields, const Endpoint& origin);

// The address, without a port, that asks: the client's; where that is a trusted proxy, the last one
// in X-Forwarded-For that is not itself trusted.
std::string ViewerHost(const http::RequestHead& request, const HttpClient& client);

}  // namespace srsproxy
