// Both directions of a bridge: a ChunkForwarder for each, the message stream ids where the sides
// differ, and messages of the proxy itself that wait until they may go out.
//
// Used by one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/call_answers.h"
#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

// More streams at once is no client that streams.
inline constexpr size_t kMaxStreams = 16;

struct BridgeOutput {
  BufferSequence& to_client;
  BufferSequence& to_origin;
};

class DuplexForwarder {
 public:
  DuplexForwarder() : to_client_(Side::kOrigin, nullptr) {}

  // A new origin is connected, which knows nothing. `afresh`: the client's chunk stream begins
  // anew too, as it is replayed. Mappings of stream ids are cleared.
  void ReplaceOrigin(bool afresh, BridgeOutput out);

  // Who decides about the messages of the client and of the origin from now on; each outlives its
  // last Forward.
  void Observe(MessageObserver& of_client, MessageObserver& of_origin);

  // As ChunkForwarder::Forward. To the origin only after ReplaceOrigin.
  absl::StatusOr<size_t> ForwardToOrigin(std::span<uint8_t> in, BridgeOutput out) {
    return to_origin_->Forward(in, out.to_origin);
  }
  absl::StatusOr<size_t> ForwardToClient(std::span<uint8_t> in, BridgeOutput out) {
    return to_client_.Forward(in, out.to_client);
  }
  // As ChunkForwarder::Stop.
  void StopToOrigin() { to_origin_->Stop(); }
  void StopToClient() { to_client_.Stop(); }

  // Whether the client cuts chunks as the origin does; else, the origin's chunk size.
  bool SameChunkSize() const {
    return to_client_.input_chunk_size() == to_client_.output_chunk_size();
  }
  uint32_t OriginChunkSize() const { return to_client_.input_chunk_size(); }

  // ---- Stream ids

  void MapStream(uint32_t client_id, uint32_t origin_id);
  // Whether the origin's stream of that client_id has been given to something else.
  bool IsMapped(uint32_t client_id) const;
  // What becomes of a message of neither side's special interest: held when its payload may carry a
  // stream id that differs. It is then to be rewritten.
  MessageAction PlainAction(const MessageHeader& header, std::span<const uint8_t> prefix) const;
  void RewriteForOrigin(MessageType type, std::span<uint8_t> payload) const;
  void RewriteForClient(MessageType type, std::span<uint8_t> payload) const;

  // ---- What the proxy sends itself. It goes out with Flush, in order.

  // In the client's stream ids both.
  void QueueForClient(KeptMessage message) { for_client_.push_back(std::move(message)); }
  void QueueForOrigin(KeptMessage message) { for_origin_.push_back(std::move(message)); }
  // A message of the origin, in its stream ids.
  void PassToClient(const MessageHeader& header, std::span<const uint8_t> payload);

  // Not from inside an observer's calls. RESOURCE_EXHAUSTED: too much waits.
  absl::Status Flush(BridgeOutput out);

 private:
  struct StreamIds {
    uint32_t client = 0;
    uint32_t origin = 0;
  };

  std::unique_ptr<ChunkForwarder> to_origin_;
  ChunkForwarder to_client_;
  std::vector<StreamIds> ids_;  // Only those that differ.
  std::vector<KeptMessage> for_client_;
  std::vector<KeptMessage> for_origin_;
};

}  // namespace srsproxy::rtmp
