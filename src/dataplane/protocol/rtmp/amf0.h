// AMF0, the encoding of most RTMP commands and metadata.
// Source: "Action Message Format -- AMF 0", Adobe 2007.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/protocol/rtmp/amf_reader.h"
#include "dataplane/protocol/rtmp/amf_value.h"

namespace srsproxy::rtmp {

// The next value; the marker 0x11 switches to AMF3 for that one. Undefined when it fails (see
// reader.status()).
AmfValue ReadAmf0(AmfReader& reader);

// Appends `value`. References, and byte arrays, which AMF0 does not have, are written as null.
void WriteAmf0(const AmfValue& value, std::vector<uint8_t>& out);

}  // namespace srsproxy::rtmp
