#include "dataplane/balance/origin_event_reporter.h"

#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using Kind = OriginEvent::Kind;

class OriginEventReporterTest : public testing::Test {
 protected:
  void Report(Kind kind, bool repeated = false) {
    Origin origin;
    origin.id = "srs-svc-1";
    origin.registration.server = "srs";
    OriginEvent event{.kind = kind,
                      .origin = std::make_shared<const Origin>(std::move(origin)),
                      .reason = "a reason",
                      .repeated = repeated};
    OriginEventReporter(events_, *logger_, metrics_).Report(event);
  }
  // What was logged, once all of it is written.
  std::vector<std::string> Lines() {
    logger_.reset();
    return lines_;
  }

  FakeClock clock_;
  EventLog events_{clock_};
  Metrics metrics_{"1"};
  std::vector<std::string> lines_;  // Written on the log's thread, which ends with the logger.
  std::unique_ptr<Logger> logger_ = std::make_unique<Logger>(
      LogOptions{.sink = [this](std::string_view line) { lines_.emplace_back(line); }});
};

TEST_F(OriginEventReporterTest, LogsWhatBecameOfWhichOriginAndWhy) {
  Report(Kind::kJoined);
  Report(Kind::kChanged);
  Report(Kind::kLeft);
  EXPECT_EQ(events_.last_sequence(), 3U);
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("origin joined"), HasSubstr("origin changed"),
                                   testing::AllOf(HasSubstr("origin left"), HasSubstr("srs-svc-1"),
                                                  HasSubstr("a reason"))));
}

TEST_F(OriginEventReporterTest, CountsARepeatedConflictAndLogsNoMore) {
  Report(Kind::kConflict);
  Report(Kind::kConflict, /*repeated=*/true);
  EXPECT_EQ(events_.last_sequence(), 1U);
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_origin_conflicts_total{origin=\"srs\"} 2"));
  EXPECT_THAT(Lines(), ElementsAre(HasSubstr("origin in conflict")));
}

}  // namespace
}  // namespace srsproxy
