// x-origins, which names the keys of all registrations and decisions: register.lua and decide.lua
// keep it, who has read everything mends it.
#pragma once

#include "dataplane/directory/redis/origin_reader.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// Has x-origins name what `read` says of it, as far as Redis has it still. `scripts` outlives the
// calls.
void MendOriginIndex(ScriptRunner& scripts, const OriginsRead& read);

}  // namespace srsproxy::redis
