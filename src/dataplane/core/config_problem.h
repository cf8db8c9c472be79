// ConfigProblem: what is wrong with a setting, or with how several fit together.
#pragma once

#include <string>

namespace srsproxy {

// Of several settings, it is reported at one.
struct ConfigProblem {
  std::string setting;  // The field's name; a file's when all of it is wrong.
  std::string reason;
  std::string where = {};  // As it is named where it was written: `PROXY_WORKERS (environment)`.
};

}  // namespace srsproxy
