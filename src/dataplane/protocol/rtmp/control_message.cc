#include "dataplane/protocol/rtmp/control_message.h"

#include "dataplane/protocol/rtmp/big_endian.h"

namespace srsproxy::rtmp {
namespace {

std::vector<uint8_t> U32Payload(uint32_t value) {
  std::vector<uint8_t> payload(4);
  WriteU32(payload.data(), value);
  return payload;
}

}  // namespace

std::vector<uint8_t> SetChunkSizePayload(uint32_t chunk_size) { return U32Payload(chunk_size); }

std::vector<uint8_t> AcknowledgementPayload(uint32_t sequence_number) {
  return U32Payload(sequence_number);
}

std::vector<uint8_t> WindowAckSizePayload(uint32_t bytes) { return U32Payload(bytes); }

std::vector<uint8_t> SetPeerBandwidthPayload(uint32_t bytes, PeerBandwidthLimit limit) {
  std::vector<uint8_t> payload = U32Payload(bytes);
  payload.push_back(static_cast<uint8_t>(limit));
  return payload;
}

std::vector<uint8_t> UserControlPayload(UserControlEvent event, uint32_t value) {
  std::vector<uint8_t> payload = {0, static_cast<uint8_t>(event)};
  const std::vector<uint8_t> number = U32Payload(value);
  payload.insert(payload.end(), number.begin(), number.end());
  return payload;
}

std::optional<uint32_t> ReadControlNumber(std::span<const uint8_t> payload) {
  if (payload.size() < 4) return std::nullopt;
  return ReadU32(payload.data());
}

std::optional<UserControl> ReadUserControl(std::span<const uint8_t> payload) {
  if (payload.size() < 6) return std::nullopt;
  return UserControl{static_cast<UserControlEvent>(payload[0] << 8 | payload[1]),
                     ReadU32(payload.data() + 2)};
}

}  // namespace srsproxy::rtmp
