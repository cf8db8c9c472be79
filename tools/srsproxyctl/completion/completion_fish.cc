#include "tools/srsproxyctl/completion/completion_scripts.h"

namespace srsproxy::ctl {
namespace {

constexpr char kComplete[] = "complete -c srsproxyctl";

// A function that checks whether the words before the cursor are the command $argv[1], with
// $argv[2] arguments where that is given.
std::string AtFunction(const CompletionModel& model) {
  std::string paths;
  for (const CompletedCommand& command : model.commands) {
    if (!command.path.empty()) paths += " " + command.path;
  }
  return "# Completion of srsproxyctl for fish. Load it with:\n"
         "#   srsproxyctl completion fish | source\n"
         "\n"
         "function __srsproxyctl_at\n"
         "    set -l command ''\n"
         "    set -l position 0\n"
         "    set -l skip no\n"
         "    for word in (commandline -opc)[2..-1]\n"
         "        if test $skip = yes\n"
         "            set skip no\n"
         "            continue\n"
         "        end\n"
         "        switch $word\n"
         "            case " +
         JoinWords(model.ValuedFlags(), " ") +
         "\n"
         "                set skip yes\n"
         "            case '-*'\n"
         "            case '*'\n"
         "                if contains -- \"$command/$word\"" +
         paths +
         "\n"
         "                    set command \"$command/$word\"\n"
         "                else\n"
         "                    set position (math $position + 1)\n"
         "                end\n"
         "        end\n"
         "    end\n"
         "    test \"$command\" = \"$argv[1]\"; or return 1\n"
         "    test (count $argv) -lt 2; or test $position = $argv[2]\n"
         "end\n"
         "\n";
}

std::string Condition(const std::string& path, const std::string& position) {
  return " -n " + FishQuoted("__srsproxyctl_at '" + path + "'" + position);
}

// How an option's values are completed.
std::string Values(const CompletedOption& option) {
  if (!option.takes_value) return "";
  switch (option.source) {
    case ValueSource::kChoices:
      return " -x -a " + FishQuoted(JoinWords(option.choices, " "));
    case ValueSource::kFiles:
      return " -r -F";
    case ValueSource::kNone:
      return " -x";
    default:
      return " -x -a " + FishQuoted("(" + NamesCommand(option.source) + ")");
  }
}

std::string OptionLine(const CompletedCommand& command, const CompletedOption& option) {
  std::string line = kComplete;
  if (!command.path.empty()) line += Condition(command.path, "");
  for (const std::string& flag : option.flags) {
    line += flag.starts_with("--") ? " -l " + flag.substr(2) : " -s " + flag.substr(1);
  }
  return line + Values(option) + " -d " + FishQuoted(option.help) + "\n";
}

}  // namespace

std::string FishCompletion(const CompletionModel& model) {
  std::string script = AtFunction(model) + kComplete + " -f\n";
  for (const CompletedCommand& command : model.commands) {
    for (const std::string& part : command.parts) {
      script += kComplete + Condition(command.path, " 0") + " -a " + model.at(part).name + " -d " +
                FishQuoted(model.at(part).help) + "\n";
    }
    for (size_t i = 0; i < command.positionals.size(); ++i) {
      const std::string names = NamesCommand(command.positionals[i]);
      if (names.empty()) continue;
      script += kComplete + Condition(command.path, " " + std::to_string(i)) + " -a " +
                FishQuoted("(" + names + ")") + "\n";
    }
    for (const CompletedOption& option : command.options) script += OptionLine(command, option);
  }
  return script;
}

}  // namespace srsproxy::ctl
