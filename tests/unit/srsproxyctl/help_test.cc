// Every command explains itself.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"
#include "tools/srsproxyctl/command_table.h"

namespace srsproxy::ctl {
namespace {

using testing::HasSubstr;

class HelpTest : public CommandTest {};

TEST_F(HelpTest, EveryCommandHasASummaryAndAnExampleOfItself) {
  for (const Noun& noun : CommandTable()) {
    for (const Command& command : noun.commands) {
      const std::string name =
          std::string(noun.name) + (noun.name.empty() ? "" : " ") + std::string(command.verb);
      SCOPED_TRACE(name);
      EXPECT_FALSE(command.summary.empty());
      ASSERT_EQ(RunCommand(name + " --help"), 0);
      EXPECT_THAT(out(), HasSubstr(std::string(command.summary) + "\n"));
      EXPECT_THAT(out(), HasSubstr("srsproxyctl " + name));
      EXPECT_THAT(out(), HasSubstr("Examples:\n"));
    }
  }
}

// Examples without shell syntax have to be command lines of ours: nothing is done, they only have
// to be understood.
TEST_F(HelpTest, EveryExampleIsUnderstood) {
  for (const Noun& noun : CommandTable()) {
    for (const Command& command : noun.commands) {
      std::istringstream lines{std::string(command.examples)};
      for (std::string line; std::getline(lines, line);) {
        const std::string program = "  srsproxyctl ";
        if (!line.starts_with(program) || line.find_first_of("|'\\>") != std::string::npos)
          continue;
        RunCommand(line.substr(program.size()) + " --help");
        EXPECT_THAT(err(), testing::IsEmpty()) << line;
      }
    }
  }
}

TEST_F(HelpTest, TheWholeGrammarIsThere) {
  for (const char* command :
       {"origin list",     "origin get",       "origin cordon",   "origin uncordon",
        "origin drain",    "origin set",       "origin register", "origin deregister",
        "stream list",     "stream get",       "stream explain",  "stream move",
        "stream pin",      "stream unpin",     "stream release",  "stream pins",
        "session list",    "session kick",     "rebalance plan",  "rebalance apply",
        "rebalance get",   "rebalance cancel", "proxy list",      "proxy get",
        "proxy top",       "proxy drain",      "config get",      "config set",
        "config reload",   "event watch",      "event list",      "check",
        "completion bash", "completion zsh",   "completion fish", "version"}) {
    EXPECT_EQ(RunCommand(std::string(command) + " --help"), 0) << command;
  }
}

}  // namespace
}  // namespace srsproxy::ctl
