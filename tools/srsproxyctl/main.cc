#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

#include "tools/srsproxyctl/run.h"

namespace {

srsproxy::ctl::Environment ProcessEnvironment() {
  srsproxy::ctl::Environment environment;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string variable = *entry;
    const size_t equals = variable.find('=');
    if (equals == std::string::npos) continue;
    environment.variables[variable.substr(0, equals)] = variable.substr(equals + 1);
  }
  environment.input_is_terminal = isatty(STDIN_FILENO) != 0;
  environment.output_is_terminal = isatty(STDOUT_FILENO) != 0;
  environment.error_is_terminal = isatty(STDERR_FILENO) != 0;
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) environment.output_width = size.ws_col;
  return environment;
}

}  // namespace

int main(int argc, char** argv) {
  // What gRPC logs by itself is nothing for the operator, unless requested.
  setenv("GRPC_VERBOSITY", "NONE", /*overwrite=*/0);
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  return srsproxy::ctl::Run(arguments, std::cin, std::cout, std::cerr, ProcessEnvironment());
}
