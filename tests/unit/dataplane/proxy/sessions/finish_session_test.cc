#include "dataplane/proxy/sessions/finish_session.h"

#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::HasSubstr;

TEST(FinishSessionTest, ReportsTheSideAndTheReason) {
  std::string logged;
  std::optional<Logger> logger;
  logger.emplace(LogOptions{.sink = [&logged](std::string_view text) { logged += text; }});
  Metrics metrics("1");
  WorkerMetrics& counters = metrics.AddWorker();
  counters.SessionStarted(Protocol::kRtmp, Role::kViewer);
  SessionInfo info;
  info.id = "abc";
  info.key = {"v.com", "live", "cam"};
  FinishSession(info, "o", std::chrono::seconds(2), Side::kOrigin,
                OriginFailure(absl::StatusCode::kPermissionDenied, "not that one"),
                {*logger, metrics, counters});
  logger.reset();  // Writes what is waiting.
  for (const char* part : {"abc", "v.com/live/cam", "origin", "refused", "not that one"}) {
    EXPECT_THAT(logged, HasSubstr(part));
  }
  EXPECT_THAT(metrics.Serialize(),
              HasSubstr("srsproxy_sessions{protocol=\"rtmp\",role=\"viewer\"} 0"));
}

}  // namespace
}  // namespace srsproxy
