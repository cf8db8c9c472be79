// Where this proxy's sessions and the shared record have gone apart: every way, as a table.
#include "dataplane/directory/redis/reconcile.h"

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

constexpr absl::Time kThen = absl::UnixEpoch();

LocalPlacement Local(uint32_t publishers, uint32_t live, uint32_t sessions) {
  return {.use = {.publishers = publishers,
                  .live_publishers = live,
                  .sessions = sessions,
                  .live_origin = live > 0 ? "a" : ""},
          .origin_id = "a",
          .rank = 7,
          .claimed_at = kThen + absl::Seconds(1)};
}

std::optional<StreamRecord> Record(const char* origin, uint64_t rank = 8,
                                   absl::Duration claimed = absl::Seconds(1)) {
  StreamRecord record;
  record.origin_id = origin;
  record.flows = true;
  record.rank = rank;
  record.claimed_at = kThen + claimed;
  return record;
}

TEST(ReconcileTest, EveryRace) {
  auto provisional = Record("a");
  provisional->flows = false;
  const struct {
    const char* what;
    LocalPlacement local;
    std::optional<StreamRecord> record;
    bool rival;
    Reconciliation expected;
  } kRows[] = {
      {"nobody is here, nothing there", Local(0, 0, 0), std::nullopt, false,
       Reconciliation::kNothing},
      {"nobody is here", Local(0, 0, 0), Record("b"), true, Reconciliation::kNothing},
      {"released", {}, Record("b"), true, Reconciliation::kNothing},
      {"flushed, viewers here", Local(0, 0, 3), std::nullopt, false, Reconciliation::kClaim},
      {"flushed, publisher on its way", Local(1, 0, 1), std::nullopt, false,
       Reconciliation::kClaim},
      {"flushed, live publisher", Local(1, 1, 2), std::nullopt, false, Reconciliation::kClaim},
      {"the same place", Local(1, 1, 2), Record("a"), true, Reconciliation::kNothing},
      {"viewers wrote it first", Local(1, 1, 2), provisional, false, Reconciliation::kClaim},
      {"it is provisional for all", Local(1, 0, 2), provisional, false, Reconciliation::kNothing},
      {"viewers of a stream elsewhere", Local(0, 0, 2), Record("b"), false,
       Reconciliation::kEndStrays},
      {"publisher on its way, elsewhere", Local(1, 0, 1), Record("b"), false,
       Reconciliation::kEndStrays},
      {"live here, nobody live there", Local(1, 1, 1), Record("b", 9), false,
       Reconciliation::kAssertPublisher},
      {"both live, theirs is later", Local(1, 1, 1), Record("b", 8), true,
       Reconciliation::kEndStrays},
      {"both live, ours is later", Local(1, 1, 1), Record("b", 6), true,
       Reconciliation::kAssertPublisher},
      {"as late, ours claimed first", Local(1, 1, 1), Record("b", 7, absl::Seconds(2)), true,
       Reconciliation::kAssertPublisher},
      {"as late, theirs claimed first", Local(1, 1, 1), Record("b", 7, absl::ZeroDuration()), true,
       Reconciliation::kEndStrays},
      {"as late, the names decide", Local(1, 1, 1), Record("b", 7), true,
       Reconciliation::kAssertPublisher},
  };
  for (const auto& row : kRows) {
    EXPECT_EQ(Reconcile(row.local, row.record, row.rival), row.expected) << row.what;
  }
}

TEST(ReconcileTest, OfTwoLivePublishersExactlyOneSideGives) {
  for (const uint64_t ranks : {6, 7, 8}) {
    for (const int claimed : {0, 1, 2}) {
      const LocalPlacement ours = Local(1, 1, 1);
      LocalPlacement theirs = ours;
      theirs.origin_id = theirs.use.live_origin = "b";
      theirs.rank = ranks;
      theirs.claimed_at = kThen + absl::Seconds(claimed);
      const auto as_record = [](const LocalPlacement& local) {
        StreamRecord record;
        record.origin_id = local.origin_id;
        record.rank = local.rank;
        record.claimed_at = local.claimed_at;
        return record;
      };
      EXPECT_NE(Reconcile(ours, as_record(theirs), true), Reconcile(theirs, as_record(ours), true))
          << ranks << " " << claimed;
    }
  }
}

}  // namespace
}  // namespace srsproxy::redis
