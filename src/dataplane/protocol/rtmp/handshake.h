// The RTMP handshake, both sides, simple (RTMP 1.0 section 5.2) and complex (HMAC-SHA256 digests as
// Flash Player 9 and later send them; Adobe never published it, every server speaks it).
// No clock and no generator inside: the time and a random seed are given. Used by one thread.
//
//   ServerHandshake handshake({.time_ms = uptime, .random = seed});
//   while (!handshake.done()) {
//     auto consumed = handshake.Consume(received);   // The rest belongs to the chunk stream.
//     Send(handshake.TakeOutput());
//   }
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/core/hops.h"
#include "dataplane/core/status.h"

namespace srsproxy::rtmp {

inline constexpr size_t kHandshakePacketSize = 1536;

struct HandshakeSeed {
  uint32_t time_ms = 0;
  uint64_t random = 0;  // Fills the packets; no secret depends on it.
  HopList hops{};       // What C1 is marked with (hop_mark.h); empty: with nothing.
};

// Towards clients. Answers C0 and C1 with S0, S1 and S2; done after C2.
class ServerHandshake {
 public:
  explicit ServerHandshake(HandshakeSeed seed);

  // Takes what it needs of `in` and returns how many bytes that was; all of it until done. A first
  // byte other than 3 fails at once with INVALID_ARGUMENT, client at fault, which names what the
  // bytes look like (HTTP, TLS, encrypted RTMP).
  absl::StatusOr<size_t> Consume(std::span<const uint8_t> in);

  // Bytes to send, each given once. Empty when there is nothing to send.
  std::vector<uint8_t> TakeOutput() { return std::exchange(output_, {}); }

  bool done() const { return answered_ && c2_missing_ == 0; }
  bool complex() const { return complex_; }  // The client sent a digest. Known once C1 was read.
  const HopList& hops() const { return hops_; }  // What C1 was marked with.

 private:
  void AnswerC1(std::span<const uint8_t> c1);

  HandshakeSeed seed_;
  std::vector<uint8_t> input_;  // C0 and C1, as far as they came.
  size_t c2_missing_ = kHandshakePacketSize;
  HopList hops_;
  std::vector<uint8_t> output_;
  bool answered_ = false;
  bool complex_ = false;
};

// Towards origins. Its first output (C0 and a complex C1) is there from the start; C2 follows S1,
// in the kind that the origin answered in; done after S2.
class ClientHandshake {
 public:
  explicit ClientHandshake(HandshakeSeed seed);

  // As ServerHandshake::Consume, with the origin at fault.
  absl::StatusOr<size_t> Consume(std::span<const uint8_t> in);

  std::vector<uint8_t> TakeOutput() { return std::exchange(output_, {}); }

  bool done() const { return answered_ && s2_missing_ == 0; }
  bool complex() const { return complex_; }  // The origin answered with a digest.

 private:
  void AnswerS1(std::span<const uint8_t> s1);

  HandshakeSeed seed_;
  std::vector<uint8_t> input_;  // S0 and S1, as far as they came.
  size_t s2_missing_ = kHandshakePacketSize;
  std::vector<uint8_t> output_;
  bool answered_ = false;
  bool complex_ = false;
};

// What SRS understands before C0 as the address of the real client: 0xF3, a big-endian 16 bit
// length, and the IPv4 address in network order. There is no form for IPv6.
std::array<uint8_t, 7> RealIpPrefix(std::array<uint8_t, 4> ipv4);

}  // namespace srsproxy::rtmp
