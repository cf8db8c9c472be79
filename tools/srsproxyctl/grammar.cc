#include "tools/srsproxyctl/grammar.h"

#include <vector>

#include "tools/srsproxyctl/client/endpoints.h"
#include "tools/srsproxyctl/command_table.h"

namespace srsproxy::ctl {
namespace {

constexpr char kEndpointVariable[] = "SRSPROXYCTL_ENDPOINT";
constexpr char kTimeoutVariable[] = "SRSPROXYCTL_TIMEOUT";
constexpr char kOutputVariable[] = "SRSPROXYCTL_OUTPUT";

std::string VariableOr(const Environment& environment, const char* variable, const char* fallback) {
  const std::string value = environment.Variable(variable);
  return value.empty() ? fallback : value;
}

}  // namespace

Grammar::Grammar(const Environment& environment)
    : app_("Operate srsproxy: its origins, its streams, its sessions and itself.", kProgram) {
  app_.get_formatter()->label("SUBCOMMAND", "COMMAND");
  app_.footer(
      "Examples:\n"
      "  srsproxyctl origin list\n"
      "  srsproxyctl stream explain live/livestream\n"
      "\nEvery command has examples: srsproxyctl origin list --help");
  app_.fallthrough();
  app_.require_subcommand(1);
  AddGlobalOptions(environment);
  for (const Noun& noun : CommandTable()) Add(noun);
}

void Grammar::AddGlobalOptions(const Environment& environment) {
  options_.endpoints = VariableOr(environment, kEndpointVariable, kDefaultEndpoint);
  options_.timeout = VariableOr(environment, kTimeoutVariable, "5s");
  options_.output = VariableOr(environment, kOutputVariable, "table");
  app_.add_option("--endpoint", options_.endpoints,
                  "The proxy's gRPC address; of a,b the first that can be reached (" +
                      std::string(kEndpointVariable) + ")")
      ->type_name("HOST:PORT")
      ->capture_default_str();
  app_.add_option("--timeout", options_.timeout,
                  "How long to wait for each endpoint and each answer: 500ms, 1m30s (" +
                      std::string(kTimeoutVariable) + ")")
      ->type_name("DURATION")
      ->capture_default_str();
  app_.add_option("-o,--output", options_.output,
                  "How to print (" + std::string(kOutputVariable) + ")")
      ->check(CLI::IsMember(OutputFormats()))
      ->capture_default_str();
  DeclareAccessOptions(app_, options_.access, environment);
}

void Grammar::Add(const Noun& noun) {
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
                 "\n--endpoint, --timeout, --output, --tls and --token-file go with every command: "
                 "see " +
                 kProgram + " --help");
    actions_[verb] = command.declare(*verb);
  }
}

std::string Grammar::Problem(const CLI::ParseError& error) const {
  if (actions_.contains(&Chosen())) return error.what();
  const std::vector<std::string> unknown = app_.remaining(/*recurse=*/true);
  return unknown.empty() ? "a command is missing"
                         : "'" + unknown.front() + "' is neither a command nor an option";
}

std::string Grammar::CommandName() const {
  std::string name = Chosen().get_name();
  for (const CLI::App* app = Chosen().get_parent(); app != nullptr; app = app->get_parent()) {
    name = app->get_name() + " " + name;
  }
  return name;
}

const CLI::App& Grammar::Chosen() const {
  const CLI::App* command = &app_;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

}  // namespace srsproxy::ctl
