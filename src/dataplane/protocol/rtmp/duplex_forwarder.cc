#include "dataplane/protocol/rtmp/duplex_forwarder.h"

#include <algorithm>

#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/payload_stream_id.h"

namespace srsproxy::rtmp {

void DuplexForwarder::ReplaceOrigin(bool afresh, BridgeOutput out) {
  ids_.clear();
  to_client_.ResetInput(out.to_client);
  if (afresh) {
    // A former origin may have been tried: nothing of that counts.
    to_origin_ = std::make_unique<ChunkForwarder>(Side::kClient, nullptr);
  } else {
    to_origin_->ResetOutput();
  }
}

void DuplexForwarder::Observe(MessageObserver& of_client, MessageObserver& of_origin) {
  to_origin_->SetObserver(of_client);
  to_client_.SetObserver(of_origin);
}

void DuplexForwarder::MapStream(uint32_t client_id, uint32_t origin_id) {
  std::erase_if(ids_, [&](const StreamIds& ids) {
    if (ids.client != client_id && ids.origin != origin_id) return false;
    to_origin_->MapStreamId(ids.client, ids.client);
    to_client_.MapStreamId(ids.origin, ids.origin);
    return true;
  });
  to_origin_->MapStreamId(client_id, origin_id);
  to_client_.MapStreamId(origin_id, client_id);
  if (client_id != origin_id && ids_.size() < kMaxStreams) ids_.push_back({client_id, origin_id});
}

bool DuplexForwarder::IsMapped(uint32_t client_id) const {
  return std::any_of(ids_.begin(), ids_.end(),
                     [client_id](const StreamIds& ids) { return ids.client == client_id; });
}

MessageAction DuplexForwarder::PlainAction(const MessageHeader& header,
                                           std::span<const uint8_t> prefix) const {
  return !ids_.empty() && CarriesStreamId(header.type, prefix) ? MessageAction::kHold
                                                               : MessageAction::kPass;
}

void DuplexForwarder::RewriteForOrigin(MessageType type, std::span<uint8_t> payload) const {
  for (const StreamIds& ids : ids_) {
    if (RewriteStreamId(type, payload, ids.client, ids.origin)) break;
  }
}

void DuplexForwarder::RewriteForClient(MessageType type, std::span<uint8_t> payload) const {
  for (const StreamIds& ids : ids_) {
    if (RewriteStreamId(type, payload, ids.origin, ids.client)) break;
  }
}

void DuplexForwarder::PassToClient(const MessageHeader& header, std::span<const uint8_t> payload) {
  MessageHeader mapped = header;
  for (const StreamIds& ids : ids_) {
    if (ids.origin != header.stream_id) continue;
    mapped.stream_id = ids.client;
    break;
  }
  for_client_.push_back({mapped, {payload.begin(), payload.end()}});
}

absl::Status DuplexForwarder::Flush(BridgeOutput out) {
  if (for_client_.empty() && for_origin_.empty()) return absl::OkStatus();
  for (const KeptMessage& message : std::exchange(for_client_, {})) {
    absl::Status sent = to_client_.Inject(message.header, message.payload, out.to_client);
    if (!sent.ok()) return sent;
  }
  for (KeptMessage& message : std::exchange(for_origin_, {})) {
    for (const StreamIds& ids : ids_) {
      if (ids.client != message.header.stream_id) continue;
      message.header.stream_id = ids.origin;
      break;
    }
    absl::Status sent = to_origin_->Inject(message.header, message.payload, out.to_origin);
    if (!sent.ok()) return sent;
  }
  return absl::OkStatus();
}

}  // namespace srsproxy::rtmp
