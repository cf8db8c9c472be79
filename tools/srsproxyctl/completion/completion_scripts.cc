#include "tools/srsproxyctl/completion/completion_scripts.h"

#include <absl/strings/str_replace.h>

namespace srsproxy::ctl {

std::string Quoted(std::string_view text) {
  return "'" + absl::StrReplaceAll(std::string(text), {{"'", "'\\''"}}) + "'";
}

std::string FishQuoted(std::string_view text) {
  return "'" + absl::StrReplaceAll(std::string(text), {{"\\", "\\\\"}, {"'", "\\'"}}) + "'";
}

std::string JoinWords(const std::vector<std::string>& words, std::string_view separator) {
  std::string joined;
  for (const std::string& word : words) {
    joined += (joined.empty() ? "" : std::string(separator)) + word;
  }
  return joined;
}

std::string NamesCommand(ValueSource source) {
  switch (source) {
    case ValueSource::kOrigins:
      return "srsproxyctl origin list -o name --timeout 1s 2>/dev/null";
    case ValueSource::kStreams:
      return "srsproxyctl stream list -o name --timeout 1s 2>/dev/null";
    default:
      return "";
  }
}

std::string WordLoop(const CompletionModel& model, std::string_view words) {
  std::vector<std::string> paths;
  for (const CompletedCommand& command : model.commands) {
    if (!command.path.empty()) paths.push_back(command.path);
  }
  return "  for word in " + std::string(words) +
         "; do\n"
         "    if [[ -n $skip ]]; then skip=''; continue; fi\n"
         "    case \"$word\" in\n"
         "      " +
         JoinWords(model.ValuedFlags(), "|") +
         ") skip=1 ;;\n"
         "      -*) ;;\n"
         "      *)\n"
         "        case \"$command/$word\" in\n"
         "          " +
         JoinWords(paths, "|") +
         ")\n"
         "            command=\"$command/$word\" ;;\n"
         "          *) position=$((position + 1)) ;;\n"
         "        esac ;;\n"
         "    esac\n"
         "  done\n";
}

std::string OptionPattern(const CompletedCommand& command, const CompletedOption& option) {
  std::vector<std::string> patterns;
  for (const std::string& flag : option.flags) {
    patterns.push_back((command.path.empty() ? "*" : command.path) + ":" + flag);
  }
  return JoinWords(patterns, "|");
}

}  // namespace srsproxy::ctl
