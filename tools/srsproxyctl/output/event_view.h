// How events are shown.
#pragma once

#include <string>

#include "srsproxy/v1/event.pb.h"
#include "tools/srsproxyctl/output/printer.h"

namespace srsproxy::ctl {

const View<v1::Event>& EventView();

// What happened in one word: added, changed, removed.
Cell ChangeCell(const v1::Event& event);

}  // namespace srsproxy::ctl
