// Reads the records of all streams, and the pins, once: in calls that hold Redis up for less than
// 1 ms each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/log.h"
#include "dataplane/core/stream_mapping.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/stream_record.h"
#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

struct RecordSink {
  std::function<void(const StreamRecord&)> record;
  std::function<void(StreamPin)> pin;
};

// On the thread of Redis, where `done` is called, once. `link`, `keys` and `logger` outlive it.
// What is broken is passed over, and logged.
void ReadAllRecords(Link& link, const Keys& keys, const Logger& logger, RecordSink sink,
                    absl::AnyInvocable<void(absl::Status)> done);

}  // namespace srsproxy::redis
