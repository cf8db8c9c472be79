// How streams and pins are shown.
#pragma once

#include "srsproxy/v1/stream.pb.h"
#include "tools/srsproxyctl/output/printer.h"

namespace srsproxy::ctl {

const View<v1::Stream>& StreamView();
const View<v1::Pin>& PinView();

}  // namespace srsproxy::ctl
