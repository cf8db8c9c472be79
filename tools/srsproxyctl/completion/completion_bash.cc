#include "tools/srsproxyctl/completion/completion_scripts.h"

namespace srsproxy::ctl {
namespace {

// Names come from outside: they are compared and quoted, never expanded.
constexpr char kHead[] = R"sh(# Completion of srsproxyctl for bash. Load it with:
#   source <(srsproxyctl completion bash)

# Offers those of the arguments that begin with what is being typed.
_srsproxyctl_offer() {
  local word
  for word in "$@"; do
    [[ $word == "$current"* ]] && COMPREPLY+=("$(printf %q "$word")")
  done
}

# Offers the lines of the standard input.
_srsproxyctl_offer_lines() {
  local lines
  mapfile -t lines
  _srsproxyctl_offer "${lines[@]}"
}

_srsproxyctl() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}"
  local command='' position=0 skip='' word
  COMPREPLY=()
)sh";

constexpr char kTail[] = R"sh(}
complete -F _srsproxyctl srsproxyctl
)sh";

std::string Offer(ValueSource source, const std::vector<std::string>& choices) {
  switch (source) {
    case ValueSource::kChoices:
      return "_srsproxyctl_offer " + JoinWords(choices, " ");
    case ValueSource::kFiles:
      return "mapfile -t COMPREPLY < <(compgen -f -- \"$current\")";
    case ValueSource::kNone:
      return "";
    default:
      return "_srsproxyctl_offer_lines < <(" + NamesCommand(source) + ")";
  }
}

}  // namespace

std::string BashCompletion(const CompletionModel& model) {
  std::string values, flags, words;
  for (const CompletedCommand& command : model.commands) {
    std::vector<std::string> own;
    for (const CompletedOption& option : command.options) {
      own.insert(own.end(), option.flags.begin(), option.flags.end());
      if (!option.takes_value) continue;
      const std::string offer = Offer(option.source, option.choices);
      values += "    " + OptionPattern(command, option) + ") " + offer +
                (offer.empty() ? "" : "; ") + "return ;;\n";
    }
    if (!command.path.empty()) {
      flags += "      " + command.path + ") _srsproxyctl_offer " + JoinWords(own, " ") + " ;;\n";
    }
    std::vector<std::string> parts;
    for (const std::string& part : command.parts) parts.push_back(model.at(part).name);
    if (!parts.empty()) {
      words += "    " + command.path + ":0) _srsproxyctl_offer " + JoinWords(parts, " ") + " ;;\n";
    }
    for (size_t i = 0; i < command.positionals.size(); ++i) {
      const std::string offer = Offer(command.positionals[i], {});
      if (offer.empty()) continue;
      words += "    " + command.path + ":" + std::to_string(i) + ") " + offer + " ;;\n";
    }
  }
  std::vector<std::string> global;
  for (const CompletedOption& option : model.global_options()) {
    global.insert(global.end(), option.flags.begin(), option.flags.end());
  }
  return kHead + WordLoop(model, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\"") +
         "  case \"$command:$previous\" in\n" + values +
         "  esac\n"
         "  if [[ $current == -* ]]; then\n"
         "    case \"$command\" in\n" +
         flags +
         "    esac\n"
         "    _srsproxyctl_offer " +
         JoinWords(global, " ") +
         "\n"
         "    return\n"
         "  fi\n"
         "  case \"$command:$position\" in\n" +
         words + "  esac\n" + kTail;
}

}  // namespace srsproxy::ctl
