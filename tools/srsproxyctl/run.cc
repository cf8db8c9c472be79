#include "tools/srsproxyctl/run.h"

#include <map>
#include <utility>

#include <CLI/CLI.hpp>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include "tools/srsproxyctl/client.h"
#include "tools/srsproxyctl/command_table.h"
#include "tools/srsproxyctl/exit_code.h"
#include "tools/srsproxyctl/printer.h"
#include "tools/srsproxyctl/text.h"

namespace srsproxy::ctl {
namespace {

constexpr char kProgram[] = "srsproxyctl";
constexpr char kEndpointVariable[] = "SRSPROXYCTL_ENDPOINT";

const std::map<std::string, OutputFormat>& OutputFormats() {
  static const std::map<std::string, OutputFormat> formats = {{"table", OutputFormat::kTable},
                                                              {"wide", OutputFormat::kWide},
                                                              {"json", OutputFormat::kJson},
                                                              {"jsonl", OutputFormat::kJsonl},
                                                              {"name", OutputFormat::kName}};
  return formats;
}

// The options that every command has.
struct GlobalOptions {
  std::string endpoints;
  std::string timeout = "5s";
  std::string output = "table";
};

// The command line's grammar, made of the command table.
class Grammar {
 public:
  explicit Grammar(const Environment& environment)
      : app_("Operate srsproxy: its origins, its streams and itself.", kProgram) {
    const auto variable = environment.variables.find(kEndpointVariable);
    options_.endpoints = variable == environment.variables.end() || variable->second.empty()
                             ? kDefaultEndpoint
                             : variable->second;
    app_.get_formatter()->label("SUBCOMMAND", "COMMAND");
    app_.footer(
        "Examples:\n"
        "  srsproxyctl origin list\n"
        "  srsproxyctl stream explain live/livestream\n"
        "\nEvery command has examples: srsproxyctl origin list --help");
    app_.fallthrough();
    app_.require_subcommand(1);
    app_.add_option("--endpoint", options_.endpoints,
                    "The proxy's gRPC address; of a,b the first that can be reached (" +
                        std::string(kEndpointVariable) + ")")
        ->type_name("HOST:PORT")
        ->capture_default_str();
    app_.add_option("--timeout", options_.timeout,
                    "How long to wait for each endpoint and each answer: 500ms, 1m30s")
        ->type_name("DURATION")
        ->capture_default_str();
    app_.add_option("-o,--output", options_.output, "How to print")
        ->check(CLI::IsMember(OutputFormats()))
        ->capture_default_str();
    for (const Noun& noun : CommandTable()) Add(noun);
  }
  Grammar(const Grammar&) = delete;  // CLI11 keeps references to the members.
  Grammar& operator=(const Grammar&) = delete;

  CLI::App& app() { return app_; }
  const GlobalOptions& options() const { return options_; }

  // The action of the command that was parsed.
  const Action& action() const { return actions_.at(&Chosen()); }

  // What is wrong with a command line that did not parse.
  std::string Problem(const CLI::ParseError& error) const {
    if (actions_.contains(&Chosen())) return error.what();
    const std::vector<std::string> unknown = app_.remaining(/*recurse=*/true);
    return unknown.empty() ? "a command is missing"
                           : "'" + unknown.front() + "' is neither a command nor an option";
  }

  // `srsproxyctl origin list`: as much of a command as was parsed.
  std::string CommandName() const {
    std::string name = Chosen().get_name();
    for (const CLI::App* app = Chosen().get_parent(); app != nullptr; app = app->get_parent()) {
      name = app->get_name() + " " + name;
    }
    return name;
  }

 private:
  void Add(const Noun& noun) {
    CLI::App* parent = &app_;
    if (!noun.name.empty()) {
      parent = app_.add_subcommand(std::string(noun.name), std::string(noun.summary));
      parent->group("Commands")->require_subcommand(1);
      parent->footer("Examples:\n" + std::string(noun.commands.front().examples));
    }
    for (const Command& command : noun.commands) {
      CLI::App* verb =
          parent->add_subcommand(std::string(command.verb), std::string(command.summary));
      verb->group("Commands");
      verb->footer("Examples:\n" + std::string(command.examples) +
                   "\n--endpoint, --timeout and --output go with every command: see " + kProgram +
                   " --help");
      actions_[verb] = command.declare(*verb);
    }
  }

  // The command that was parsed, or as much of one as there was.
  const CLI::App& Chosen() const {
    const CLI::App* command = &app_;
    while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
    return *command;
  }

  CLI::App app_;
  GlobalOptions options_;
  std::map<const CLI::App*, Action> actions_;
};

absl::StatusOr<absl::Duration> ParseTimeout(const std::string& text) {
  absl::Duration timeout;
  if (!absl::ParseDuration(text, &timeout) || timeout <= absl::ZeroDuration() ||
      timeout == absl::InfiniteDuration()) {
    return absl::InvalidArgumentError("--timeout '" + text +
                                      "' is no time to wait: write one like 500ms or 1m30s");
  }
  return timeout;
}

absl::Status Execute(const Grammar& grammar, std::istream& in, std::ostream& out, std::ostream& err,
                     const Environment& environment) {
  auto endpoints = ParseEndpoints(grammar.options().endpoints);
  if (!endpoints.ok()) return endpoints.status();
  const auto timeout = ParseTimeout(grammar.options().timeout);
  if (!timeout.ok()) return timeout.status();

  Client client(*std::move(endpoints), *timeout, err);
  Printer printer(out, OutputFormats().at(grammar.options().output), environment);
  Context context{in, err, environment, client, printer};
  absl::Status status = grammar.action()(context);
  out.flush();
  if (status.ok() && !out) return absl::DataLossError("the output could not be written");
  return status;
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
  const absl::Status status = Execute(grammar, in, out, err, environment);
  if (!status.ok()) err << "Error: " << status.message() << '\n';
  return static_cast<int>(ExitCodeFor(status));
}

}  // namespace srsproxy::ctl
