// The listeners: every port that srsproxy opens, one row each. Their settings, metrics and checks
// are made from this table; the data plane runs what they serve.
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string_view>

#include "dataplane/core/config.h"

namespace srsproxy {

// In the order of kListeners.
enum class Listener : uint8_t {
  kRtmp,
  kRtmps,
  kHttp,
  kHttps,
  kHttpApi,
  kHttpsApi,
  kSystemApi,
  kGrpc,
  kWebRtc,
  kSrt,
};

// What clients of a listener get.
enum class Service : uint8_t { kRtmp, kHttpMedia, kHttpApi, kSystemApi, kGrpc, kWebRtc, kSrt };

struct ListenerRow {
  Listener listener;
  std::string_view setting;  // The field of config.proto.
  ListenAddress Config::*address;
  Service service;
  bool tls;  // By the certificate of tls_cert.
  bool tcp;
  bool udp;

  // In metrics: "rtmp" of rtmp_server.
  constexpr std::string_view name() const {
    constexpr std::string_view kSuffix = "_server";
    return setting.substr(0, setting.size() - (setting.ends_with(kSuffix) ? kSuffix.size() : 0));
  }
};

class ListenerTable {
  using L = Listener;
  using C = Config;
  using S = Service;

 public:
  // clang-format off
  static constexpr ListenerRow kRows[] = {
      //             setting          address             service         tls    tcp    udp
      {L::kRtmp,      "rtmp_server",   &C::rtmp_server,    S::kRtmp,       false, true,  false},
      {L::kRtmps,     "rtmps_server",  &C::rtmps_server,   S::kRtmp,       true,  true,  false},
      {L::kHttp,      "http_server",   &C::http_server,    S::kHttpMedia,  false, true,  false},
      {L::kHttps,     "https_server",  &C::https_server,   S::kHttpMedia,  true,  true,  false},
      {L::kHttpApi,   "http_api",      &C::http_api,       S::kHttpApi,    false, true,  false},
      {L::kHttpsApi,  "https_api",     &C::https_api,      S::kHttpApi,    true,  true,  false},
      {L::kSystemApi, "system_api",    &C::system_api,     S::kSystemApi,  false, true,  false},
      {L::kGrpc,      "grpc_server",   &C::grpc_server,    S::kGrpc,       false, true,  false},
      {L::kWebRtc,    "webrtc_server", &C::webrtc_server,  S::kWebRtc,     false, true,  true},
      {L::kSrt,       "srt_server",    &C::srt_server,     S::kSrt,        false, false, true},
  };
  // clang-format on
};
inline constexpr const auto& kListeners = ListenerTable::kRows;

// How many of them, the first ones, count their connections.
inline constexpr size_t kCountedListeners = static_cast<size_t>(Listener::kSystemApi) + 1;

constexpr const ListenerRow& RowOf(Listener listener) {
  return kListeners[static_cast<size_t>(listener)];
}

constexpr bool ListenersAreInOrder() {
  for (const ListenerRow& row : kListeners) {
    if (&row != &RowOf(row.listener)) return false;
  }
  return true;
}
static_assert(ListenersAreInOrder());

}  // namespace srsproxy
