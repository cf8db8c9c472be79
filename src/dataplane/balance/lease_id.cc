#include "dataplane/balance/lease_id.h"

#include <sys/random.h>

#include <array>
#include <cstdint>

#include <absl/strings/escaping.h>
#include <openssl/sha.h>

namespace srsproxy {

std::string NewLeaseId() {
  std::array<char, 16> random;
  // Up to 256 bytes never fail nor come short once the kernel's generator is seeded: getrandom(2).
  [[maybe_unused]] const ssize_t got = getrandom(random.data(), random.size(), 0);
  return absl::BytesToHexString(absl::string_view(random.data(), random.size()));
}

std::string LeaseDigest(std::string_view lease_id) {
  std::array<uint8_t, SHA256_DIGEST_LENGTH> digest;
  SHA256(reinterpret_cast<const uint8_t*>(lease_id.data()), lease_id.size(), digest.data());
  return absl::BytesToHexString(
      absl::string_view(reinterpret_cast<const char*>(digest.data()), digest.size()));
}

}  // namespace srsproxy
