#include "dataplane/protocol/rtmp/origin_connection.h"

#include <algorithm>
#include <bit>
#include <optional>

#include "dataplane/protocol/rtmp/call_answers.h"

namespace srsproxy::rtmp {
namespace {

// The payload of a createStream's result.
void MapCreated(std::span<uint8_t> payload, DuplexForwarder& forwarder) {
  // _result, transaction, null, and the stream id as an AMF0 number at the very end.
  constexpr size_t kNumberBytes = 9;
  if (payload.size() < kNumberBytes || payload[payload.size() - kNumberBytes] != 0) return;
  const auto number = payload.last(kNumberBytes - 1);
  uint64_t bits = 0;
  for (const uint8_t byte : number) bits = bits << 8 | byte;
  const std::optional<uint32_t> origin_id = ToStreamId(std::bit_cast<double>(bits));
  if (!origin_id.has_value()) return;
  uint32_t client_id = *origin_id;
  while (forwarder.IsMapped(client_id)) ++client_id;
  forwarder.MapStream(client_id, *origin_id);
  bits = std::bit_cast<uint64_t>(static_cast<double>(client_id));
  for (size_t i = number.size(); i-- > 0; bits >>= 8) number[i] = static_cast<uint8_t>(bits);
}

}  // namespace

void PassedCreates::Add(double transaction_id) {
  if (transactions_.size() < kMaxStreams) transactions_.push_back(transaction_id);
}

bool PassedCreates::Take(const Command& result, std::span<uint8_t> payload,
                         DuplexForwarder& forwarder) {
  const auto found = std::find_if(
      transactions_.begin(), transactions_.end(),
      [&result](double create) { return SameTransaction(create, result.transaction_id); });
  if (found == transactions_.end()) return false;
  if (result.name != "_error" && result.Argument(1).AsNumber() == nullptr) return false;
  transactions_.erase(found);
  if (result.name == "_result") MapCreated(payload, forwarder);
  return true;
}

}  // namespace srsproxy::rtmp
