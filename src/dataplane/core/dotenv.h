// The `.env` file: variables for a process that was started without them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "dataplane/core/status.h"

namespace srsproxy {

struct DotEnvVariable {
  std::string value;
  int line = 0;  // From 1; the last one, when the name stands on several.
};

// Reads lines of `NAME=value`, optionally after `export`; empty lines and comments are skipped.
//   NAME=plain text # comment    blanks around the value and the comment are dropped
//   NAME='as it stands'          to the next single quote
//   NAME="with \n \t \" \\ \$"   backslash escapes; other backslashes stay
// Nothing is expanded, and no value goes on in a second line. INVALID_ARGUMENT names the line.
absl::StatusOr<std::map<std::string, DotEnvVariable>> ParseDotEnv(std::string_view text);

}  // namespace srsproxy
