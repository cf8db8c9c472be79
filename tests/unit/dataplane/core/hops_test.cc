#include "dataplane/core/hops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/core/session.h"

namespace srsproxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr BootId kA{0x00000000000000aa};
constexpr BootId kB{0xbbbbbbbbbbbbbbbb};
constexpr BootId kC{0xc0};
constexpr BootId kD{0xd0};
constexpr BootId kE{0xe0};

HopList Through(std::initializer_list<BootId> way) {
  HopList hops;
  for (const BootId id : way) hops = hops.Through(id);
  return hops;
}

TEST(BootIdTest, DiffersEachTime) { EXPECT_NE(NewBootId(), NewBootId()); }

TEST(HopListTest, TheLatestProxyComesFirst) {
  EXPECT_EQ(Through({kA, kB}).ToText(), "bbbbbbbbbbbbbbbb, 00000000000000aa");
  EXPECT_EQ(HopList().ToText(), "");
}

TEST(HopListTest, AFullListLosesTheFirstProxy) {
  const HopList hops = Through({kA, kB, kC, kD, kE});
  EXPECT_EQ(hops.size(), HopList::kMaxHops);
  EXPECT_TRUE(hops.Holds(kE));
  EXPECT_TRUE(hops.Holds(kB));
  EXPECT_FALSE(hops.Holds(kA));
}

TEST(HopListTest, IsReadBackFromItsTextAndItsBytes) {
  for (const HopList& hops :
       {HopList(), Through({kA}), Through({kA, kB}), Through({kA, kB, kC, kD})}) {
    EXPECT_EQ(HopList::FromText(hops.ToText()), hops);
    std::vector<uint8_t> bytes;
    hops.AppendTo(bytes);
    EXPECT_LE(bytes.size(), HopList::kMaxBytes);
    EXPECT_EQ(HopList::FromBytes(bytes), hops);
  }
}

struct TextCase {
  const char* name;
  std::string text;
  HopList hops;
};

class HopTextTest : public ::testing::TestWithParam<TextCase> {};

TEST_P(HopTextTest, WhatIsNoIdIsSkipped) {
  EXPECT_EQ(HopList::FromText(GetParam().text), GetParam().hops);
}

INSTANTIATE_TEST_SUITE_P(
    Fields, HopTextTest,
    ::testing::Values(
        TextCase{"Empty", "", {}}, TextCase{"Commas", ",,, ,", {}},
        TextCase{"UpperCaseAndBlanks", "\t00000000000000AA ,BBBBBBBBBBBBBBBB", Through({kB, kA})},
        TextCase{"TooShort", "aa, 00000000000000aa", Through({kA})},
        TextCase{"TooLong", "000000000000000aa, 00000000000000aa", Through({kA})},
        TextCase{"Sign", "-0000000000000aa, 00000000000000aa", Through({kA})},
        TextCase{"NoHex", "0x000000000000aa, 00000000000000aa", Through({kA})},
        TextCase{"Zero", "0000000000000000", {}},
        TextCase{"OnlyTheFirstFour",
                 "00000000000000d0, 00000000000000c0, bbbbbbbbbbbbbbbb, 00000000000000aa, "
                 "00000000000000e0",
                 Through({kA, kB, kC, kD})},
        TextCase{"AnEndlessOne", std::string(60'000, ',') + "00000000000000aa", Through({kA})}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(HopBytesTest, WhatIsNotWrittenSoIsEmpty) {
  const std::vector<std::vector<uint8_t>> wrong = {{},
                                                   {1},
                                                   {5},
                                                   {0, 0},
                                                   {255},
                                                   std::vector<uint8_t>(8, 1),
                                                   std::vector<uint8_t>(41, 5),
                                                   {1, 0, 0, 0, 0, 0, 0, 0, 0}};
  for (const auto& bytes : wrong) EXPECT_TRUE(HopList::FromBytes(bytes).empty());
}

TEST(CheckHopsTest, LetsTiersThrough) {
  EXPECT_TRUE(CheckHops({}, kA).ok());
  EXPECT_TRUE(CheckHops(Through({kB}), kA).ok());
  EXPECT_TRUE(CheckHops(Through({kB, kC, kD}), kA).ok());
}

TEST(CheckHopsTest, RefusesOneThatWasHereBefore) {
  const auto status = CheckHops(Through({kA, kB}), kA);
  EXPECT_TRUE(IsLoop(status));
  EXPECT_EQ(SideOf(status), Side::kClient);
  EXPECT_EQ(EndReasonOf(status), EndReason::kLoop);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("loop"));
  EXPECT_THAT(std::string(MessageOf(status)), Not(HasSubstr("bbbb"))) << "the mark is not shown";
}

TEST(CheckHopsTest, RefusesFour) {
  const auto status = CheckHops(Through({kB, kC, kD, kE}), kA);
  EXPECT_TRUE(IsLoop(status));
  EXPECT_EQ(EndReasonOf(status), EndReason::kLoop);
}

TEST(LoopFailureTest, OtherFailuresAreNone) {
  EXPECT_FALSE(IsLoop(absl::OkStatus()));
  EXPECT_FALSE(IsLoop(OriginFailure(absl::StatusCode::kFailedPrecondition, "no")));
}

}  // namespace
}  // namespace srsproxy
