#include "dataplane/protocol/rtmp/payload_stream_id.h"

#include <bit>

#include "dataplane/protocol/rtmp/amf0.h"
#include "dataplane/protocol/rtmp/amf_reader.h"
#include "dataplane/protocol/rtmp/big_endian.h"
#include "dataplane/protocol/rtmp/command.h"
#include "dataplane/protocol/rtmp/control_message.h"

namespace srsproxy::rtmp {
namespace {

constexpr uint8_t kAmf3Marker = 0x11;       // AMF0
constexpr uint8_t kAmf3IntegerMarker = 4;   // AMF3
constexpr uint32_t kMaxShortInteger = 127;  // What an AMF3 integer holds in one byte.

bool IsStreamEvent(UserControlEvent event) {
  switch (event) {
    case UserControlEvent::kStreamBegin:
    case UserControlEvent::kStreamEof:
    case UserControlEvent::kStreamDry:
    case UserControlEvent::kSetBufferLength:
    case UserControlEvent::kStreamIsRecorded:
    case UserControlEvent::kBufferEmpty:
    case UserControlEvent::kBufferReady:
      return true;
    case UserControlEvent::kPingRequest:
    case UserControlEvent::kPingResponse:
      break;
  }
  return false;
}

// Replaces the number that `encoded` holds, in its own encoding. False when `number` does not fit.
bool OverwriteNumber(std::span<uint8_t> encoded, uint32_t number) {
  const auto bits = std::bit_cast<uint64_t>(static_cast<double>(number));
  if (encoded[0] == kAmf3Marker && encoded[1] == kAmf3IntegerMarker) {
    if (encoded.size() != 3 || number > kMaxShortInteger) return false;
    encoded[2] = static_cast<uint8_t>(number);
    return true;
  }
  const std::span<uint8_t> value = encoded.last(8);
  WriteU32(value.data(), static_cast<uint32_t>(bits >> 32));
  WriteU32(value.data() + 4, static_cast<uint32_t>(bits));
  return true;
}

}  // namespace

bool CarriesStreamId(MessageType type, std::span<const uint8_t> prefix) {
  if (type == MessageType::kUserControl) {
    const auto control = ReadUserControl(prefix);
    return control.has_value() && IsStreamEvent(control->event);
  }
  return PeekCommandName(type, prefix) == "deleteStream";
}

bool RewriteStreamId(MessageType type, std::span<uint8_t> payload, uint32_t from, uint32_t to) {
  if (!CarriesStreamId(type, payload)) return false;
  if (type == MessageType::kUserControl) {
    if (ReadU32(payload.data() + 2) != from) return false;
    WriteU32(payload.data() + 2, to);
    return true;
  }
  AmfReader reader(payload);
  reader.Skip(CommandStart(type));
  for (int value = 0; value < 3; ++value) ReadAmf0(reader);  // Name, transaction, null.
  const size_t start = reader.position();
  const AmfValue stream_id = ReadAmf0(reader);
  if (!reader.ok()) return false;
  const double* number = stream_id.AsNumber();
  if (number == nullptr || *number != from) return false;
  return OverwriteNumber(payload.subspan(start, reader.position() - start), to);
}

}  // namespace srsproxy::rtmp
