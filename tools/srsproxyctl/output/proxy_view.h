// How proxies are shown.
#pragma once

#include "srsproxy/v1/proxy.pb.h"
#include "tools/srsproxyctl/output/printer.h"

namespace srsproxy::ctl {

// All of one proxy, or in a list what matters of each.
const View<v1::Proxy>& ProxyView();

Cell ReadyCell(const v1::Proxy& proxy);

}  // namespace srsproxy::ctl
