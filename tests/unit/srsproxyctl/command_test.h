// A command line against a fake proxy, with a clock that only moves when srsproxyctl sleeps.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <absl/time/time.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/fake_proxy.h"
#include "tools/srsproxyctl/run.h"

namespace srsproxy::ctl {

class CommandTest : public testing::Test {
 protected:
  CommandTest() {
    environment_.variables["SRSPROXYCTL_ENDPOINT"] = fake_.endpoint();
    environment_.now = [this] { return now_; };
    environment_.uptime = [this] { return now_ - absl::UnixEpoch(); };
    environment_.sleep = [this](absl::Duration duration) {
      now_ += duration;
      slept_.push_back(duration);
    };
  }

  // `command` is split at blanks, without the program's name.
  int RunCommand(const std::string& command, const std::string& typed = "") {
    std::istringstream words(command);
    std::vector<std::string> arguments;
    for (std::string word; words >> word;) arguments.push_back(word);
    return RunArguments(arguments, typed);
  }
  int RunArguments(const std::vector<std::string>& arguments, const std::string& typed = "") {
    std::istringstream in(typed);
    out_.str("");
    err_.str("");
    return ctl::Run(arguments, in, out_, err_, environment_);
  }

  std::string out() const { return out_.str(); }
  std::string err() const { return err_.str(); }

  FakeProxy fake_;
  Environment environment_;
  absl::Time now_ = absl::FromUnixSeconds(1'767'323'045);  // 2026-01-02T03:04:05Z
  std::vector<absl::Duration> slept_;
  std::ostringstream out_;
  std::ostringstream err_;
};

}  // namespace srsproxy::ctl
