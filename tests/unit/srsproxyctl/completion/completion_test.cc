// The completion scripts: that shells can read them, and that bash completes by them.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"
#include "tools/srsproxyctl/command_table.h"

namespace srsproxy::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::IsSupersetOf;

bool Exists(const std::string& shell) {
  return std::system(("command -v " + shell + " >/dev/null 2>&1").c_str()) == 0;
}

class CompletionTest : public CommandTest {
 protected:
  CompletionTest()
      : folder_(std::filesystem::temp_directory_path() /
                ("srsproxyctl_completion_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~CompletionTest() override { std::filesystem::remove_all(folder_); }

  // The script for `shell`, in a file.
  std::string ScriptFile(const std::string& shell) {
    EXPECT_EQ(RunCommand("completion " + shell), 0) << err();
    const std::string path = (folder_ / shell).string();
    std::ofstream(path) << out();
    return path;
  }

  // What bash offers after the words of `line`; the last of them is being typed. A function in
  // place of srsproxyctl answers with `names`.
  std::vector<std::string> Complete(const std::string& line, const std::string& names = "") {
    const std::string test = (folder_ / "test").string();
    std::ofstream(test) << "source " << ScriptFile("bash") << "\n"
                        << "srsproxyctl() { [[ \"$1 $2 $3 $4\" == *' list -o name' ]] && "
                        << "printf '%s\\n' " << names << "; }\n"
                        << "COMP_WORDS=(" << line << ")\n"
                        << "COMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n"
                        << "_srsproxyctl\n"
                        << "(( ${#COMPREPLY[@]} )) && printf '%s\\n' \"${COMPREPLY[@]}\"\n"
                        << "true\n";
    const std::string result = (folder_ / "result").string();
    EXPECT_EQ(std::system(("bash " + test + " > " + result).c_str()), 0);
    std::vector<std::string> offered;
    std::ifstream lines(result);
    for (std::string offer; std::getline(lines, offer);) offered.push_back(offer);
    return offered;
  }

  const std::filesystem::path folder_;
};

TEST_F(CompletionTest, ShellsCanReadTheScripts) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    const std::string path = ScriptFile(shell);
    if (!Exists(shell)) continue;
    EXPECT_EQ(std::system((shell + " -n " + path).c_str()), 0) << shell;
  }
}

TEST_F(CompletionTest, EveryCommandIsInEveryScript) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    ASSERT_EQ(RunCommand("completion " + shell), 0);
    for (const Noun& noun : CommandTable()) {
      for (const Command& command : noun.commands) {
        const std::string prefix = noun.name.empty() ? "" : "/" + std::string(noun.name);
        EXPECT_THAT(out(), HasSubstr(prefix + "/" + std::string(command.verb))) << shell;
      }
    }
  }
}

TEST_F(CompletionTest, BashOffersCommands) {
  EXPECT_THAT(Complete("srsproxyctl ''"), IsSupersetOf({"origin", "stream", "check", "version"}));
  EXPECT_THAT(Complete("srsproxyctl or"), ElementsAre("origin"));
  EXPECT_THAT(Complete("srsproxyctl origin un"), ElementsAre("uncordon"));
  EXPECT_THAT(Complete("srsproxyctl --endpoint a:1 origin dr"), ElementsAre("drain"));
}

TEST_F(CompletionTest, BashOffersOptionsAndTheirValues) {
  EXPECT_THAT(Complete("srsproxyctl stream move --k"), ElementsAre("--kick"));
  EXPECT_THAT(Complete("srsproxyctl stream move --end"), ElementsAre("--endpoint"));
  EXPECT_THAT(Complete("srsproxyctl origin list -o y"), ElementsAre("yaml"));
  EXPECT_THAT(Complete("srsproxyctl session list --role ''"), ElementsAre("publisher", "viewer"));
  EXPECT_THAT(Complete("srsproxyctl origin list --timeout ''"), IsEmpty());
}

TEST_F(CompletionTest, BashAsksTheProxyForNames) {
  EXPECT_THAT(Complete("srsproxyctl origin get a", "a1 a2 b"), ElementsAre("a1", "a2"));
  EXPECT_THAT(Complete("srsproxyctl stream list --origin b", "a1 b"), ElementsAre("b"));
  EXPECT_THAT(Complete("srsproxyctl stream move v/live/x o", "o1"), ElementsAre("o1"));
  EXPECT_THAT(Complete("srsproxyctl origin get a --wait b", "b"), IsEmpty()) << "one is enough";
}

TEST_F(CompletionTest, NamesAreNeverRun) {
  const std::string trap = (folder_ / "trap").string();
  EXPECT_THAT(Complete("srsproxyctl stream get v", "'v/live/$(touch " + trap + ")'"),
              testing::SizeIs(1));
  EXPECT_FALSE(std::filesystem::exists(trap));
}

}  // namespace
}  // namespace srsproxy::ctl
