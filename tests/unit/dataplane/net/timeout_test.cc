#include "dataplane/net/timeout.h"

#include <optional>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace srsproxy::net {
namespace {

TEST(DeadlineTest, CallsWhenTheTimeHasPassed) {
  asio::io_context io;
  int calls = 0;
  Deadline deadline(io.get_executor(), absl::Milliseconds(1), [&calls] { ++calls; });
  EXPECT_TRUE(deadline.armed());
  io.run();
  EXPECT_EQ(calls, 1);
}

TEST(DeadlineTest, NeverCallsOnceDisarmedOrReplaced) {
  asio::io_context io;
  int former = 0;
  int later = 0;
  Deadline deadline(io.get_executor(), absl::Milliseconds(1), [&former] { ++former; });
  deadline.Arm(absl::Milliseconds(1), [&later] { ++later; });
  io.run();
  EXPECT_EQ(former, 0);
  EXPECT_EQ(later, 1);
  deadline.Arm(absl::Milliseconds(1), [&later] { ++later; });
  deadline.Disarm();
  EXPECT_FALSE(deadline.armed());
  io.restart();
  io.run();
  EXPECT_EQ(later, 1);
}

TEST(DeadlineTest, MayBeDestroyedInItsOwnCall) {
  asio::io_context io;
  std::optional<Deadline> deadline;
  deadline.emplace(io.get_executor(), absl::Milliseconds(1), [&deadline] { deadline.reset(); });
  io.run();
  EXPECT_FALSE(deadline.has_value());
}

}  // namespace
}  // namespace srsproxy::net
