// How origins are shown, servers that several of them claim, and registrations that were refused.
#pragma once

#include <string>

#include "srsproxy/v1/origin.pb.h"
#include "tools/srsproxyctl/output/printer.h"

namespace srsproxy::ctl {

const View<v1::Origin>& OriginView();
const View<v1::OriginConflict>& ConflictView();
const View<v1::OriginRefusal>& RefusalView();

// How far a drain is, in one line.
std::string DrainText(const v1::DrainProgress& drain);

}  // namespace srsproxy::ctl
