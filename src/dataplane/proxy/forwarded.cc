#include "dataplane/proxy/forwarded.h"

#include <string>

namespace srsproxy {
namespace {

// What a trusted proxy has written into X-Forwarded-For; empty: nothing, or it is not trusted.
std::string_view TrustedAddresses(const http::Fields& fields, const HttpClient& client) {
  const auto& trusted = client.config->trusted_proxies;
  if (trusted.empty() || !Admits(trusted, client.host)) return {};
  return http::ValueOf(fields, "X-Forwarded-For");
}

}  // namespace

void SetForwarded(http::Fields& fields, const http::RequestHead& request,
                  const HttpClient& client) {
  const std::string_view before = TrustedAddresses(fields, client);
  if (!before.empty()) {
    fields.set("X-Forwarded-For", std::string(before) + ", " + client.host);
    return;
  }
  fields.set("X-Forwarded-For", client.host);
  fields.set("X-Real-IP", client.host);
  fields.set("X-Forwarded-Proto", client.tls ? "https" : "http");
  fields.set("X-Forwarded-Host", request.host);
}

std::string ViewerHost(const http::RequestHead& request, const HttpClient& client) {
  const std::string_view told = TrustedAddresses(request.fields, client);
  return told.empty() ? client.host : std::string(told.substr(0, told.find_first_of(", ")));
}

}  // namespace srsproxy
