// Everything that a session awaits, cancelled before, while and after it is awaited.
#include "dataplane/net/cancel_scope.h"

#include <array>
#include <functional>
#include <future>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/net/await_all.h"
#include "dataplane/net/awaited_stream.h"
#include "dataplane/net/blocking_pool.h"
#include "dataplane/net/dial.h"
#include "dataplane/net/event.h"
#include "dataplane/net/worker.h"
#include "tests/unit/dataplane/net/run_task.h"

namespace srsproxy::net {
namespace {

constexpr absl::Duration kNever = absl::Seconds(60);

// What a wait comes to.
using Wait = std::function<Task<absl::Status>()>;

class CancelScopeTest : public ::testing::Test {
 protected:
  CancelScopeTest() {
    near_.connect(acceptor_.local_endpoint());
    far_.emplace(acceptor_.accept(), Side::kClient);
    full_.listen(0);
    for (int i = 0; i < 4; ++i) {
      ahead_.emplace_back(io());
      ahead_.back().async_connect(full_.local_endpoint(), [](const auto&) {});
    }
  }

  asio::io_context& io() { return worker_.io(); }
  asio::any_io_executor executor() { return io().get_executor(); }
  static tcp::endpoint Loopback() { return {asio::ip::address_v4::loopback(), 0}; }

  void Cancel() { Cancel(scope_); }
  static void Cancel(CancelScope& scope) {
    scope.Cancel(Side::kProxy, absl::AbortedError("an operator ended it"));
  }

  Task<absl::Status> CancelThen(Wait wait) {
    Cancel();
    co_return co_await wait();
  }
  // Cancelled as soon as it waits.
  Task<absl::Status> CancelWhile(CancelScope& scope, Wait wait) {
    asio::post(io(), [&scope] { Cancel(scope); });
    co_return co_await wait();
  }
  Task<absl::Status> CancelWhile(CancelScope& scope, Wait wait, Wait next) {
    const auto status = co_await CancelWhile(scope, std::move(wait));
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
    co_return co_await next();
  }
  absl::Status Run(Task<absl::Status> task) {
    return testing::RunTask(io(), scope_, std::move(task));
  }

  Task<absl::Status> AwaitEvent() { co_return co_await never_.Wait(); }
  Task<absl::Status> AwaitRead() {
    AwaitedStream stream(worker_.poller(Poller::Delivery::kImmediate), executor(), *far_);
    std::array<uint8_t, 16> buffer;
    const auto got = co_await stream.Read(buffer, kNever);
    co_return got.status();
  }
  Task<absl::Status> AwaitWrite() {
    AwaitedStream stream(worker_.poller(Poller::Delivery::kImmediate), executor(), *far_);
    const std::string much(size_t{32} << 20, 'x');
    co_return co_await stream.Write(much, kNever);
  }
  Task<absl::Status> AwaitDial() {
    const uint16_t port = full_.local_endpoint().port();
    const auto dialled = co_await Dial(executor(), rules_, "127.0.0.1", port, kNever);
    co_return dialled.socket.status();
  }
  Task<absl::Status> AwaitLookup() {
    const auto dialled = co_await Dial(executor(), rules_, "nobody.invalid", 1935, kNever);
    // The resolver may be quicker.
    co_return absl::IsUnavailable(dialled.socket.status()) ? CancelledStatus()
                                                           : dialled.socket.status();
  }
  Task<absl::Status> AwaitCall() {
    auto start = [this](auto done) { calls_.push_back(std::move(done)); };
    const auto answer = co_await AwaitCallback<std::string>(executor(), std::move(start));
    co_return answer.status();
  }
  Task<absl::Status> AwaitPair() {
    std::vector<Task<void>> tasks;
    tasks.push_back(Note(AwaitEvent()));
    tasks.push_back(Note(AwaitCall()));
    co_await AwaitAll(executor(), std::move(tasks));
    EXPECT_EQ(noted_.size(), 2U) << "both are awaited";
    for (const auto& status : noted_) EXPECT_TRUE(absl::IsCancelled(status)) << status;
    noted_.clear();
    co_return CancelledStatus();
  }
  Task<void> Note(Task<absl::Status> wait) {
    auto status = co_await std::move(wait);
    noted_.push_back(std::move(status));
  }

  std::vector<Wait> AllWaits() {
    return {[this] { return AwaitEvent(); },  [this] { return AwaitRead(); },
            [this] { return AwaitWrite(); },  [this] { return AwaitDial(); },
            [this] { return AwaitLookup(); }, [this] { return AwaitCall(); },
            [this] { return AwaitPair(); }};
  }

