// `srsproxyctl proxy top`: how busy proxies and origins are.
#pragma once

#include <optional>

#include <absl/status/status.h>
#include <absl/time/time.h>

#include "tools/srsproxyctl/commands/command.h"

namespace srsproxy::ctl {

struct TopOptions {
  std::optional<absl::Duration> interval;  // Absent: 2 s.
  std::optional<uint32_t> count;           // Absent: 1, on a terminal until interrupted.
};

// Looks, waits, looks again and shows the difference as rates; so often.
absl::Status ShowTop(Context& context, const TopOptions& options);

}  // namespace srsproxy::ctl
