// What a shell can complete, read from the command line's own grammar, so that it is never another.
#pragma once

#include <string>
#include <vector>

namespace CLI {  // NOLINT(readability-identifier-naming): CLI11 names it so.
class App;
}  // namespace CLI

namespace srsproxy::ctl {

// Where the values of an option or a positional come from.
enum class ValueSource { kNone, kChoices, kFiles, kOrigins, kStreams };

struct CompletedOption {
  std::vector<std::string> flags;  // "-o", "--output"
  std::string help;
  bool takes_value = false;
  ValueSource source = ValueSource::kNone;
  std::vector<std::string> choices;  // With kChoices.
};

struct CompletedCommand {
  std::string path;  // "/origin/list"; empty: the program itself.
  std::string name;  // "list"
  std::string help;
  std::vector<std::string> parts;  // Paths of the commands below it.
  std::vector<CompletedOption> options;
  std::vector<ValueSource> positionals;
};

struct CompletionModel {
  std::vector<CompletedCommand> commands;  // The program itself first.

  const CompletedCommand& at(const std::string& path) const;
  // Options of the program itself, which go with every command.
  const std::vector<CompletedOption>& global_options() const { return commands.front().options; }
  // Every flag that takes a value.
  std::vector<std::string> ValuedFlags() const;
};

CompletionModel MakeCompletionModel(const CLI::App& program);

}  // namespace srsproxy::ctl
