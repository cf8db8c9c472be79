// Whatever stands in the keys that Go proxies write: what is read is written so that it is read as
// the same.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "dataplane/protocol/redis/go_records.h"
#include "dataplane/protocol/redis/keys.h"
#include "dataplane/protocol/redis/server_info.h"

namespace {

using namespace srsproxy::redis;

void Require(bool holds) {
  if (!holds) std::abort();
}

template <typename Parse, typename Format>
void RoundTrip(std::string_view text, Parse parse, Format format) {
  const auto value = parse(text);
  if (!value.ok()) return;
  const std::string written = format(*value);
  const auto again = parse(written);
  Require(again.ok() && *again == *value);
  Require(format(*again) == written);
}

void ReadServer(std::string_view text) {
  const auto server = ParseGoServer(text);
  if (!server.ok()) return;
  const auto registration = ToRegistration(*server);
  if (!registration.ok()) return;
  Require(registration->Id() == server->Id());
  const GoServer written = ToGoServer(*registration, server->updated_at);
  Require(ToRegistration(written).ok());
}

void ReadKey(std::string_view text) {
  const size_t split = text.find('\n');
  const Keys keys(split == std::string_view::npos ? "" : text.substr(0, split));
  const std::string_view key = split == std::string_view::npos ? text : text.substr(split + 1);
  const auto parsed = keys.Parse(key);
  if (parsed.has_value()) Require(keys.Make(parsed->kind, parsed->name) == key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RoundTrip(text, ParseGoServer, FormatGoServer);
  RoundTrip(text, ParseGoServerList, FormatGoServerList);
  RoundTrip(text, ParseGoHls, FormatGoHls);
  RoundTrip(text, ParseGoRtc, FormatGoRtc);
  ReadServer(text);
  ReadKey(text);
  const ServerInfo info = ParseServerInfo(text);
  (void)CheckServer(info);
  (void)EvictionWarning(info);
  return 0;
}
