// Secrets that callers prove themselves with, compared without revealing how much of one is right.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace srsproxy::control {

// What is kept of a secret: enough to know it again (SHA-256).
class SecretDigest {
 public:
  explicit SecretDigest(std::string_view secret);

  // Takes the same time whatever differs.
  bool Matches(const SecretDigest& other) const;

 private:
  std::array<uint8_t, 32> bytes_;
};

// The token in the value of an `authorization` header, `Bearer <token>` (RFC 6750, section 2.1).
std::optional<std::string_view> BearerToken(std::string_view authorization);

}  // namespace srsproxy::control
