// The sessions of running workers, ended.

#include "dataplane/proxy/sessions/graceful_shutdown.h"

#include <future>
#include <list>
#include <memory>
#include <optional>

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

// Leaves soon after it is kicked, unless it is `stubborn`.
struct LeavingSession : SessionTable::Session {
  LeavingSession(net::Worker& its_worker, SessionTable& table, bool its_stubborn)
      : worker(its_worker), stubborn(its_stubborn) {
    place.emplace(table, *this);
  }
  void Kick(absl::Status why) override {
    if (stubborn) return;
    kicked = std::move(why);
    net::asio::post(worker.io(), [this] { place.reset(); });
  }
  const SessionInfo& info() const override { return about; }

  net::Worker& worker;
  const bool stubborn;
  SessionInfo about;
  absl::Status kicked;
  std::optional<SessionTable::Place> place;
};

class GracefulShutdownTest : public testing::Test {
 protected:
  GracefulShutdownTest() {
    std::vector<GracefulShutdown::WorkerSessions> ends;
    for (const auto& worker : workers_) {
      auto& table = tables_.emplace_back(worker->io().get_executor());
      ends.push_back({*worker, table});
      worker->Start();
    }
    shutdown_.emplace(clock_, std::move(ends));
  }
  ~GracefulShutdownTest() override {
    for (const auto& worker : workers_) worker->Join();
  }

  // Runs `what` on a worker.
  template <typename Function>
  auto On(size_t worker, Function what) {
    std::packaged_task<decltype(what())()> task(std::move(what));
    auto done = task.get_future();
    net::asio::post(workers_[worker]->io(), std::move(task));
    return done.get();
  }
  void Add(size_t worker, bool stubborn = false) {
    On(worker, [&] {
      sessions_.push_back(
          std::make_unique<LeavingSession>(*workers_[worker], TableOf(worker), stubborn));
    });
  }
  SessionTable& TableOf(size_t worker) { return *std::next(tables_.begin(), worker); }
  bool IsKicked(size_t worker, const LeavingSession& session) {
    return On(worker, [&] { return !session.kicked.ok(); });
  }
  bool IsEmpty(size_t worker) {
    return On(worker, [&] { return TableOf(worker).size() == 0; });
  }

  std::list<SessionTable> tables_;
  std::list<std::unique_ptr<LeavingSession>> sessions_;  // Some are still there when a test ends.
  net::Workers workers_ = net::MakeWorkers(2);
  FakeClock clock_;
  std::optional<GracefulShutdown> shutdown_;
};

TEST_F(GracefulShutdownTest, ReturnsWhenTheSessionsOfAllWorkersHaveEnded) {
  Add(0);
  Add(0);
  Add(1);
  EXPECT_TRUE(shutdown_->EndAll(absl::Seconds(60)));
  EXPECT_TRUE(IsEmpty(0));
  EXPECT_TRUE(IsEmpty(1));
  for (const auto& session : sessions_) EXPECT_TRUE(absl::IsCancelled(session->kicked));
  EXPECT_FALSE(shutdown_->draining());
}

TEST_F(GracefulShutdownTest, GivesUpWhoStaysAndMayBeCalledAgain) {
  Add(0, /*stubborn=*/true);
  EXPECT_FALSE(shutdown_->EndAll(absl::Milliseconds(1)));
  On(0, [&] { sessions_.front()->place.reset(); });
  EXPECT_TRUE(shutdown_->EndAll(absl::Seconds(60)));
}

TEST_F(GracefulShutdownTest, ADrainBeginsOnce) {
  Add(1);
  EXPECT_TRUE(shutdown_->BeginDrain(absl::ZeroDuration()));
  EXPECT_TRUE(shutdown_->draining());
  EXPECT_FALSE(shutdown_->BeginDrain(absl::ZeroDuration()));
  // Behind what BeginDrain has posted.
  EXPECT_TRUE(IsKicked(1, *sessions_.front()));
}

TEST_F(GracefulShutdownTest, ADrainEndsTheOldestFirst) {
  for (int i = 0; i < 100; ++i) Add(0);
  // One each tenth of a second.
  EXPECT_TRUE(shutdown_->BeginDrain(absl::Seconds(10)));
  EXPECT_TRUE(IsKicked(0, *sessions_.front()));
  EXPECT_FALSE(IsKicked(0, *sessions_.back()));
  EXPECT_TRUE(shutdown_->EndAll(absl::Seconds(60)));
}

}  // namespace
}  // namespace srsproxy
