#include "dataplane/protocol/rtmp/handshake.h"

#include <algorithm>
#include <optional>
#include <random>
#include <string>
#include <string_view>

#include <absl/strings/str_cat.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "dataplane/protocol/rtmp/big_endian.h"
#include "dataplane/protocol/rtmp/hop_mark.h"

namespace srsproxy::rtmp {
namespace {

constexpr uint8_t kVersion = 3;
constexpr size_t kDigestSize = 32;
constexpr size_t kVersionField = 4;  // In C1 and S1, behind the time; 0 in the simple handshake.
constexpr uint32_t kClientVersion = 0x80000702;  // Flash 9 and later; servers require "not 0".
constexpr uint32_t kServerVersion = 0x04050001;

using Bytes = std::span<const uint8_t>;
using Digest = std::array<uint8_t, kDigestSize>;

// The keys that both ends know. The first part alone signs C1 and S1, the whole signs C2 and S2.
constexpr std::string_view kPlayerName = "Genuine Adobe Flash Player 001";
constexpr std::string_view kServerName = "Genuine Adobe Flash Media Server 001";
constexpr uint8_t kKeyTail[32] = {0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0,
                                  0xd1, 0x02, 0x9e, 0x7e, 0x57, 0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80,
                                  0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae};

Bytes NameKey(std::string_view name) {
  return {reinterpret_cast<const uint8_t*>(name.data()), name.size()};
}

std::vector<uint8_t> WholeKey(std::string_view name) {
  std::vector<uint8_t> key(name.begin(), name.end());
  key.insert(key.end(), std::begin(kKeyTail), std::end(kKeyTail));
  return key;
}

Digest Hmac(Bytes key, Bytes data) {
  Digest digest;
  unsigned int size = kDigestSize;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
       digest.data(), &size);
  return digest;
}

// C1 and S1 hold two blocks of 764 bytes, a key and a digest, in either order. The digest block
// starts with four bytes whose sum gives where in it the digest is.
enum class Schema { kKeyFirst, kDigestFirst };

size_t DigestPosition(Bytes packet, Schema schema) {
  constexpr size_t kBlockSize = 764;
  constexpr size_t kOffsetSize = 4;
  const size_t block = 8 + (schema == Schema::kKeyFirst ? kBlockSize : 0);
  const size_t offset = packet[block] + packet[block + 1] + packet[block + 2] + packet[block + 3];
  return block + kOffsetSize + offset % (kBlockSize - kOffsetSize - kDigestSize);
}

// The digest of all of C1 or S1 but the digest's own place.
Digest PacketDigest(Bytes packet, size_t position, std::string_view name) {
  std::vector<uint8_t> joined(packet.begin(), packet.begin() + static_cast<ptrdiff_t>(position));
  const Bytes tail = packet.subspan(position + kDigestSize);
  joined.insert(joined.end(), tail.begin(), tail.end());
  return Hmac(NameKey(name), joined);
}

struct FoundDigest {
  Schema schema;
  Digest digest;
};

// The digest in C1 or S1 that `name` signed, if there is one.
std::optional<FoundDigest> FindDigest(Bytes packet, std::string_view name) {
  for (const Schema schema : {Schema::kKeyFirst, Schema::kDigestFirst}) {
    const size_t position = DigestPosition(packet, schema);
    const Digest digest = PacketDigest(packet, position, name);
    if (CRYPTO_memcmp(digest.data(), packet.data() + position, kDigestSize) == 0) {
      return FoundDigest{schema, digest};
    }
  }
  return std::nullopt;
}

void FillRandom(std::span<uint8_t> bytes, uint64_t seed) {
  std::minstd_rand generator(static_cast<uint32_t>(seed ^ seed >> 32));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(generator() >> 16);
}

// Appends C1 or S1, signed by `name`, with the mark of `seed`.
void AppendSigned(const HandshakeSeed& seed, uint32_t version, Schema schema, std::string_view name,
                  std::vector<uint8_t>& out) {
  const size_t start = out.size();
  out.resize(start + kHandshakePacketSize);
  const std::span<uint8_t> packet = std::span(out).subspan(start);
  FillRandom(packet, seed.random);
  WriteU32(packet.data(), seed.time_ms);
  WriteU32(packet.data() + kVersionField, version);
  if (!seed.hops.empty()) WriteHopMark(seed.hops, packet);
  const size_t position = DigestPosition(packet, schema);
  std::ranges::copy(PacketDigest(packet, position, name), packet.begin() + position);
}

// Appends C2 or S2, which proves that `name` has seen the other side's digest.
void AppendProof(uint64_t random, const Digest& seen, std::string_view name,
                 std::vector<uint8_t>& out) {
  const size_t start = out.size();
  out.resize(start + kHandshakePacketSize);
  const std::span<uint8_t> packet = std::span(out).subspan(start);
  FillRandom(packet, random);
  const Digest key = Hmac(WholeKey(name), seen);
  const Bytes signed_part = packet.first(kHandshakePacketSize - kDigestSize);
  std::ranges::copy(Hmac(key, signed_part), packet.end() - kDigestSize);
}

// Appends what the simple handshake answers: the other side's packet, with no time of reading in
// it, for librtmp compares every byte.
void AppendEcho(Bytes packet, std::vector<uint8_t>& out) {
  out.insert(out.end(), packet.begin(), packet.end());
}

std::string DescribeFirstByte(uint8_t byte) {
  const std::string start = absl::StrCat("no RTMP handshake: the first byte is ", byte, ", not 3");
  if (byte == 0x16) return absl::StrCat(start, "; this looks like TLS: use the RTMPS port for it");
  if (byte == 6 || byte == 8) return absl::StrCat(start, "; encrypted RTMP (RTMPE) is not served");
  // GET, POST, PUT, HEAD, OPTIONS, DELETE, CONNECT, TRACE.
  if (std::string_view("GPHODCT").find(static_cast<char>(byte)) != std::string_view::npos) {
    return absl::StrCat(start, "; this looks like HTTP: use the HTTP port for it");
  }
  return start;
}

// Reads the version byte and a packet into `packet`, then counts down what the next packet misses.
// Calls `answer` when the first packet is complete.
template <typename Answer>
absl::StatusOr<size_t> ConsumePackets(Side sender, Bytes in, std::vector<uint8_t>& packet,
                                      size_t& next_missing, bool answered, Answer answer) {
  size_t consumed = 0;
  if (!answered) {
    if (packet.empty() && !in.empty() && in[0] != kVersion) {
      return Failure(sender, absl::StatusCode::kInvalidArgument, DescribeFirstByte(in[0]));
    }
    consumed = std::min(in.size(), 1 + kHandshakePacketSize - packet.size());
    packet.insert(packet.end(), in.begin(), in.begin() + static_cast<ptrdiff_t>(consumed));
    if (packet.size() < 1 + kHandshakePacketSize) return consumed;
    answer(Bytes(packet).subspan(1));
    packet = {};
  }
  const size_t skipped = std::min(in.size() - consumed, next_missing);
  next_missing -= skipped;
  return consumed + skipped;
}

}  // namespace

