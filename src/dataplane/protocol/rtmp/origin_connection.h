// What a bridge keeps of its origin's connection from one stream to the next.
//
// A value; used by one thread.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/duplex_forwarder.h"

namespace srsproxy::rtmp {

// The createStream commands that passed on to the origin and are not answered.
class PassedCreates {
 public:
  bool empty() const { return transactions_.empty(); }
  void Add(double transaction_id);
  // True when `result`, a `_result` or `_error` of the origin, answers one of them. The stream id
  // in its payload is then mapped, and rewritten where the client knows it by another one.
  bool Take(const Command& result, std::span<uint8_t> payload, DuplexForwarder& forwarder);

 private:
  std::vector<double> transactions_;
};

struct OriginConnection {
  bool plays_silently = false;  // It has begun to play without an onStatus.
  uint32_t window = 0;          // It has sent it, and the client was not. 0: nothing.
  PassedCreates creates;
};

}  // namespace srsproxy::rtmp
