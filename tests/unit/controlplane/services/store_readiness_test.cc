#include "controlplane/services/store_readiness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class StoreReadinessTest : public testing::Test {
 protected:
  void Report(StoreState state, std::string_view unusable = {}) {
    ReportStoreState(state, unusable, readiness_);
  }

  Readiness readiness_;
};

TEST_F(StoreReadinessTest, AStoreThatWasNeverSyncedIsWaitedFor) {
  Report(StoreState::kNeverSynced);
  EXPECT_FALSE(readiness_.ready());
  EXPECT_THAT(readiness_.reasons(), ElementsAre(HasSubstr("waits until it has read")));
  EXPECT_THAT(readiness_.degraded(), IsEmpty());

  Report(StoreState::kSynced);
  EXPECT_TRUE(readiness_.ready());
  EXPECT_THAT(readiness_.degraded(), IsEmpty());
}

TEST_F(StoreReadinessTest, WithoutTheStoreItIsReadyAndDegraded) {
  Report(StoreState::kSynced);
  Report(StoreState::kGone);
  EXPECT_TRUE(readiness_.ready());
  EXPECT_THAT(readiness_.degraded(), ElementsAre(HasSubstr("does not answer")));

  Report(StoreState::kUnverified);
  EXPECT_TRUE(readiness_.ready());
  EXPECT_THAT(readiness_.degraded(), ElementsAre(HasSubstr("being checked")));

  Report(StoreState::kSynced);
  EXPECT_THAT(readiness_.degraded(), IsEmpty());
}

TEST_F(StoreReadinessTest, AStoreThatGoesBeforeItWasReadNoMoreBlocks) {
  Report(StoreState::kNeverSynced);
  Report(StoreState::kGone);
  EXPECT_TRUE(readiness_.ready());
  Report(StoreState::kNeverSynced);
  EXPECT_FALSE(readiness_.ready());
  EXPECT_THAT(readiness_.degraded(), IsEmpty());
}

TEST_F(StoreReadinessTest, AStoreThatCannotBeUsedBlocksWithItsReason) {
  for (const StoreState state : {StoreState::kNeverSynced, StoreState::kGone}) {
    Report(StoreState::kSynced);
    Report(state, "Redis 7 belongs to a Redis Cluster");
    EXPECT_FALSE(readiness_.ready());
    EXPECT_THAT(readiness_.reasons(), ElementsAre(HasSubstr("belongs to a Redis Cluster")));
    EXPECT_THAT(readiness_.degraded(), IsEmpty());
  }
  Report(StoreState::kGone);
  EXPECT_TRUE(readiness_.ready());
  EXPECT_THAT(readiness_.degraded(), ElementsAre(HasSubstr("does not answer")));
}

TEST_F(StoreReadinessTest, WhatElseBlocksGoesOn) {
  readiness_.Block("stopping", "this proxy stops");
  Report(StoreState::kGone);
  Report(StoreState::kSynced);
  EXPECT_THAT(readiness_.reasons(), ElementsAre("this proxy stops"));
}

}  // namespace
}  // namespace srsproxy::control
