// What srsproxyctl takes from the process around it, so that tests can give it something else.
#pragma once

#include <map>
#include <string>

namespace srsproxy::ctl {

struct Environment {
  std::map<std::string, std::string> variables;  // SRSPROXYCTL_* and NO_COLOR are read.
  bool input_is_terminal = false;                // Somebody is there to answer a question.
  bool output_is_terminal = false;               // Colours, and lines cut at `output_width`.
  int output_width = 0;                          // Columns of the terminal; 0: not known.
};

}  // namespace srsproxy::ctl
