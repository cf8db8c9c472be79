#include "dataplane/proxy/rtmp/redirect.h"

#include <string>

#include <boost/url/parse.hpp>

namespace srsproxy {
namespace {

constexpr uint16_t kRtmpPort = 1935;

}  // namespace

absl::Status RedirectFailure(std::string_view how) {
  return OriginFailure(absl::StatusCode::kPermissionDenied,
                       "the origin redirected the client " + std::string(how));
}

absl::StatusOr<Endpoint> RedirectTarget(std::string_view url, const OriginSnapshot& origins) {
  const auto parsed = boost::urls::parse_uri_reference(url);
  if (parsed.has_error()) return RedirectFailure("to something that is no URL");
  const Endpoint wanted{.transport = Transport::kTcp,
                        .host = std::string(parsed->host_address()),
                        .port = parsed->has_port() ? parsed->port_number() : kRtmpPort};
  for (const auto& origin : origins.origins) {
    if (origin->registration.ip != wanted.host) continue;
    for (const Endpoint& endpoint : origin->registration.rtmp) {
      if (endpoint.port == wanted.port) return wanted;
    }
  }
  return RedirectFailure("to a server that is not registered here");
}

}  // namespace srsproxy