  CancelScope scope_;  // Outlives the coroutines, which may go with their worker.
  std::vector<std::function<void(std::string)>> calls_;
  std::vector<absl::Status> noted_;
  Worker worker_{0};
  tcp::acceptor acceptor_{io(), Loopback()};
  tcp::acceptor full_{io(), Loopback()};  // The kernel drops further connects.
  std::vector<tcp::socket> ahead_;
  tcp::socket near_{io()};
  std::optional<TcpStream> far_;
  LiveConfig config_{Config()};
  DialRules rules_{config_};
  Event never_{executor()};
};

TEST_F(CancelScopeTest, EndsWhateverIsAwaited) {
  for (const Wait& wait : AllWaits()) {
    CancelScope scope;
    const auto status = testing::RunTask(io(), scope, CancelWhile(scope, wait));
    EXPECT_TRUE(absl::IsCancelled(status)) << status;
  }
}

TEST_F(CancelScopeTest, EndsWhatIsBegunLater) {
  for (const Wait& wait : AllWaits()) {
    for (const Wait& next : AllWaits()) {
      CancelScope scope;
      const auto status = testing::RunTask(io(), scope, CancelWhile(scope, wait, next));
      EXPECT_TRUE(absl::IsCancelled(status)) << status;
    }
  }
}

TEST_F(CancelScopeTest, TheCoroutineMayCancelItself) {
  EXPECT_TRUE(absl::IsCancelled(Run(CancelThen([this] { return AwaitEvent(); }))));
}

TEST_F(CancelScopeTest, WhatHasEndedBeforeIsNotTouched) {
  never_.Notify();
  EXPECT_TRUE(Run(AwaitEvent()).ok());
  Cancel();
  CancelScope another;
  never_.Notify();
  EXPECT_TRUE(testing::RunTask(io(), another, AwaitEvent()).ok()) << "it is of one coroutine";
}

TEST_F(CancelScopeTest, TheFirstCauseCounts) {
  EXPECT_FALSE(scope_.cancelled());
  scope_.Cancel(Side::kClient, absl::OkStatus());
  Cancel();
  EXPECT_TRUE(scope_.cancelled());
  EXPECT_EQ(scope_.cause().side, Side::kClient);
  EXPECT_TRUE(scope_.cause().why.ok());
}

TEST_F(CancelScopeTest, FarewellsAreNotCancelled) {
  const auto farewell = [this]() -> Task<absl::Status> {
    Cancel();
    const auto cancelled = co_await never_.Wait();
    EXPECT_TRUE(absl::IsCancelled(cancelled));
    co_await DisableCancellation();
    never_.Notify();
    co_return co_await never_.Wait();
  };
  EXPECT_TRUE(Run(farewell()).ok());
}

TEST_F(CancelScopeTest, ACallbackThatComesTooLateFindsNobody) {
  EXPECT_TRUE(absl::IsCancelled(Run(CancelWhile(scope_, [this] { return AwaitCall(); }))));
  ASSERT_EQ(calls_.size(), 1U);
  std::thread other([this] { calls_.front()("too late"); });
  other.join();
  calls_.clear();
  io().restart();
  io().poll();
}

TEST_F(CancelScopeTest, ACallbackAndACancellationAtOnceResumeOnce) {
  for (const bool cancelled_first : {true, false}) {
    CancelScope scope;
    const auto both = [&]() -> Task<absl::Status> {
      asio::post(io(), [this, &scope, cancelled_first] {
        if (cancelled_first) Cancel(scope);
        calls_.back()("now");
        if (!cancelled_first) Cancel(scope);
      });
      co_return co_await AwaitCall();
    };
    EXPECT_TRUE(absl::IsCancelled(testing::RunTask(io(), scope, both())));
    calls_.clear();
  }
}

TEST_F(CancelScopeTest, CancelledBeforeNothingIsStarted) {
  EXPECT_TRUE(absl::IsCancelled(Run(CancelThen([this] { return AwaitCall(); }))));
  EXPECT_TRUE(calls_.empty());
}

TEST_F(CancelScopeTest, ACallThatRunsIsNotWaitedFor) {
  BlockingPool pool(1, 1);
  std::promise<void> released;
  auto call = [&released]() -> absl::StatusOr<int> {
    released.get_future().wait();
    return 1;
  };
  const auto run = [&]() -> Task<absl::Status> {
    const auto result = co_await pool.Run(executor(), std::move(call));
    co_return result.status();
  };
  EXPECT_TRUE(absl::IsCancelled(Run(CancelWhile(scope_, run))));
  released.set_value();
  pool.Stop();
}

TEST_F(CancelScopeTest, ASessionHasAScopeOfItsOwn) {
  bool ended = false;
  CancelScope* running = nullptr;
  auto session = [&](CancelScope& scope) {
    running = &scope;
    return Note(AwaitEvent());
  };
  auto done = [&](const std::exception_ptr& fault) {
    EXPECT_EQ(fault, nullptr);
    ended = true;
  };
  SpawnInScope(executor(), std::move(session), std::move(done));
  io().restart();
  io().poll();
  ASSERT_NE(running, nullptr);
  EXPECT_FALSE(ended);
  running->Cancel(Side::kClient, absl::OkStatus());
  io().restart();
  while (!ended) io().run_one();
  EXPECT_TRUE(absl::IsCancelled(noted_.at(0)));
}

TEST_F(CancelScopeTest, WhatASessionThrowsIsReportedToItsEnd) {
  std::exception_ptr thrown;
  auto session = [](CancelScope&) -> Task<void> {
    throw std::runtime_error("a bug");
    co_return;
  };
  SpawnInScope(executor(), std::move(session),
               [&](const std::exception_ptr& fault) { thrown = fault; });
  io().restart();
  io().poll();
  EXPECT_NE(thrown, nullptr);
}

// Under a sanitizer, nothing is left either.
TEST_F(CancelScopeTest, WhatWaitsGoesWithItsWorker) {
  for (const Wait& wait : AllWaits()) {
    auto session = [this, wait](CancelScope&) { return Note(wait()); };
    SpawnInScope(executor(), std::move(session), [](const std::exception_ptr&) {});
  }
  io().restart();
  io().poll();
  calls_.clear();
}

}  // namespace
}  // namespace srsproxy::net
