// What srsproxyctl takes from the process around it, so that tests can give it something else.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>

#include <absl/time/clock.h>
#include <absl/time/time.h>

namespace srsproxy::ctl {

struct Environment {
  std::map<std::string, std::string> variables;  // SRSPROXYCTL_* and NO_COLOR are read.
  bool input_is_terminal = false;                // Somebody is there to answer a question.
  bool output_is_terminal = false;               // Colours, and lines cut at `output_width`.
  bool error_is_terminal = false;                // Progress is one line that is written over.
  int output_width = 0;                          // Columns of the terminal; 0: not known.
  std::function<void(absl::Duration)> sleep = absl::SleepFor;
  std::function<absl::Time()> now = absl::Now;  // What people read.
  // Grows with the time that passes, whatever is done to the machine's clock: for waits and rates.
  std::function<absl::Duration()> uptime = [] {
    return absl::FromChrono(std::chrono::steady_clock::now().time_since_epoch());
  };

  // The value of a variable; empty when it is not set.
  std::string Variable(const std::string& name) const {
    const auto found = variables.find(name);
    return found == variables.end() ? "" : found->second;
  }
};

}  // namespace srsproxy::ctl
