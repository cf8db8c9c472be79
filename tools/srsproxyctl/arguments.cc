#include "tools/srsproxyctl/arguments.h"

namespace srsproxy::ctl {

void AddOriginArgument(CLI::App& command, std::string& selector) {
  command.add_option("ORIGIN", selector, "server, device_id, id, or a unique prefix of one")
      ->required();
}

void AddFilterOption(CLI::App& command, std::vector<std::string>& terms) {
  command
      .add_option("--filter", terms,
                  "Only rows with VALUE, or VALUE*, in a column of -o wide; again: all match")
      ->type_name("FIELD=VALUE")
      ->expected(1)
      ->take_all();
}

}  // namespace srsproxy::ctl
