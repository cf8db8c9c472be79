#include "tools/srsproxyctl/run.h"

#include <utility>

#include <CLI/CLI.hpp>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "tools/srsproxyctl/client/client.h"
#include "tools/srsproxyctl/client/endpoints.h"
#include "tools/srsproxyctl/grammar.h"
#include "tools/srsproxyctl/output/exit_code.h"
#include "tools/srsproxyctl/output/printer.h"
#include "tools/srsproxyctl/output/text.h"

namespace srsproxy::ctl {
namespace {

absl::StatusOr<absl::Duration> ParseTimeout(const std::string& text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() ||
      timeout == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError("--timeout '" + text +
                                      "' is no time to wait: write one like 500ms or 1m30s");
  }
  return timeout;
}

absl::StatusOr<ExitCode> Execute(const Grammar& grammar, std::istream& in, std::ostream& out,
                                 std::ostream& err, const Environment& environment) {
  auto endpoints = ParseEndpoints(grammar.options().endpoints);
  if (!endpoints.ok()) return endpoints.status();
  const auto timeout = ParseTimeout(grammar.options().timeout);
  if (!timeout.ok()) return timeout.status();
  const auto format = OutputFormats().find(grammar.options().output);
  if (format == OutputFormats().end()) {  // A flag was checked, a variable was not.
    return absl::InvalidArgumentError("SRSPROXYCTL_OUTPUT '" + grammar.options().output +
                                      "' is no way to print; see srsproxyctl --help");
  }
  auto access = MakeAccess(grammar.options().access, environment, *endpoints);
  if (!access.ok()) return access.status();

  Client client(*std::move(endpoints), *std::move(access), *timeout, err);
  Printer printer(out, format->second, environment);
  Context context{in, err, environment, client, printer, grammar.app()};
  absl::Status status = grammar.action()(context);
  out.flush();
  if (!status.ok()) return status;
  if (!out) return absl::DataLossError("the output could not be written");
  return context.exit_code;
}

}  // namespace

int Run(const std::vector<std::string>& arguments, std::istream& in, std::ostream& out,
        std::ostream& err, const Environment& environment) {
  for (const std::string& argument : arguments) {
    if (IsUtf8(argument)) continue;
    err << "Error: '" << PrintableText(argument) << "' is not UTF-8\n";
    return static_cast<int>(ExitCode::kUsage);
  }
  Grammar grammar(environment);
  try {
    // CLI11 takes a vector from its end.
    grammar.app().parse(std::vector<std::string>(arguments.rbegin(), arguments.rend()));
  } catch (const CLI::CallForHelp&) {
    out << grammar.app().help();
    return static_cast<int>(ExitCode::kOk);
  } catch (const CLI::ParseError& error) {
    err << "Error: " << grammar.Problem(error) << "\nSee " << grammar.CommandName() << " --help\n";
    return static_cast<int>(ExitCode::kUsage);
  }
  const absl::StatusOr<ExitCode> ended = Execute(grammar, in, out, err, environment);
  if (!ended.ok()) err << "Error: " << ended.status().message() << '\n';
  return static_cast<int>(ended.ok() ? *ended : ExitCodeFor(ended.status()));
}

}  // namespace srsproxy::ctl