ServerHandshake::ServerHandshake(HandshakeSeed seed) : seed_(seed) {}

absl::StatusOr<size_t> ServerHandshake::Consume(std::span<const uint8_t> in) {
  const auto answer = [this](Bytes c1) { AnswerC1(c1); };
  return ConsumePackets(Side::kClient, in, input_, c2_missing_, answered_, answer);
}

void ServerHandshake::AnswerC1(std::span<const uint8_t> c1) {
  answered_ = true;
  hops_ = ReadHopMark(c1);
  std::optional<FoundDigest> digest;
  if (ReadU32(c1.data() + kVersionField) != 0) digest = FindDigest(c1, kPlayerName);
  complex_ = digest.has_value();
  output_.reserve(1 + 2 * kHandshakePacketSize);
  output_.push_back(kVersion);
  if (digest.has_value()) {
    AppendSigned(seed_, kServerVersion, digest->schema, kServerName, output_);
    AppendProof(seed_.random + 1, digest->digest, kServerName, output_);
    return;
  }
  output_.resize(1 + kHandshakePacketSize);
  FillRandom(std::span(output_).subspan(1), seed_.random);
  WriteU32(output_.data() + 1, seed_.time_ms);
  WriteU32(output_.data() + 1 + kVersionField, 0);
  AppendEcho(c1, output_);
}

ClientHandshake::ClientHandshake(HandshakeSeed seed) : seed_(seed) {
  output_.reserve(1 + kHandshakePacketSize);
  output_.push_back(kVersion);
  AppendSigned(seed_, kClientVersion, Schema::kDigestFirst, kPlayerName, output_);
}

absl::StatusOr<size_t> ClientHandshake::Consume(std::span<const uint8_t> in) {
  const auto answer = [this](Bytes s1) { AnswerS1(s1); };
  return ConsumePackets(Side::kOrigin, in, input_, s2_missing_, answered_, answer);
}

void ClientHandshake::AnswerS1(std::span<const uint8_t> s1) {
  answered_ = true;
  const std::optional<FoundDigest> digest = FindDigest(s1, kServerName);
  complex_ = digest.has_value();
  if (digest.has_value()) {
    AppendProof(seed_.random + 1, digest->digest, kPlayerName, output_);
  } else {
    AppendEcho(s1, output_);
  }
}

std::array<uint8_t, 7> RealIpPrefix(std::array<uint8_t, 4> ipv4) {
  return {0xf3, 0x00, 0x04, ipv4[0], ipv4[1], ipv4[2], ipv4[3]};
}

}  // namespace srsproxy::rtmp
