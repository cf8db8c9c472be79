// AMF3, which Flash clients with objectEncoding 3 may use inside AMF0. Reading only: clients accept
// AMF0 answers.
// Source: "Action Message Format -- AMF 3", Adobe 2013.
#pragma once

#include "dataplane/protocol/rtmp/amf_reader.h"
#include "dataplane/protocol/rtmp/amf_value.h"

namespace srsproxy::rtmp {

// The next value, with reference tables of its own. Vectors become arrays, dictionaries arrays of
// keys and values in turn. Externalizable objects are refused: only their class knows their length.
// Undefined when it fails (see reader.status()).
AmfValue ReadAmf3(AmfReader& reader);

}  // namespace srsproxy::rtmp
