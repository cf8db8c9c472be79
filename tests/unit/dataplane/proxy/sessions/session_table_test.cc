#include "dataplane/proxy/sessions/session_table.h"

#include <optional>

#include <boost/asio/co_spawn.hpp>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

TEST(SessionLimitTest, HoldsAsManyAsItsLimit) {
  SessionLimit limit(2);
  EXPECT_TRUE(limit.Take());
  EXPECT_TRUE(limit.Take());
  EXPECT_FALSE(limit.Take());
  EXPECT_EQ(limit.used(), 2);
  limit.Give();
  EXPECT_TRUE(limit.Take());
}

TEST(SessionLimitTest, MayChange) {
  SessionLimit limit(2);
  EXPECT_TRUE(limit.Take());
  EXPECT_TRUE(limit.Take());
  limit.SetLimit(1);
  EXPECT_EQ(limit.used(), 2) << "those that are there stay";
  limit.Give();
  EXPECT_FALSE(limit.Take());
  limit.SetLimit(2);
  EXPECT_TRUE(limit.Take());
}

struct TestSession : SessionTable::Session {
  explicit TestSession(SessionTable& table) : place(std::in_place, table, *this) {}
  void Kick(absl::Status why) override { kicked = std::move(why); }
  const SessionInfo& info() const override { return told; }
  SessionInfo told;
  std::optional<absl::Status> kicked;
  std::optional<SessionTable::Place> place;
};

TEST(SessionTableTest, KicksAllAndReportsWhenTheLastHasLeft) {
  net::asio::io_context io;
  SessionTable table(io.get_executor());
  TestSession one(table);
  TestSession two(table);
  bool empty = false;
  net::asio::co_spawn(io, table.Empty(), [&empty](const std::exception_ptr&) { empty = true; });
  io.poll();
  table.KickAll(absl::CancelledError("stops"));
  EXPECT_TRUE(absl::IsCancelled(*one.kicked));
  EXPECT_TRUE(absl::IsCancelled(*two.kicked));
  one.place.reset();
  io.poll();
  EXPECT_FALSE(empty);
  two.place.reset();
  io.restart();
  io.run();
  EXPECT_TRUE(empty);
}

}  // namespace
}  // namespace srsproxy
