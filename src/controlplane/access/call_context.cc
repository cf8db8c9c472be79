#include "controlplane/access/call_context.h"

namespace srsproxy::control {
namespace {

bool StripPrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string_view WithoutMapping(std::string_view address) {
  auto mapped = address;
  if (StripPrefix(mapped, "::ffff:") && mapped.find('.') != std::string_view::npos) return mapped;
  return address;
}

}  // namespace

std::string HostOfPeer(std::string_view peer) {
  auto host = peer;
  if (StripPrefix(host, "ipv4:")) {
    return std::string(host.substr(0, host.rfind(':')));
  }
  if (StripPrefix(host, "ipv6:")) {
    if (StripPrefix(host, "%5B")) {
      return std::string(WithoutMapping(host.substr(0, host.rfind("%5D"))));
    }
    if (StripPrefix(host, "[")) return std::string(WithoutMapping(host.substr(0, host.rfind(']'))));
  }
  return std::string(peer);
}

}  // namespace srsproxy::control
