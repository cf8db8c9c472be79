#include "controlplane/access/secret.h"

#include <absl/strings/ascii.h>
#include <absl/strings/match.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#include "dataplane/core/status.h"

namespace srsproxy::control {
namespace {

constexpr std::string_view kScheme = "Bearer ";

}  // namespace

SecretDigest::SecretDigest(std::string_view secret) {
  static_assert(sizeof(bytes_) == SHA256_DIGEST_LENGTH);
  SHA256(reinterpret_cast<const uint8_t*>(secret.data()), secret.size(), bytes_.data());
}

bool SecretDigest::Matches(const SecretDigest& other) const {
  return CRYPTO_memcmp(bytes_.data(), other.bytes_.data(), bytes_.size()) == 0;
}

std::optional<std::string_view> BearerToken(std::string_view authorization) {
  if (!absl::StartsWithIgnoreCase(ToAbsl(authorization), ToAbsl(kScheme))) return std::nullopt;
  const auto token =
      ToStd(absl::StripAsciiWhitespace(ToAbsl(authorization.substr(kScheme.size()))));
  if (token.empty()) return std::nullopt;
  return token;
}

}  // namespace srsproxy::control
