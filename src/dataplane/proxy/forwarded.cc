#include "dataplane/proxy/forwarded.h"

#include <string>

namespace srsproxy {

void SetForwarded(http::Fields& fields, const http::RequestHead& request,
                  const HttpClient& client) {
  const auto& trusted = client.config->trusted_proxies;
  const bool is_proxy = !trusted.empty() && Admits(trusted, client.host);
  const std::string_view before = http::ValueOf(fields, "X-Forwarded-For");
  if (is_proxy && !before.empty()) {
    fields.set("X-Forwarded-For", std::string(before) + ", " + client.host);
    return;
  }
  fields.set("X-Forwarded-For", client.host);
  fields.set("X-Real-IP", client.host);
  fields.set("X-Forwarded-Proto", client.tls ? "https" : "http");
  fields.set("X-Forwarded-Host", request.host);
}

}  // namespace srsproxy
