#include "dataplane/proxy/pick_origin.h"

#include <optional>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include "dataplane/directory/memory_origin_store.h"
#include "dataplane/net/timeout.h"
#include "tests/support/fake_clock.h"
#include "tests/unit/net/run_task.h"

namespace srsproxy {
namespace {

// Knows no origin, and answers when the test says so.
class EmptyBalancer final : public Balancer {
 public:
  void Pick(PickRequest, PickCallback done) override {
    ++asked;
    if (when_asked) when_asked();
    done(ProxyFailure(absl::StatusCode::kUnavailable, "no origin is registered"));
  }
  PickExplanation Explain(const PickRequest&) const override { return {}; }
  void ReportConnect(std::string_view, ConnectOutcome) override {}

  int asked = 0;
  std::function<void()> when_asked;
};

class PickOriginTest : public testing::Test {
 protected:
  absl::StatusOr<Placement> Pick() {
    PickRequest request{{"v", "live", "cam"}, Protocol::kRtmp, Role::kViewer, {}};
    // Long before anybody waits in vain.
    net::Deadline stuck(io_.get_executor(), absl::Seconds(5), [this] {
      late_ = true;
      if (cancel_) cancel_();
    });
    return net::testing::RunTask(io_, PickOrigin(io_.get_executor(), balancer_, origins_, clock_,
                                                 clock_.Now(), std::move(request), cancel_));
  }
  // Once the wait has begun: the answer takes two turns of the loop.
  void Soon(std::function<void()> run, int turns = 4) {
    if (turns == 0) return run();
    net::asio::post(io_, [this, run, turns] { Soon(run, turns - 1); });
  }
  void Register() {
    OriginRegistration registration;
    registration.ip = "10.0.0.1";
    registration.server = "a";
    registration.service = "s";
    registration.pid = "1";
    registration.rtmp = {{Transport::kTcp, "", 1935}};
    ASSERT_TRUE(origins_.Register(std::move(registration), "10.0.0.1").ok());
  }

  net::asio::io_context io_;
  FakeClock clock_;
  MemoryOriginStore store_;
  OriginRegistry origins_{clock_, store_};
  EmptyBalancer balancer_;
  std::function<void()> cancel_;
  bool late_ = false;
};

TEST_F(PickOriginTest, AsksAgainWhenTheFirstOriginComes) {
  balancer_.when_asked = [this] {
    if (balancer_.asked == 1) Soon([this] { Register(); });
  };
  EXPECT_FALSE(Pick().ok());
  EXPECT_EQ(balancer_.asked, 2);
  EXPECT_FALSE(late_);
  EXPECT_FALSE(cancel_);
}

TEST_F(PickOriginTest, TheWaitIsCancelled) {
  balancer_.when_asked = [this] { Soon([this] { cancel_(); }); };
  EXPECT_TRUE(absl::IsUnavailable(Pick().status()));
  EXPECT_EQ(balancer_.asked, 1);
  EXPECT_FALSE(late_);
  EXPECT_FALSE(cancel_);
}

// The client has left before it was known that there is nobody to ask.
TEST_F(PickOriginTest, WhoIsCancelledWhileAskingDoesNotWait) {
  balancer_.when_asked = [this] { cancel_(); };
  EXPECT_TRUE(absl::IsUnavailable(Pick().status()));
  EXPECT_EQ(balancer_.asked, 1);
  EXPECT_FALSE(late_);
  EXPECT_FALSE(cancel_);
}

}  // namespace
}  // namespace srsproxy
