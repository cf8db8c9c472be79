// What Go proxies have written of streams, beside what is known here.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "dataplane/core/stream_mapping.h"
#include "dataplane/directory/redis/script_runner.h"

namespace srsproxy::redis {

// What is known of a stream; nullopt: there is no mapping.
using FindMapping = std::function<std::optional<StreamMapping>(const StreamKey&)>;

// Reads srs-proxy-url:{key} of each stream, in one call, so some 200 are enough, and calls
// `differs` with each of which something else is written than `find` says. Both are called on the
// thread of Redis; when Redis does not answer, neither is. `scripts` outlives the call.
void LookAtMappings(ScriptRunner& scripts, std::vector<StreamKey> streams, FindMapping find,
                    std::function<void(const StreamKey&)> differs);

}  // namespace srsproxy::redis
