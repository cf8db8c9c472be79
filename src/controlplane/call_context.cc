#include "controlplane/call_context.h"

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

// The peer of every call that arrives by grpc::Server::InProcessChannel, and of no other: sockets
// have an address.
constexpr std::string_view kInProcessPeer = "unknown";

bool StripPrefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

}  // namespace

absl::StatusOr<CallContext> IdentifyCaller(const grpc::ServerContextBase& context) {
  const auto peer = context.peer();
  const auto& metadata = context.client_metadata();
  const auto told = metadata.find(kCallerMetadata);
  if (peer == kInProcessPeer) {
    CallContext call{.caller = "local", .in_process = true};
    if (told != metadata.end()) call.caller.assign(told->second.data(), told->second.size());
    return call;
  }
  if (told != metadata.end()) {
    return CallError(absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_RESERVED_METADATA,
                     std::string("the metadata '") + kCallerMetadata +
                         "' is set by the proxy alone; leave it out",
                     {{"key", kCallerMetadata}});
  }
  return CallContext{.caller = HostOfPeer(peer)};
}

std::string HostOfPeer(std::string_view peer) {
  auto host = peer;
  if (StripPrefix(host, "ipv4:")) {
    return std::string(host.substr(0, host.rfind(':')));
  }
  if (StripPrefix(host, "ipv6:")) {
    if (StripPrefix(host, "%5B")) return std::string(host.substr(0, host.rfind("%5D")));
    if (StripPrefix(host, "[")) return std::string(host.substr(0, host.rfind(']')));
  }
  return std::string(peer);
}

}  // namespace srsproxy::control
