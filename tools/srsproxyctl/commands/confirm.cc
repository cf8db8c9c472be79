#include "tools/srsproxyctl/commands/confirm.h"

#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {

absl::Status CanConfirm(const Context& context, bool yes) {
  if (yes || context.environment.input_is_terminal) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "nothing was done: this needs a confirmation, and there is no terminal to ask on. Add --yes "
      "to go ahead");
}

absl::Status Confirm(Context& context, bool yes,
                     const std::function<absl::StatusOr<std::string>()>& question) {
  if (absl::Status can = CanConfirm(context, yes); yes || !can.ok()) return can;
  const absl::StatusOr<std::string> text = question();
  if (!text.ok()) return text.status();
  context.err << PrintableText(*text) << " [y/N] " << std::flush;
  std::string answer;
  std::getline(context.in, answer);
  answer = LowerCase(answer);
  if (answer == "y" || answer == "yes") return absl::OkStatus();
  return absl::CancelledError("nothing was done: the answer was not yes");
}

void NoteDryRun(Context& context, bool dry_run) {
  if (dry_run) context.err << "Note: this is what would be; nothing was changed\n";
}

}  // namespace srsproxy::ctl
