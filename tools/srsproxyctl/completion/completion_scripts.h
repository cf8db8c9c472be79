// The completion scripts of the shells.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/srsproxyctl/completion/completion_model.h"

namespace srsproxy::ctl {

std::string BashCompletion(const CompletionModel& model);
std::string ZshCompletion(const CompletionModel& model);
std::string FishCompletion(const CompletionModel& model);

// What the scripts share.

// `text` as one word for a shell, in single quotes; fish escapes otherwise than POSIX shells.
std::string Quoted(std::string_view text);
std::string FishQuoted(std::string_view text);

std::string JoinWords(const std::vector<std::string>& words, std::string_view separator);

// The command that prints the names of a source, one a line; empty: the source is no command.
std::string NamesCommand(ValueSource source);

// A loop for bash and zsh that reads the words before the cursor, given as the words of a `for`,
// and sets `command` to the path so far and `position` to the number of its arguments.
std::string WordLoop(const CompletionModel& model, std::string_view words);

// The `case` pattern, for `command:flag`, of an option; of the program itself it fits any command.
std::string OptionPattern(const CompletedCommand& command, const CompletedOption& option);

}  // namespace srsproxy::ctl
