// AMF0, the encoding of most RTMP commands and metadata.
// Source: "Action Message Format -- AMF 0", Adobe 2007.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/amf_value.h"

namespace srsproxy::rtmp {

// Reads values one after another. After an error (INVALID_ARGUMENT, naming the position and what is
// wrong) the decoder must not be used again. `body` outlives the decoder.
class Amf0Decoder {
 public:
  explicit Amf0Decoder(std::span<const uint8_t> body, AmfLimits limits = {});

  bool AtEnd() const { return position_ == body_.size(); }
  size_t position() const { return position_; }

  // The next value. The marker 0x11 switches to AMF3 for that one value.
  absl::StatusOr<AmfValue> Next();

 private:
  std::span<const uint8_t> body_;
  size_t position_ = 0;
  AmfLimits limits_;
};

// Appends `value`. Objects, ECMA arrays, strict arrays, strings of any length, dates and XML are
// written as such; byte arrays and references, which AMF0 cannot carry as we hold them, as null.
void EncodeAmf0(const AmfValue& value, std::vector<uint8_t>& out);

}  // namespace srsproxy::rtmp
