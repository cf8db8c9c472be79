// The whole program behind main(): parse, act, print, and report how it went.
#pragma once

#include <istream>
#include <ostream>
#include <string>
#include <vector>

#include "tools/srsproxyctl/output/environment.h"

namespace srsproxy::ctl {

// Runs one command line (`arguments` without the program's name) and returns the exit code. Data
// goes to `out`; notes, questions and `Error: …` lines go to `err`; answers are read from `in`.
int Run(const std::vector<std::string>& arguments, std::istream& in, std::ostream& out,
        std::ostream& err, const Environment& environment);

}  // namespace srsproxy::ctl
