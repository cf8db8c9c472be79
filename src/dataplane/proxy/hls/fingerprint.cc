#include "dataplane/proxy/hls/fingerprint.h"

#include <array>
#include <cstdint>

#include <openssl/sha.h>

namespace srsproxy {

std::string Fingerprint(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  constexpr size_t kBytes = SHA256_DIGEST_LENGTH / 2;
  std::array<uint8_t, SHA256_DIGEST_LENGTH> hash{};
  SHA256(reinterpret_cast<const uint8_t*>(text.data()), text.size(), hash.data());
  std::string hex;
  hex.reserve(2 * kBytes);
  for (size_t i = 0; i < kBytes; ++i) {
    hex += kDigits[hash[i] >> 4];
    hex += kDigits[hash[i] & 15];
  }
  return hex;
}

}  // namespace srsproxy
