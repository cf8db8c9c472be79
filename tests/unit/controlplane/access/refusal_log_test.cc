#include "controlplane/access/refusal_log.h"

#include <memory>

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy::control {
namespace {

class RefusalLogTest : public testing::Test {
 protected:
  RefusalLogTest() {
    LogOptions options;
    options.sink = [this](std::string_view line) { lines_.emplace_back(line); };
    logger_ = std::make_unique<Logger>(std::move(options));
    log_ = std::make_unique<RefusalLog>("origin registration refused", clock_, *logger_);
  }

  // What was logged; ends the logging.
  const std::vector<std::string>& Lines() {
    log_.reset();
    logger_.reset();
    return lines_;
  }

  FakeClock clock_;
  std::vector<std::string> lines_;
  std::unique_ptr<Logger> logger_;
  std::unique_ptr<RefusalLog> log_;
};

TEST_F(RefusalLogTest, CountsEachSourceAndListsTheLatestFirst) {
  log_->Add("10.0.0.1", "ip: must not be empty");
  clock_.Advance(absl::Seconds(1));
  log_->Add("10.0.0.2", "pid: must not be empty");
  clock_.Advance(absl::Seconds(1));
  log_->Add("10.0.0.1", "rtmp[0]: 70000 is no port");

  const auto refusals = log_->List();
  ASSERT_EQ(refusals.size(), 2U);
  EXPECT_EQ(refusals[0].source, "10.0.0.1");
  EXPECT_EQ(refusals[0].message, "rtmp[0]: 70000 is no port");
  EXPECT_EQ(refusals[0].count, 2);
  EXPECT_EQ(refusals[0].last_time, clock_.WallNow());
  EXPECT_EQ(refusals[1].source, "10.0.0.2");
  EXPECT_EQ(refusals[1].count, 1);
}

TEST_F(RefusalLogTest, LogsEachSourceOnceAMinute) {
  log_->Add("10.0.0.1", "first");
  log_->Add("10.0.0.2", "other source");
  clock_.Advance(absl::Seconds(59));
  log_->Add("10.0.0.1", "second");
  clock_.Advance(absl::Seconds(1));
  log_->Add("10.0.0.1", "third");

  const auto& lines = Lines();
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_THAT(lines[0], testing::HasSubstr("reason=first"));
  EXPECT_THAT(lines[1], testing::HasSubstr("source=10.0.0.2"));
  EXPECT_THAT(lines[2], testing::HasSubstr("reason=third"));
  EXPECT_THAT(lines[2], testing::HasSubstr("count=3"));
}

TEST_F(RefusalLogTest, ForgetsTheSourceThatWasSilentLongest) {
  for (size_t i = 0; i < RefusalLog::kMaxSources; ++i) {
    log_->Add("source-" + std::to_string(i), "no");
    clock_.Advance(absl::Milliseconds(1));
  }
  log_->Add("source-0", "again");
  clock_.Advance(absl::Milliseconds(1));
  log_->Add("one more", "no");

  const auto refusals = log_->List();
  EXPECT_EQ(refusals.size(), RefusalLog::kMaxSources);
  EXPECT_EQ(refusals[0].source, "one more");
  EXPECT_EQ(refusals[1].source, "source-0");
  EXPECT_EQ(refusals.back().source, "source-2");
}

}  // namespace
}  // namespace srsproxy::control
