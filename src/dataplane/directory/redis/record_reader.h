// Reads the records of all streams, and the pins, once: in calls that hold Redis up for less than
// 1 ms each.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include <absl/functional/any_invocable.h>

#include "dataplane/core/status.h"
#include "dataplane/directory/redis/broken_keys.h"
#include "dataplane/directory/redis/kept_pin.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/stream_record.h"
#include "dataplane/protocol/redis/keys.h"

namespace srsproxy::redis {

struct RecordSink {
  std::function<void(const StreamRecord&)> record;
  std::function<void(const StreamKey&, KeptPin)> pin;
};

// On the thread of Redis, where `done` is called, once, with the token of the history that there
// was after all was read; empty: there was none. `link`, `keys` and `broken` outlive it. What is
// broken is passed over, and reported.
void ReadAllRecords(Link& link, const Keys& keys, BrokenKeys& broken, RecordSink sink,
                    absl::AnyInvocable<void(absl::StatusOr<std::string>)> done);

}  // namespace srsproxy::redis
