// Looks whether keys of ours hold what can be written to: the type that we keep there.
#pragma once

#include "dataplane/directory/redis/script_runner.h"
#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

// Removes those that hold another type, which somebody else has written: of the keys of which there
// is one alone, and of this proxy's own. Others are looked at by who uses them. The runner logs
// what was removed.
void HealKeyTypes(ScriptRunner& scripts);

// The same for one key.
void HealKeyType(ScriptRunner& scripts, KeyKind kind, std::string_view name);

}  // namespace srsproxy::redis
