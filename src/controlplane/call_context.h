// Who makes a call.
#pragma once

#include <string>
#include <string_view>

#include <grpcpp/server_context.h>

#include "dataplane/core/status.h"

namespace srsproxy::control {

// The metadata in which the System API names its HTTP client. Only a call in process may carry it.
inline constexpr char kCallerMetadata[] = "srsproxy-caller";

struct CallContext {
  std::string caller;       // The caller's address without a port.
  bool in_process = false;  // It came through the System API, which has admitted the caller.
};

// The caller of an incoming call. PERMISSION_DENIED with RESERVED_METADATA: a call from outside
// carries kCallerMetadata.
absl::StatusOr<CallContext> IdentifyCaller(const grpc::ServerContextBase& context);

// The address in what gRPC calls a peer: `ipv4:10.0.0.7:5000` or `ipv6:%5B::1%5D:5000`; any other
// text is returned unchanged.
std::string HostOfPeer(std::string_view peer);

}  // namespace srsproxy::control
