#include "controlplane/access/call_authorizer.h"

#include <optional>
#include <utility>

#include <absl/strings/ascii.h>

#include "controlplane/access/permissions.h"
#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

constexpr char kAuthorization[] = "authorization";

// The one value of `key`; nullopt when it is missing or there twice.
std::optional<std::string_view> MetadataOf(const grpc::ServerContextBase& context,
                                           const char* key) {
  const auto& metadata = context.client_metadata();
  const auto [first, last] = metadata.equal_range(key);
  if (first == last || std::next(first) != last) return std::nullopt;
  return std::string_view(first->second.data(), first->second.size());
}

absl::Status TokenRequired(std::string_view message) {
  return CallError(absl::StatusCode::kUnauthenticated, v1::ERROR_REASON_TOKEN_REQUIRED, message);
}

absl::Status ReservedMetadata(const char* key) {
  return CallError(
      absl::StatusCode::kPermissionDenied, v1::ERROR_REASON_RESERVED_METADATA,
      std::string("the metadata '") + key + "' is set by the proxy alone; leave it out",
      {{"key", key}});
}

std::shared_ptr<const Identity> CertificateIdentity(const grpc::AuthContext& auth) {
  std::string name = "a client certificate";
  if (const auto names = auth.GetPeerIdentity(); !names.empty()) {
    name = "the certificate of '" + std::string(names.front().data(), names.front().size()) + "'";
  }
  return std::make_shared<const Identity>(
      Identity{.role = AccessRole::kAdmin, .name = std::move(name), .servers = {}});
}

}  // namespace

CallAuthorizer::CallAuthorizer(const TokenStore* tokens, RefusalLog& denials, Metrics& metrics)
    : tokens_(tokens),
      denials_(denials),
      metrics_(metrics),
      system_api_(std::make_shared<const Identity>(
          Identity{.role = AccessRole::kOrigin, .name = "the System API", .servers = {}})),
      anybody_(std::make_shared<const Identity>(
          Identity{.role = AccessRole::kAdmin, .name = "anybody", .servers = {}})) {}

absl::StatusOr<CallContext> CallAuthorizer::Authorize(
    std::string_view method, const grpc::ServerContextBase& context,
    const google::protobuf::Message* request) const {
  return Decide(method, HostOfPeer(context.peer()), Identify(context), request);
}

absl::StatusOr<CallContext> CallAuthorizer::AuthorizeSystemApi(
    std::string_view method, std::string caller, const google::protobuf::Message& request) const {
  return Decide(method, caller, Caller{{caller, system_api_}, "in_process"}, &request);
}

absl::StatusOr<CallContext> CallAuthorizer::Decide(std::string_view method, std::string_view host,
                                                   absl::StatusOr<Caller> caller,
                                                   const google::protobuf::Message* request) const {
  absl::Status status = caller.status();
  if (status.ok()) status = CheckRole(method, *caller->context.identity);
  if (status.ok() && request != nullptr) status = CheckScope(*request, *caller->context.identity);
  if (status.ok()) {
    metrics_.auth_decisions.Increment(AuthResult::kAllowed, caller->proof);
    return std::move(caller->context);
  }
  metrics_.auth_decisions.Increment(AuthResult::kDenied,
                                    absl::AsciiStrToLower(ErrorInfoOf(status).reason()));
  denials_.Add(host, std::string(method) + ": " + std::string(MessageOf(status)));
  return status;
}

absl::StatusOr<CallAuthorizer::Caller> CallAuthorizer::Identify(
    const grpc::ServerContextBase& context) const {
  const auto& metadata = context.client_metadata();
  for (const char* key : {kInProcessMetadata, kCallerMetadata}) {
    if (metadata.contains(key)) return ReservedMetadata(key);
  }

  auto host = HostOfPeer(context.peer());
  if (tokens_ != nullptr) {
    auto identity = FindToken(context);
    if (!identity.ok()) return identity.status();
    return Caller{{std::move(host), *std::move(identity)}, "token"};
  }
  const auto auth = context.auth_context();
  if (auth != nullptr && auth->IsPeerAuthenticated()) {
    return Caller{{std::move(host), CertificateIdentity(*auth)}, "certificate"};
  }
  return Caller{{std::move(host), anybody_}, "open"};
}

absl::StatusOr<std::shared_ptr<const Identity>> CallAuthorizer::FindToken(
    const grpc::ServerContextBase& context) const {
  const auto authorization = MetadataOf(context, kAuthorization);
  const auto token = authorization ? BearerToken(*authorization) : std::nullopt;
  if (!token) {
    return TokenRequired(
        "the call carries no token; send the metadata "
        "'authorization: Bearer <token>' once");
  }
  auto identity = tokens_->Find(*token);
  if (identity == nullptr) {
    return TokenRequired(
        "this proxy does not know the call's token; its PROXY_TOKENS_FILE lists "
        "those that it does");
  }
  return identity;
}

}  // namespace srsproxy::control
