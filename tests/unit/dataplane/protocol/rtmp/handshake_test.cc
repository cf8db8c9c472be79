#include "dataplane/protocol/rtmp/handshake.h"

#include <algorithm>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

namespace srsproxy::rtmp {
namespace {

using ::testing::HasSubstr;
using Bytes = std::vector<uint8_t>;

constexpr size_t kSize = kHandshakePacketSize;
constexpr HandshakeSeed kSeed{.time_ms = 0x01020304, .random = 42};

// The digests once more, for the test.
const std::string kPlayer = "Genuine Adobe Flash Player 001";
const std::string kServer = "Genuine Adobe Flash Media Server 001";
const Bytes kTail = {0xf0, 0xee, 0xc2, 0x4a, 0x80, 0x68, 0xbe, 0xe8, 0x2e, 0x00, 0xd0,
                     0xd1, 0x02, 0x9e, 0x7e, 0x57, 0x6e, 0xec, 0x5d, 0x2d, 0x29, 0x80,
                     0x6f, 0xab, 0x93, 0xb8, 0xe6, 0x36, 0xcf, 0xeb, 0x31, 0xae};

Bytes Part(const Bytes& bytes, size_t from, size_t size) {
  return Bytes(bytes.begin() + static_cast<ptrdiff_t>(from),
               bytes.begin() + static_cast<ptrdiff_t>(from + size));
}

Bytes Joined(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

Bytes Hmac(const Bytes& key, const Bytes& data) {
  Bytes digest(32);
  unsigned int size = 32;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), data.data(), data.size(),
       digest.data(), &size);
  return digest;
}

Bytes Key(const std::string& name) { return Bytes(name.begin(), name.end()); }

// `digest_block`: 8 when the digest comes first, 772 when the key does.
size_t DigestAt(const Bytes& packet, size_t digest_block) {
  size_t sum = 0;
  for (size_t i = 0; i < 4; ++i) sum += packet[digest_block + i];
  return digest_block + 4 + sum % 728;
}

Bytes DigestOf(const Bytes& packet, size_t at, const std::string& name) {
  return Hmac(Key(name), Joined(Part(packet, 0, at), Part(packet, at + 32, kSize - at - 32)));
}

bool IsSigned(const Bytes& packet, size_t digest_block, const std::string& name) {
  const size_t at = DigestAt(packet, digest_block);
  return Part(packet, at, 32) == DigestOf(packet, at, name);
}

bool Proves(const Bytes& packet, const Bytes& digest, const std::string& name) {
  const Bytes key = Hmac(Joined(Key(name), kTail), digest);
  return Part(packet, kSize - 32, 32) == Hmac(key, Part(packet, 0, kSize - 32));
}

Bytes Packet(uint32_t version, uint8_t filling) {
  Bytes packet(kSize, filling);
  std::fill(packet.begin(), packet.begin() + 8, 0);
  packet[4] = static_cast<uint8_t>(version >> 24);
  packet[7] = static_cast<uint8_t>(version);
  return packet;
}

Bytes SignedPacket(size_t digest_block, const std::string& name) {
  Bytes packet = Packet(0x80000702, 0x5a);
  const size_t at = DigestAt(packet, digest_block);
  std::ranges::copy(DigestOf(packet, at, name), packet.begin() + static_cast<ptrdiff_t>(at));
  return packet;
}

struct Row {
  std::string name;
  Bytes packet;             // C1 or S1.
  size_t digest_block = 0;  // 0: the simple handshake.
};

void PrintTo(const Row& row, std::ostream* os) { *os << row.name; }

// Feeds `bytes` in pieces of `step` bytes; returns all output.
template <typename Handshake>
Bytes Feed(Handshake& handshake, const Bytes& bytes, size_t step) {
  Bytes output = handshake.TakeOutput();
  size_t at = 0;
  while (!handshake.done() && at < bytes.size()) {
    const size_t size = std::min(step, bytes.size() - at);
    const auto consumed = handshake.Consume(std::span(bytes).subspan(at, size));
    EXPECT_TRUE(consumed.ok()) << consumed.status();
    if (!consumed.ok()) break;
    at += *consumed;
    output = Joined(output, handshake.TakeOutput());
  }
  EXPECT_TRUE(handshake.done());
  EXPECT_EQ(at, 1 + 2 * kSize) << "what follows belongs to the chunk stream";
  return output;
}

class ServerHandshakeTest : public ::testing::TestWithParam<Row> {};

TEST_P(ServerHandshakeTest, AnswersInKindAtEverySplit) {
  const Row& row = GetParam();
  // Four bytes of the chunk stream come with C2.
  const Bytes input = Joined(Joined(Joined({3}, row.packet), Bytes(kSize, 7)), {1, 2, 3, 4});
  for (const size_t step : {size_t{1}, size_t{7}, kSize, kSize + 1, 2 * kSize, input.size()}) {
    ServerHandshake handshake(kSeed);
    const Bytes output = Feed(handshake, input, step);
    ASSERT_EQ(output.size(), 1 + 2 * kSize);
    EXPECT_EQ(output[0], 3);
    const Bytes s1 = Part(output, 1, kSize);
    const Bytes s2 = Part(output, 1 + kSize, kSize);
    EXPECT_EQ(Part(s1, 0, 4), Bytes({1, 2, 3, 4})) << "the time";
    EXPECT_EQ(handshake.complex(), row.digest_block != 0);
    if (row.digest_block == 0) {
      EXPECT_EQ(Part(s1, 4, 4), Bytes(4, 0));
      EXPECT_EQ(s2, row.packet);
    } else {
      EXPECT_TRUE(IsSigned(s1, row.digest_block, kServer));
      const Bytes digest = Part(row.packet, DigestAt(row.packet, row.digest_block), 32);
      EXPECT_TRUE(Proves(s2, digest, kServer));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, ServerHandshakeTest,
                         ::testing::Values(Row{"Simple", Packet(0, 1)},
                                           Row{"VersionWithoutDigest", Packet(9, 1)},
                                           Row{"DigestWithoutVersion", Packet(0, 0x5a)},
                                           Row{"DigestFirst", SignedPacket(8, kPlayer), 8},
                                           Row{"KeyFirst", SignedPacket(772, kPlayer), 772},
                                           Row{"SignedByAServer", SignedPacket(8, kServer)}),
                         [](const auto& row) { return row.param.name; });

class ClientHandshakeTest : public ::testing::TestWithParam<Row> {};

TEST_P(ClientHandshakeTest, AnswersInKindAtEverySplit) {
  const Row& row = GetParam();
  const Bytes input = Joined(Joined(Joined({3}, row.packet), Bytes(kSize, 7)), {1, 2, 3, 4});
  for (const size_t step : {size_t{1}, size_t{7}, kSize, kSize + 1, 2 * kSize, input.size()}) {
    ClientHandshake handshake(kSeed);
    const Bytes output = Feed(handshake, input, step);
    ASSERT_EQ(output.size(), 1 + 2 * kSize);
    EXPECT_EQ(output[0], 3);
    EXPECT_TRUE(IsSigned(Part(output, 1, kSize), 8, kPlayer));
    const Bytes c2 = Part(output, 1 + kSize, kSize);
    EXPECT_EQ(handshake.complex(), row.digest_block != 0);
    if (row.digest_block == 0) {
      EXPECT_EQ(c2, row.packet);
    } else {
      const Bytes digest = Part(row.packet, DigestAt(row.packet, row.digest_block), 32);
      EXPECT_TRUE(Proves(c2, digest, kPlayer));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Origins, ClientHandshakeTest,
                         ::testing::Values(Row{"Simple", Packet(0, 1)},
                                           Row{"VersionWithoutDigest", Packet(9, 1)},
                                           Row{"DigestFirst", SignedPacket(8, kServer), 8},
                                           Row{"KeyFirst", SignedPacket(772, kServer), 772}),
                         [](const auto& row) { return row.param.name; });

TEST(HandshakeTest, BothOursAgree) {
  ClientHandshake client(kSeed);
  ServerHandshake server({.time_ms = 5, .random = 43});
  ASSERT_EQ(*server.Consume(client.TakeOutput()), 1 + kSize);
  EXPECT_FALSE(server.done());
  ASSERT_EQ(*client.Consume(server.TakeOutput()), 1 + 2 * kSize);
  EXPECT_TRUE(client.done());
  ASSERT_EQ(*server.Consume(client.TakeOutput()), kSize);
  EXPECT_TRUE(server.done());
  EXPECT_TRUE(client.complex());
  EXPECT_TRUE(server.complex());
}

TEST(HandshakeTest, C2IsSentAsSoonAsS1IsThere) {
  ClientHandshake client(kSeed);
  client.TakeOutput();
  ASSERT_TRUE(client.Consume(Joined({3}, Packet(0, 1))).ok());
  EXPECT_EQ(client.TakeOutput().size(), kSize);
  EXPECT_FALSE(client.done());
}

TEST(HandshakeTest, SeedsMakeTheDifference) {
  EXPECT_EQ(ClientHandshake(kSeed).TakeOutput(), ClientHandshake(kSeed).TakeOutput());
  EXPECT_NE(ClientHandshake({.time_ms = kSeed.time_ms, .random = 43}).TakeOutput(),
            ClientHandshake(kSeed).TakeOutput());
}

struct NotRtmp {
  std::string name;
  std::string start;
  std::string message;
};

void PrintTo(const NotRtmp& row, std::ostream* os) { *os << row.name; }

class NotRtmpTest : public ::testing::TestWithParam<NotRtmp> {};

TEST_P(NotRtmpTest, FailsAtTheFirstByte) {
  const Bytes input(GetParam().start.begin(), GetParam().start.end());
  ServerHandshake server(kSeed);
  const absl::Status status = server.Consume(std::span(input).first(1)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(SideOf(status), Side::kClient);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(GetParam().message));

  ClientHandshake client(kSeed);
  EXPECT_EQ(SideOf(client.Consume(input).status()), Side::kOrigin);
}

INSTANTIATE_TEST_SUITE_P(All, NotRtmpTest,
                         ::testing::Values(NotRtmp{"Get", "GET / HTTP/1.1\r\n", "HTTP"},
                                           NotRtmp{"Post", "POST /x HTTP/1.1\r\n", "HTTP"},
                                           NotRtmp{"Options", "OPTIONS * HTTP/1.1\r\n", "HTTP"},
                                           NotRtmp{"Connect", "CONNECT a:1 HTTP/1.1\r\n", "HTTP"},
                                           NotRtmp{"Tls", "\x16\x03\x01", "TLS"},
                                           NotRtmp{"Rtmpe", "\x06", "RTMPE"},
                                           NotRtmp{"Random", "\xfe\xed", "first byte is 254"}),
                         [](const auto& row) { return row.param.name; });

TEST(HandshakeTest, RealIpPrefixHoldsTheAddress) {
  EXPECT_THAT(RealIpPrefix({192, 0, 2, 7}), ::testing::ElementsAre(0xf3, 0x00, 0x04, 192, 0, 2, 7));
}

}  // namespace
}  // namespace srsproxy::rtmp
