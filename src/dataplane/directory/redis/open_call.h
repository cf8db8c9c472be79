// OpenCall: a call of a Link, from the caller's thread to its answer.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include <absl/time/time.h>

#include "dataplane/core/clock.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/script.h"
#include "dataplane/protocol/redis/command.h"

namespace srsproxy::redis {

// A command, or a script with its arguments, in bytes.
struct OpenCall {
  // `op` is a literal.
  static OpenCall OfCommand(std::string_view op, Arguments command);
  // `script` outlives the call.
  static OpenCall OfScript(const Script& script, Arguments keys, Arguments arguments);

  // As it is sent. With its source, the script is loaded and run.
  std::string Bytes(bool with_source) const;

  std::string_view op;
  const Script* script = nullptr;
  size_t arguments = 0;  // Of a script's command, its name and digest among them.
  std::string bytes;     // All; of a script what comes after its digest.
  Link::Done done;
  absl::Duration timeout;
  MonotonicTime begun;
};

}  // namespace srsproxy::redis
