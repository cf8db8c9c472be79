#include "tools/srsproxyctl/confirm.h"

#include <string>

#include "tools/srsproxyctl/text.h"

namespace srsproxy::ctl {

absl::Status Confirm(Context& context, std::string_view question) {
  if (!context.environment.input_is_terminal) {
    return absl::InvalidArgumentError(
        "nothing was done: this needs a confirmation, and there is no terminal to ask on. Add "
        "--yes "
        "to go ahead");
  }
  context.err << question << " [y/N] " << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  answer = LowerCase(answer);
  if (answer == "y" || answer == "yes") return absl::OkStatus();
  return absl::CancelledError("nothing was done: the answer was not yes");
}

}  // namespace srsproxy::ctl
