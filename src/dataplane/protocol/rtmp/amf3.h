// AMF3, which Flash clients with objectEncoding 3 may use inside AMF0. Decoding only: clients
// accept AMF0 answers. Source: "Action Message Format -- AMF 3", Adobe 2013.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/core/status.h"
#include "dataplane/protocol/rtmp/amf_value.h"

namespace srsproxy::rtmp {}  // namespace srsproxy::rtmp
