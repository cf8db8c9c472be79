// Following what happens, over lost connections and restarts.
#pragma once

#include <functional>

#include <absl/status/status.h>

#include "srsproxy/v1/event_service.pb.h"
#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

struct EventReader {
  // A snapshot of everything is to come: at the start, and whenever events were missed.
  std::function<void()> restart;
  // The next message. False: enough.
  std::function<bool(const v1::WatchResponse&)> take;
};

// Calls Watch and resumes it where it broke: at once where events were missed, else after a pause
// that grows and varies. Returns OK when the reader has had enough, and fails when the first
// connection does, or when the proxy refuses.
absl::Status FollowEvents(Context& context, v1::WatchRequest request, const EventReader& reader);

}  // namespace srsproxy::ctl
