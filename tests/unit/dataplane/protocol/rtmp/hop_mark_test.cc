#include "dataplane/protocol/rtmp/hop_mark.h"

#include <random>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/handshake.h"

namespace srsproxy::rtmp {
namespace {

using Bytes = std::vector<uint8_t>;

HopList Hops(int count) {
  HopList hops;
  for (int i = 1; i <= count; ++i) hops = hops.Through(BootId{0x0123456789abcdefULL * i});
  return hops;
}

// C1 of a proxy that has come by `hops`.
Bytes C1Of(const HopList& hops, uint64_t random = 42) {
  ClientHandshake client({.time_ms = 7, .random = random, .hops = hops});
  const Bytes c0_c1 = client.TakeOutput();
  return {c0_c1.begin() + 1, c0_c1.end()};
}

TEST(HopMarkTest, IsReadBackFromC1) {
  for (int count = 1; count <= 4; ++count) {
    EXPECT_EQ(ReadHopMark(C1Of(Hops(count))), Hops(count)) << count;
  }
}

TEST(HopMarkTest, WithoutOneC1IsAsItWas) {
  EXPECT_TRUE(ReadHopMark(C1Of({})).empty());
  const Bytes marked = C1Of(Hops(1));
  const Bytes plain = C1Of({});
  EXPECT_TRUE(std::equal(plain.begin(), plain.begin() + 12, marked.begin()))
      << "time, version, and where the digest is";
}

TEST(HopMarkTest, C1StaysSignedAndIsAnsweredInKind) {
  for (uint64_t random = 1; random < 300; ++random) {
    Bytes input = C1Of(Hops(4), random);
    input.insert(input.begin(), 3);
    ServerHandshake server({});
    ASSERT_TRUE(server.Consume(input).ok());
    ASSERT_TRUE(server.complex()) << random;
    ASSERT_EQ(server.hops(), Hops(4)) << random;
  }
}

TEST(HopMarkTest, OfAServerThatEchoesItIsNone) {
  // The simple handshake: S2 is C1, mark and all; nobody reads it there, and S1 has none.
  Bytes c1 = C1Of(Hops(2));
  std::fill(c1.begin() + 4, c1.begin() + 8, 0);
  ServerHandshake server({.time_ms = 1, .random = 9, .hops = Hops(3)});
  Bytes input = c1;
  input.insert(input.begin(), 3);
  ASSERT_TRUE(server.Consume(input).ok());
  EXPECT_FALSE(server.complex());
  EXPECT_EQ(server.hops(), Hops(2)) << "the mark is read from simple ones too";
  const Bytes out = server.TakeOutput();
  EXPECT_TRUE(std::equal(c1.begin(), c1.end(), out.begin() + 1 + kHandshakePacketSize));
  EXPECT_TRUE(ReadHopMark({out.begin() + 1, out.begin() + 1 + kHandshakePacketSize}).empty());
}

TEST(HopMarkTest, OneChangedBitIsNoMark) {
  const Bytes c1 = C1Of(Hops(2));
  size_t places = 0;
  for (size_t i = 0; i < c1.size(); ++i) {
    Bytes changed = c1;
    changed[i] ^= 0x10;
    const HopList read = ReadHopMark(changed);
    if (read.empty()) ++places;
    EXPECT_TRUE(read.empty() || read == Hops(2)) << i;
  }
  EXPECT_EQ(places, 16 + HopList::kMaxBytes);
}

TEST(HopMarkTest, RandomBytesAreNone) {
  std::mt19937_64 random(1);
  Bytes c1(kHandshakePacketSize);
  for (int i = 0; i < 20'000; ++i) {
    for (size_t at = 0; at < c1.size(); at += 8) {
      const uint64_t bits = random();
      for (size_t byte = 0; byte < 8; ++byte)
        c1[at + byte] = static_cast<uint8_t>(bits >> 8 * byte);
    }
    ASSERT_TRUE(ReadHopMark(c1).empty());
  }
  EXPECT_TRUE(ReadHopMark(Bytes(kHandshakePacketSize, 0)).empty());
}

}  // namespace
}  // namespace srsproxy::rtmp
