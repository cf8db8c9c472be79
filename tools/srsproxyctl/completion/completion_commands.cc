#include "tools/srsproxyctl/completion/completion_commands.h"

#include <string>

#include "tools/srsproxyctl/completion/completion_model.h"
#include "tools/srsproxyctl/completion/completion_scripts.h"

namespace srsproxy::ctl {
namespace {

using Script = std::string (*)(const CompletionModel&);

std::function<Action(CLI::App&)> Declare(Script script) {
  return [script](CLI::App&) -> Action {
    return [script](Context& context) {
      context.printer.Text(script(MakeCompletionModel(context.grammar)));
      return absl::OkStatus();
    };
  };
}

}  // namespace

Noun CompletionCommands() {
  return {
      "completion",
      "Scripts that teach a shell this command line",
      {
          {"bash", "For bash", "  source <(srsproxyctl completion bash)\n",
           Declare(BashCompletion)},
          {"zsh", "For zsh", "  source <(srsproxyctl completion zsh)\n", Declare(ZshCompletion)},
          {"fish", "For fish", "  srsproxyctl completion fish | source\n", Declare(FishCompletion)},
      }};
}

}  // namespace srsproxy::ctl
