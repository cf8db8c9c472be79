#include "tools/srsproxyctl/commands/wait.h"

#include <ostream>

#include "tools/srsproxyctl/commands/arguments.h"

namespace srsproxy::ctl {
namespace {

constexpr absl::Duration kInterval = absl::Milliseconds(500);
constexpr char kLineStart[] = "\r\x1b[K";

// Where progress is shown.
class ProgressLine {
 public:
  ProgressLine(std::ostream& out, bool is_terminal) : out_(out), is_terminal_(is_terminal) {}
  ProgressLine(const ProgressLine&) = delete;
  ProgressLine& operator=(const ProgressLine&) = delete;
  ~ProgressLine() {
    if (is_terminal_ && !shown_.empty()) out_ << '\n';
  }

  void Show(const std::string& text) {
    if (text == shown_) return;
    shown_ = text;
    if (is_terminal_) {
      out_ << kLineStart << PrintableText(text) << std::flush;
    } else {
      out_ << PrintableText(text) << std::endl;
    }
  }

 private:
  std::ostream& out_;
  const bool is_terminal_;
  std::string shown_;
};

}  // namespace

void AddWaitOptions(CLI::App& command, WaitOptions& options) {
  command.add_flag("--wait", options.wait, "Wait until it is done, and show how far it is");
  AddDurationOption(command, "--wait-timeout", options.limit,
                    "Wait no longer than this, and exit with 4; implies --wait");
}

absl::Status WaitUntilDone(Context& context, const WaitOptions& options, std::string_view later,
                           const std::function<absl::StatusOr<Progress>()>& look) {
  if (!options.wait && !options.limit.has_value()) return absl::OkStatus();
  const absl::Duration end =
      context.environment.uptime() + options.limit.value_or(absl::InfiniteDuration());
  ProgressLine line(context.err, context.environment.error_is_terminal);
  while (true) {
    const absl::StatusOr<Progress> progress = look();
    if (!progress.ok()) return progress.status();
    line.Show(progress->text);
    if (progress->done) return absl::OkStatus();
    if (context.environment.uptime() >= end) {
      return absl::DeadlineExceededError("it is not done after " +
                                         absl::FormatDuration(*options.limit) +
                                         ", and goes on: " + progress->text +
                                         "\nHint: " + std::string(later) + " shows how far it is");
    }
    context.environment.sleep(kInterval);
  }
}

}  // namespace srsproxy::ctl
