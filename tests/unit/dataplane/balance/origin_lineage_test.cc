#include "dataplane/balance/origin_lineage.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class OriginLineageTest : public testing::Test {
 protected:
  // "id" or "id, elsewhere"; "none".
  std::string SuccessorOf(const std::string& former) {
    const auto successors = lineage_.Successors();
    const auto at = successors->find(former);
    if (at == successors->end()) return "none";
    return at->second.id + (at->second.elsewhere ? ", elsewhere" : "");
  }

  OriginLineage lineage_{3};
};

TEST_F(OriginLineageTest, StreamsFindTheLatestSuccessor) {
  lineage_.Add("a1", "a2", false);
  lineage_.Add("a2", "a3", false);
  EXPECT_EQ(SuccessorOf("a1"), "a3");
  EXPECT_EQ(SuccessorOf("a2"), "a3");
  EXPECT_EQ(SuccessorOf("a3"), "none");
  EXPECT_THAT(lineage_.FormersOf("a3"), ElementsAre("a1", "a2"));
  EXPECT_THAT(lineage_.FormersOf("a2"), IsEmpty());
}

TEST_F(OriginLineageTest, OnceElsewhereIsElsewhereForAllBefore) {
  lineage_.Add("a1", "a2", false);
  lineage_.Add("a2", "a3", true);
  lineage_.Add("a3", "a4", false);
  EXPECT_EQ(SuccessorOf("a1"), "a4, elsewhere");
  EXPECT_EQ(SuccessorOf("a2"), "a4, elsewhere");
  EXPECT_EQ(SuccessorOf("a3"), "a4");
}

TEST_F(OriginLineageTest, TheOldestAreForgottenFirst) {
  for (const char* former : {"a", "b", "c", "d"}) lineage_.Add(former, "now", false);
  EXPECT_EQ(SuccessorOf("a"), "none");
  EXPECT_EQ(SuccessorOf("b"), "now");
  EXPECT_EQ(SuccessorOf("d"), "now");
}

TEST_F(OriginLineageTest, WhoIsThereAgainHasNoSuccessor) {
  lineage_.Add("a", "b", false);
  lineage_.Add("c", "b", false);
  EXPECT_EQ(SuccessorOf("a"), "b");
  lineage_.ForgetFormer("a");
  EXPECT_EQ(SuccessorOf("a"), "none");
  EXPECT_EQ(SuccessorOf("c"), "b");
}

TEST_F(OriginLineageTest, WhoIsGoneSucceedsNobody) {
  lineage_.Add("a", "b", false);
  lineage_.Add("c", "d", false);
  lineage_.ForgetSuccessor("b");
  EXPECT_EQ(SuccessorOf("a"), "none");
  EXPECT_EQ(SuccessorOf("c"), "d");
}

TEST_F(OriginLineageTest, WhatWasHandedOutStaysAsItWas) {
  lineage_.Add("a", "b", false);
  const auto before = lineage_.Successors();
  EXPECT_EQ(lineage_.Successors(), before) << "made once";
  lineage_.ForgetFormer("a");
  EXPECT_EQ(before->size(), 1u);
  EXPECT_THAT(*lineage_.Successors(), IsEmpty());
}

}  // namespace
}  // namespace srsproxy
