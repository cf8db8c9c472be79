// The list of byte ranges that a walker fills; it lives in core, for sockets take it too.
#pragma once

#include "dataplane/core/bytes.h"

namespace srsproxy::rtmp {

using srsproxy::Pieces;

}  // namespace srsproxy::rtmp
