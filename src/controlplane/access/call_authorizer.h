// CallAuthorizer: who makes a gRPC call, and whether they may.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>

#include "controlplane/access/call_context.h"
#include "controlplane/access/refusal_log.h"
#include "controlplane/access/secret.h"
#include "controlplane/access/tokens.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Metadata that no caller may send: on whose behalf a call is made, the proxy alone decides.
inline constexpr char kCallerMetadata[] = "srsproxy-caller";
inline constexpr char kInProcessMetadata[] = "srsproxy-in-process";

// Thread-safe. What it is given outlives it.
//
// A caller is identified by its bearer token, when tokens are used; else it is an admin: by its
// client certificate, where the server requests one, or because the port is open to all. Those of
// the System API, which authorizes them itself, are origins.
class CallAuthorizer {
 public:
  // `tokens` may be null: callers need none. `denials` logs each call that is not authorized.
  CallAuthorizer(const TokenStore* tokens, RefusalLog& denials, Metrics& metrics);

  // `request` is null when a stream opens. UNAUTHENTICATED with TOKEN_REQUIRED; PERMISSION_DENIED
  // with ROLE_DENIED, SCOPE_DENIED or RESERVED_METADATA.
  absl::StatusOr<CallContext> Authorize(std::string_view method,
                                        const grpc::ServerContextBase& context,
                                        const google::protobuf::Message* request) const;

  // The same for a call that the System API makes on behalf of its HTTP client `caller`.
  absl::StatusOr<CallContext> AuthorizeSystemApi(std::string_view method, std::string caller,
                                                 const google::protobuf::Message& request) const;

 private:
  // Who calls, and how that was found: the label `reason` of auth_decisions_total.
  struct Caller {
    CallContext context;
    std::string_view proof;
  };

  absl::StatusOr<Caller> Identify(const grpc::ServerContextBase& context) const;
  absl::StatusOr<std::shared_ptr<const Identity>> FindToken(
      const grpc::ServerContextBase& context) const;
  // Counts the decision; logs a denial of a call from `host`.
  absl::StatusOr<CallContext> Decide(std::string_view method, std::string_view host,
                                     absl::StatusOr<Caller> caller,
                                     const google::protobuf::Message* request) const;

  const TokenStore* const tokens_;
  RefusalLog& denials_;
  Metrics& metrics_;
  const std::shared_ptr<const Identity> system_api_;
  const std::shared_ptr<const Identity> anybody_;
};

}  // namespace srsproxy::control
