#include "dataplane/proxy/sessions/stream_session.h"

#include <thread>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using testing::HasSubstr;

// What the store was requested, for the test to answer.
struct Requested {
  std::vector<StreamHold::LiveCallback> live;
  StreamHold::LostCallback lost;
};

class AskingLease final : public StreamLease {
 public:
  explicit AskingLease(Requested& requested) : requested_(requested) {}
  void MarkLive(StreamHold::LiveCallback done) override {
    requested_.live.push_back(std::move(done));
  }
  void WhenLost(StreamHold::LostCallback lost) override { requested_.lost = std::move(lost); }
  void Refused() override {}

 private:
  Requested& requested_;
};

class StreamSessionTest : public testing::Test {
 protected:
  std::unique_ptr<StreamSession> Begin(Role role) {
    auto session = std::make_unique<StreamSession>(
        context_, Protocol::kRtmp, role, StreamKey{"v.com", "live", "cam"}, "10.0.0.9:1000",
        [this](const absl::Status& why) { lost_.push_back(why); });
    session->Picked(origin_);
    session->Hold(std::make_unique<AskingLease>(requested_));
    return session;
  }
  // As a shared store does: on another thread. Then the worker runs.
  void Answer(const absl::Status& status) {
    std::thread store([&] {
      for (auto& done : std::exchange(requested_.live, {})) done(status);
    });
    store.join();
    RunWorker();
  }
  void RunWorker() {
    worker_.io().restart();
    worker_.io().poll();
  }
  static absl::Status No() { return ProxyFailure(absl::StatusCode::kAborted, "it is elsewhere"); }

  FakeClock clock_;
  Logger logger_{{.sink = [](std::string_view) {}}};
  Metrics metrics_{"1"};
  net::Worker worker_{0};
  const SessionContext context_{worker_, clock_, logger_, metrics_, metrics_.AddWorker()};
  const Origin origin_;
  Requested requested_;
  std::vector<absl::Status> lost_;
};

TEST_F(StreamSessionTest, APublisherThatIsRefusedLaterIsEndedAndCounted) {
  const auto session = Begin(Role::kPublisher);
  session->OnFirstMedia(clock_.Now());
  EXPECT_TRUE(requested_.live.empty()) << "a publisher is accepted by its origin's word";
  session->PublisherAccepted();
  ASSERT_EQ(requested_.live.size(), 1u);
  EXPECT_TRUE(lost_.empty());
  Answer(No());
  ASSERT_EQ(lost_.size(), 1u);
  EXPECT_EQ(lost_[0], No());
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_sticky_violations_total 1\n"));
  requested_.lost(No());
  RunWorker();
  EXPECT_EQ(lost_.size(), 1u) << "once";
}

TEST_F(StreamSessionTest, AViewerIsEndedAndCountsAsNoViolation) {
  const auto session = Begin(Role::kViewer);
  session->PublisherAccepted();
  EXPECT_TRUE(requested_.live.empty());
  session->OnFirstMedia(clock_.Now());
  Answer(No());
  EXPECT_EQ(lost_.size(), 1u);
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("srsproxy_sticky_violations_total 0\n"));
}

TEST_F(StreamSessionTest, APublisherMayLoseItsStreamLater) {
  const auto session = Begin(Role::kPublisher);
  session->PublisherAccepted();
  Answer(absl::OkStatus());
  EXPECT_TRUE(lost_.empty());
  std::thread store([this] { requested_.lost(No()); });
  store.join();
  RunWorker();
  EXPECT_EQ(lost_.size(), 1u);
}

TEST_F(StreamSessionTest, AStoreThatStopsEndsNoSession) {
  const auto session = Begin(Role::kPublisher);
  session->PublisherAccepted();
  Answer(absl::CancelledError("stopped"));
  EXPECT_TRUE(lost_.empty());
}

TEST_F(StreamSessionTest, AnAnswerThatComesTooLateFindsNobody) {
  auto session = Begin(Role::kPublisher);
  session->PublisherAccepted();
  std::thread store([this] {
    for (auto& done : std::exchange(requested_.live, {})) done(No());
  });
  store.join();
  session->Finish(Side::kClient, absl::OkStatus());
  session.reset();
  RunWorker();  // What was posted meanwhile.
  EXPECT_TRUE(lost_.empty());
  session = Begin(Role::kPublisher);
  session->PublisherAccepted();
  session->Finish(Side::kClient, absl::OkStatus());
  session.reset();
  Answer(No());
  EXPECT_TRUE(lost_.empty());
}

}  // namespace
}  // namespace srsproxy
