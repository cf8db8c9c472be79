// Who may use the data plane's HTTP APIs: whoever has a token of PROXY_TOKENS_FILE with the right
// role.
#pragma once

#include "controlplane/access/refusal_log.h"
#include "controlplane/access/tokens.h"
#include "dataplane/core/authorizer.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"

namespace srsproxy::control {

// The roles viewer and peer may look, an admin may do everything, an origin nothing.
class TokenAuthorizer final : public Authorizer {
 public:
  // `tokens` may be null: callers need none. All outlive it.
  TokenAuthorizer(const TokenStore* tokens, const Clock& clock, const Logger& logger,
                  Metrics& metrics);

  bool enforced() const override { return tokens_ != nullptr; }
  absl::Status Check(const AccessRequest& request) override;

 private:
  absl::Status Decide(const AccessRequest& request) const;

  const TokenStore* const tokens_;
  Metrics& metrics_;
  RefusalLog denials_;
};

}  // namespace srsproxy::control
