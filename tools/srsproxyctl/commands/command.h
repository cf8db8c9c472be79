// What a command of srsproxyctl is: a line in the table of commands, and what its action may use.
#pragma once

#include <functional>
#include <istream>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>

#include "tools/srsproxyctl/client/client.h"
#include "tools/srsproxyctl/output/environment.h"
#include "tools/srsproxyctl/output/exit_code.h"
#include "tools/srsproxyctl/output/printer.h"

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 names it so.
class App;
}  // namespace CLI

namespace srsproxy::ctl {

// Everything lives as long as the command runs.
struct Context {
  std::istream& in;   // Answers to questions.
  std::ostream& err;  // Notes, questions and progress. Data goes through the printer.
  const Environment& environment;
  Client& client;
  Printer& printer;
  const CLI::App& grammar;  // The whole command line's, for `completion`.
  // How the program ends when the action returns OK: set by commands that can do their work and
  // still have to report something.
  ExitCode exit_code = ExitCode::kOk;
};

// Does what the command line orders. The status' code decides the exit code.
using Action = std::function<absl::Status(Context&)>;

struct Command {
  std::string_view verb;
  std::string_view summary;
  std::string_view examples;  // Whole lines, shown under --help.
  // Declares the command's own options; the action reads what was parsed into them.
  std::function<Action(CLI::App&)> declare;
};

// `srsproxyctl NOUN VERB`.
struct Noun {
  std::string_view name;  // Empty: the verbs stand alone, as in `srsproxyctl version`.
  std::string_view summary;
  std::vector<Command> commands;
};

}  // namespace srsproxy::ctl
