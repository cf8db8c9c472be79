// The hop mark (core/hops.h) of RTMP: it lies in C1, among the bytes that are random otherwise, so
// that connect and all that follows stay as the client sent them.
//
// A place of 49 bytes in the middle of what is neither the digest nor its offset in the schema that
// proxies sign C1 by: the first half of an HMAC-SHA256, then HopList's bytes, filled up with zeros.
// Random bytes pass for a mark once in 2^128.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/core/hops.h"

namespace srsproxy::rtmp {

// Writes `hops` into `c1`, kHandshakePacketSize bytes whose digest comes first and is not made yet.
void WriteHopMark(const HopList& hops, std::span<uint8_t> c1);

// What a whole C1 is marked with; empty: with nothing.
HopList ReadHopMark(std::span<const uint8_t> c1);

}  // namespace srsproxy::rtmp
