// What the proxy answers before the origin is known, and which later answers of the origin say the
// same again. The order, and which calls are answered at all, are SRS's: its clients (its own edge
// among them) were written for these and take another order for a fault.
//
// Values only; used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

// What SRS grants by default, sent before the origin's own values are known.
inline constexpr uint32_t kGrantedWindowBytes = 2'500'000;
inline constexpr uint32_t kGrantedChunkSize = 60'000;
// How SRS answers connect, whatever its transaction id; and createStream, however often it comes.
inline constexpr double kConnectTransaction = 1;
inline constexpr uint32_t kGrantedStreamId = 1;

// Whether an answer with the transaction id `a` is that of a call with `b`. NaN is one too.
bool SameTransaction(double a, double b);

// A message that waits to be sent; header.length is not used.
struct KeptMessage {
  MessageHeader header;
  std::vector<uint8_t> payload;
};

// The answer to connect: window acknowledgement size, peer bandwidth, chunk size (so that the
// `_result` comes in one chunk), `_result`, onBWDone.
std::vector<KeptMessage> ConnectAnswer(const ConnectCommand& connect);

// Answers calls other than connect, createStream, publish and play as SRS does while it finds out
// what kind of client it has:
//  - releaseStream, FCPublish and FCUnpublish: always;
//  - any other call: as long as neither one of these nor createStream has come. SRS drops later
//    ones without a word, and a client may count on that;
//  - what expects no answer (closeStream, a `_result`): never.
class CallAnswerer {
 public:
  // The answer, or nothing. `call` may be any command; createStream is noted, not answered.
  std::optional<Command> Answer(const Command& call);

 private:
  bool kind_is_known_ = false;
};

// The client's calls that go to the origin, which may answer them or not. Transaction ids may
// repeat and may be 0: of calls with the same one, those come first that had an answer already.
class OpenCalls {
 public:
  // More of these at once is no client that streams.
  static constexpr size_t kMax = 64;

  enum class Match : uint8_t {
    kNone,      // No call has this transaction id, or each has been answered.
    kAnswered,  // The client has had an answer from the proxy.
    kAwaited,   // It has not.
  };

  void Add(double transaction_id, bool answered) { calls_.push_back({transaction_id, answered}); }
  // Takes the call that a `_result` or `_error` with this transaction id answers.
  Match Take(double transaction_id);
  void Clear() { calls_.clear(); }
  size_t size() const { return calls_.size(); }

 private:
  struct Call {
    double transaction_id = 0;
    bool answered = false;
  };
  std::vector<Call> calls_;
};

}  // namespace srsproxy::rtmp
