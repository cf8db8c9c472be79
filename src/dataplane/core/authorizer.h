// Who may use what the data plane serves beside media: needed by its HTTP APIs, implemented by
// whoever knows the credentials.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy {

enum class AccessLevel : uint8_t {
  kView,   // Looks and changes nothing.
  kAdmin,  // Changes something.
};

struct AccessRequest {
  AccessLevel needed = AccessLevel::kAdmin;
  std::string_view authorization;  // The value of the field; empty: there is none, or two.
  std::string_view client;         // Its address, without the port.
  std::string_view action;         // For the log: "DELETE /api/v1/clients/".
};

// Thread-safe, and never blocks.
class Authorizer {
 public:
  virtual ~Authorizer() = default;

  // Whether callers have to prove who they are. False: everybody may do everything.
  virtual bool enforced() const = 0;

  // UNAUTHENTICATED: nobody known; PERMISSION_DENIED: somebody who may not. Messages are fit
  // for the client. The decision is counted, and a refusal logged without the credentials.
  virtual absl::Status Check(const AccessRequest& request) = 0;
};

}  // namespace srsproxy
