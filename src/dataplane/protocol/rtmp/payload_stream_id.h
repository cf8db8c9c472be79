// Message stream ids that stand inside payloads: of user control events about a stream, and of
// deleteStream. Where the two sides of a bridge number streams differently, they are rewritten.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/protocol/rtmp/message.h"

namespace srsproxy::rtmp {

// Whether a message of this type and beginning may carry a message stream id in its payload: a
// user control event about a stream, or deleteStream. Such a message is to be held.
bool CarriesStreamId(MessageType type, std::span<const uint8_t> prefix);

// Writes `to` where the payload of such a message says `from`. True when something was changed.
// The length stays; an AMF3 integer that would need more bytes is left as it is.
bool RewriteStreamId(MessageType type, std::span<uint8_t> payload, uint32_t from, uint32_t to);

}  // namespace srsproxy::rtmp
