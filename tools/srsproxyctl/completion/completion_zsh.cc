#include <absl/strings/str_replace.h>

#include "tools/srsproxyctl/completion/completion_scripts.h"

namespace srsproxy::ctl {
namespace {

constexpr char kHead[] = R"sh(#compdef srsproxyctl
# Completion of srsproxyctl for zsh. Load it with:
#   source <(srsproxyctl completion zsh)

_srsproxyctl() {
  local current="${words[CURRENT]}" previous="${words[CURRENT-1]}"
  local command='' skip='' word
  integer position=0
  local -a offered
)sh";

constexpr char kTail[] = R"sh(}
if [[ "$funcstack[1]" == _srsproxyctl ]]; then
  _srsproxyctl "$@"
else
  compdef _srsproxyctl srsproxyctl
fi
)sh";

// `name:help` as _describe takes it.
std::string Described(const std::string& name, const std::string& help) {
  return Quoted(absl::StrReplaceAll(name, {{":", "\\:"}}) + ":" +
                absl::StrReplaceAll(help, {{":", "\\:"}}));
}

std::string Offer(ValueSource source, const std::vector<std::string>& choices) {
  switch (source) {
    case ValueSource::kChoices:
      return "compadd -- " + JoinWords(choices, " ");
    case ValueSource::kFiles:
      return "_files";
    case ValueSource::kNone:
      return "";
    default:
      return "compadd -- \"${(@f)$(" + NamesCommand(source) + ")}\"";
  }
}

std::string DescribedFlags(const std::vector<CompletedOption>& options) {
  std::string described;
  for (const CompletedOption& option : options) {
    for (const std::string& flag : option.flags) described += " " + Described(flag, option.help);
  }
  return described;
}

}  // namespace

std::string ZshCompletion(const CompletionModel& model) {
  std::string values, flags, words;
  for (const CompletedCommand& command : model.commands) {
    for (const CompletedOption& option : command.options) {
      if (!option.takes_value) continue;
      const std::string offer = Offer(option.source, option.choices);
      values += "    " + OptionPattern(command, option) + ") " + offer +
                (offer.empty() ? "" : "; ") + "return ;;\n";
    }
    if (!command.path.empty()) {
      flags += "      " + command.path + ") offered=(" + DescribedFlags(command.options) + ") ;;\n";
    }
    std::string parts;
    for (const std::string& part : command.parts) {
      parts += " " + Described(model.at(part).name, model.at(part).help);
    }
    if (!parts.empty()) {
      words +=
          "    " + command.path + ":0) offered=(" + parts + "); _describe command offered ;;\n";
    }
    for (size_t i = 0; i < command.positionals.size(); ++i) {
      const std::string offer = Offer(command.positionals[i], {});
      if (offer.empty()) continue;
      words += "    " + command.path + ":" + std::to_string(i) + ") " + offer + " ;;\n";
    }
  }
  return kHead + WordLoop(model, "\"${(@)words[2,CURRENT-1]}\"") +
         "  case \"$command:$previous\" in\n" + values +
         "  esac\n"
         "  if [[ $current == -* ]]; then\n"
         "    case \"$command\" in\n" +
         flags +
         "    esac\n"
         "    offered+=(" +
         DescribedFlags(model.global_options()) +
         ")\n"
         "    _describe -o option offered\n"
         "    return\n"
         "  fi\n"
         "  case \"$command:$position\" in\n" +
         words + "  esac\n" + kTail;
}

}  // namespace srsproxy::ctl
