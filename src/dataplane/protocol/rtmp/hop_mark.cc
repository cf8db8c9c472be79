#include "dataplane/protocol/rtmp/hop_mark.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace srsproxy::rtmp {
namespace {

// The block of the digest ends at 772; the four bytes at 1532 give where the key block has its key.
constexpr size_t kMarkAt = 1024;
constexpr size_t kTagBytes = 16;
constexpr std::string_view kTagKey = "srsproxy hops 1";

using Tag = std::array<uint8_t, kTagBytes>;

Tag TagOf(std::span<const uint8_t> hops) {
  std::array<uint8_t, EVP_MAX_MD_SIZE> digest;
  unsigned int size = digest.size();
  HMAC(EVP_sha256(), kTagKey.data(), static_cast<int>(kTagKey.size()), hops.data(), hops.size(),
       digest.data(), &size);
  Tag tag;
  std::copy_n(digest.begin(), tag.size(), tag.begin());
  return tag;
}

}  // namespace

void WriteHopMark(const HopList& hops, std::span<uint8_t> c1) {
  std::vector<uint8_t> bytes;
  hops.AppendTo(bytes);
  bytes.resize(HopList::kMaxBytes);
  std::ranges::copy(TagOf(bytes), c1.begin() + kMarkAt);
  std::ranges::copy(bytes, c1.begin() + kMarkAt + kTagBytes);
}

HopList ReadHopMark(std::span<const uint8_t> c1) {
  const auto tag = c1.subspan(kMarkAt, kTagBytes);
  const auto bytes = c1.subspan(kMarkAt + kTagBytes, HopList::kMaxBytes);
  if (CRYPTO_memcmp(TagOf(bytes).data(), tag.data(), kTagBytes) != 0) return {};
  constexpr size_t kIdBytes = (HopList::kMaxBytes - 1) / HopList::kMaxHops;
  const size_t size = 1 + size_t{bytes[0]} * kIdBytes;
  return size > bytes.size() ? HopList() : HopList::FromBytes(bytes.first(size));
}

}  // namespace srsproxy::rtmp
