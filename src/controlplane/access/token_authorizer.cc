#include "controlplane/access/token_authorizer.h"

#include <string>

#include "controlplane/access/identity.h"
#include "controlplane/access/secret.h"

namespace srsproxy::control {
namespace {

bool Suffices(AccessRole role, AccessLevel needed) {
  switch (role) {
    case AccessRole::kAdmin:
      return true;
    case AccessRole::kViewer:
    case AccessRole::kPeer:
      return needed == AccessLevel::kView;
    case AccessRole::kOrigin:
      break;
  }
  return false;
}

}  // namespace

TokenAuthorizer::TokenAuthorizer(const TokenStore* tokens, const Clock& clock, const Logger& logger,
                                 Metrics& metrics)
    : tokens_(tokens), metrics_(metrics), denials_("request denied", clock, logger) {}

absl::Status TokenAuthorizer::Check(const AccessRequest& request) {
  auto decision = Decide(request);
  if (decision.ok()) {
    metrics_.auth_decisions.Increment(AuthResult::kAllowed, enforced() ? "token" : "open");
    return decision;
  }
  metrics_.auth_decisions.Increment(
      AuthResult::kDenied, absl::IsUnauthenticated(decision) ? "token_required" : "role_denied");
  denials_.Add(request.client,
               std::string(request.action) + ": " + std::string(MessageOf(decision)));
  return decision;
}

absl::Status TokenAuthorizer::Decide(const AccessRequest& request) const {
  if (!enforced()) return absl::OkStatus();
  const auto token = BearerToken(request.authorization);
  if (!token) {
    return ClientFailure(absl::StatusCode::kUnauthenticated,
                         "the request carries no token; send 'Authorization: Bearer <token>' once");
  }
  const auto identity = tokens_->Find(*token);
  if (identity == nullptr) {
    return ClientFailure(absl::StatusCode::kUnauthenticated,
                         "this proxy does not know the request's token; its PROXY_TOKENS_FILE "
                         "lists those that it does");
  }
  if (Suffices(identity->role, request.needed)) return absl::OkStatus();
  const std::string_view needed = request.needed == AccessLevel::kAdmin ? "admin" : "viewer";
  return ClientFailure(absl::StatusCode::kPermissionDenied,
                       identity->name + " has the role " + std::string(ToName(identity->role)) +
                           "; this needs the role " + std::string(needed));
}

}  // namespace srsproxy::control
