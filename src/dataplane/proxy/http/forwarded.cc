#include "dataplane/proxy/http/forwarded.h"

#include <algorithm>

#include "dataplane/core/host.h"
#include "dataplane/core/network.h"
#include "dataplane/protocol/hls/uri.h"

namespace srsproxy {
namespace {

// What a client that is not trusted has no say in.
constexpr const char* kFields[] = {"Forwarded",          "X-Forwarded-For",   "X-Forwarded-Host",
                                   "X-Forwarded-Port",   "X-Forwarded-Proto", "X-Forwarded-Server",
                                   "X-Forwarded-Prefix", "X-Forwarded-Ssl",   "X-Real-IP"};

bool IsTrusted(std::string_view address, const HttpClient& client) {
  const auto& trusted = client.config->trusted_proxies;
  return !trusted.empty() && Admits(trusted, address);
}

// All lines of X-Forwarded-For: some proxies add to the last one, some add one.
std::string AddressesIn(const http::Fields& fields) {
  std::string all;
  for (auto [at, end] = fields.equal_range("X-Forwarded-For"); at != end; ++at) {
    if (!all.empty()) all += ", ";
    all.append(at->value().data(), at->value().size());
  }
  return all;
}

// Takes the last address off `list`; without its spaces.
std::string_view TakeLast(std::string_view& list) {
  const size_t comma = list.rfind(',');
  std::string_view last = comma == std::string_view::npos ? list : list.substr(comma + 1);
  list = comma == std::string_view::npos ? std::string_view() : list.substr(0, comma);
  last.remove_prefix(std::min(last.find_first_not_of(" \t"), last.size()));
  return last.substr(0, last.find_last_not_of(" \t") + 1);
}

}  // namespace

std::string HostFor(const http::RequestHead& request, const Endpoint& origin) {
  return request.host.empty() ? JoinHostPort(origin.host, origin.port) : request.host;
}

void SetForwarded(http::Fields& fields, const http::RequestHead& request,
                  const HttpClient& client) {
  if (IsTrusted(client.host, client)) {
    const std::string before = AddressesIn(fields);
    if (!before.empty()) {
      fields.set("X-Forwarded-For", before + ", " + client.host);
      return;
    }
  }
  for (const char* name : kFields) fields.erase(name);
  fields.set("X-Forwarded-For", client.host);
  fields.set("X-Real-IP", client.host);
  fields.set("X-Forwarded-Proto", client.tls ? "https" : "http");
  if (!request.host.empty()) fields.set("X-Forwarded-Host", request.host);
}

void KeepOriginInside(http::Fields& fields, const Endpoint& origin) {
  const std::string own[] = {JoinHostPort(origin.host, origin.port)};
  const auto here = hls::AtOwnHost(http::ValueOf(fields, "Location"), own);
  if (here.has_value() && !here->empty()) fields.set("Location", *here);
}

std::string ViewerHost(const http::RequestHead& request, const HttpClient& client) {
  std::string host = client.host;
  const std::string stated = AddressesIn(request.fields);
  for (std::string_view rest = stated; !rest.empty() && IsTrusted(host, client);) {
    const std::string_view before = TakeLast(rest);
    if (!IsIpAddress(before)) break;
    host = before;
  }
  return host;
}

}  // namespace srsproxy
