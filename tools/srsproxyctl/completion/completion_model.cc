#include "tools/srsproxyctl/completion/completion_model.h"

#include <algorithm>
#include <set>

#include <absl/strings/str_split.h>

#include "tools/srsproxyctl/commands/arguments.h"

namespace srsproxy::ctl {
namespace {

// CLI11 writes the members of a set into the type's name: `TEXT:{json,table}`.
std::vector<std::string> ChoicesOf(const std::string& type) {
  const size_t begin = type.find('{');
  const size_t end = type.rfind('}');
  if (begin == std::string::npos || end == std::string::npos) return {};
  return absl::StrSplit(type.substr(begin + 1, end - begin - 1), ',');
}

ValueSource SourceOf(const std::string& type, bool has_choices) {
  if (has_choices) return ValueSource::kChoices;
  if (type == kOriginArgument) return ValueSource::kOrigins;
  if (type == kStreamArgument) return ValueSource::kStreams;
  return type == "FILE" ? ValueSource::kFiles : ValueSource::kNone;
}

CompletedOption ReadOption(const CLI::Option& option) {
  CompletedOption read;
  for (const std::string& name : option.get_snames()) read.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) read.flags.push_back("--" + name);
  read.help = option.get_description();
  read.takes_value = option.get_items_expected_max() > 0;
  read.choices = ChoicesOf(option.get_type_name());
  read.source = SourceOf(option.get_type_name(), !read.choices.empty());
  return read;
}

void Read(const CLI::App& app, const std::string& path, CompletionModel& model) {
  CompletedCommand command{path, app.get_name(), app.get_description(), {}, {}, {}};
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      command.positionals.push_back(SourceOf(option->get_name(), /*has_choices=*/false));
    } else {
      command.options.push_back(ReadOption(*option));
    }
  }
  const auto parts = app.get_subcommands([](const CLI::App*) { return true; });
  for (const CLI::App* part : parts) command.parts.push_back(path + "/" + part->get_name());
  model.commands.push_back(std::move(command));
  for (const CLI::App* part : parts) Read(*part, path + "/" + part->get_name(), model);
}

}  // namespace

const CompletedCommand& CompletionModel::at(const std::string& path) const {
  return *std::find_if(commands.begin(), commands.end(),
                       [&path](const CompletedCommand& command) { return command.path == path; });
}

std::vector<std::string> CompletionModel::ValuedFlags() const {
  std::set<std::string> flags;
  for (const CompletedCommand& command : commands) {
    for (const CompletedOption& option : command.options) {
      if (option.takes_value) flags.insert(option.flags.begin(), option.flags.end());
    }
  }
  return {flags.begin(), flags.end()};
}

CompletionModel MakeCompletionModel(const CLI::App& program) {
  CompletionModel model;
  Read(program, "", model);
  return model;
}

}  // namespace srsproxy::ctl
