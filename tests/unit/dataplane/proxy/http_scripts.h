// What clients and origins of HTTP send and await, as scripts.
#pragma once

#include <string>

#include "tests/unit/dataplane/proxy/scripted_peer.h"

namespace srsproxy::testing {

// Reads up to `until` of the response.
inline Script HttpRequestScript(const std::string& target, const std::string& until = "HTTP/1.1 ") {
  return {{.send = "GET " + target + " HTTP/1.1\r\nHost: v.com\r\n"},
          {.send = "Connection: close\r\n\r\n"},
          {.until = until}};
}

// `head`: its first line and fields.
inline Script HttpResponseScript(const std::string& body, const std::string& head = "200 OK\r\n") {
  return {{.until = "\r\n\r\n"},
          {.send = "HTTP/1.1 " + head + "Content-Length: " + std::to_string(body.size())},
          {.send = "\r\n\r\n" + body.substr(0, body.size() / 2)},
          {.send = body.substr(body.size() / 2)}};
}

}  // namespace srsproxy::testing
