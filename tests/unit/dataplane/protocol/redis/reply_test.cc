#include "dataplane/protocol/redis/reply.h"

#include <string>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

template <typename... Items>
Reply List(Items... items) {
  Reply::Array array;
  (array.push_back(std::move(items)), ...);
  return Reply::ArrayOf(std::move(array));
}

template <typename T>
absl::StatusCode CodeOf(const absl::StatusOr<T>& result) {
  return result.status().code();
}

TEST(ReplyTest, AnIntegerIsOneAlsoAsAString) {
  EXPECT_EQ(*Reply::Integer(-7).AsInteger(), -7);
  EXPECT_EQ(*Reply::String("9223372036854775807").AsInteger(), INT64_MAX);
  for (const char* text : {"", "7x", " 7", "9223372036854775808", "1.5", "+7"}) {
    EXPECT_EQ(CodeOf(Reply::String(text).AsInteger()), absl::StatusCode::kDataLoss) << text;
  }
  EXPECT_EQ(CodeOf(Reply::Status("7").AsInteger()), absl::StatusCode::kDataLoss);
  EXPECT_EQ(CodeOf(Reply().AsInteger()), absl::StatusCode::kDataLoss);
}

TEST(ReplyTest, ATextIsAStringOrAStatus) {
  EXPECT_EQ(*Reply::String("a").AsText(), "a");
  EXPECT_EQ(*Reply::Status("OK").AsText(), "OK");
  EXPECT_EQ(CodeOf(Reply::Integer(1).AsText()), absl::StatusCode::kDataLoss);
  EXPECT_EQ(CodeOf(Reply().AsText()), absl::StatusCode::kDataLoss);
}

TEST(ReplyTest, AnOptionalTextMayBeNil) {
  EXPECT_EQ(**Reply::String("a").AsOptionalText(), "a");
  EXPECT_EQ(*Reply().AsOptionalText(), std::nullopt);
  EXPECT_EQ(CodeOf(Reply::Integer(1).AsOptionalText()), absl::StatusCode::kDataLoss);
}

TEST(ReplyTest, AnArrayMayBeNilAndHasASize) {
  EXPECT_EQ(List(Reply::Integer(1), Reply()).AsArray()->size(), 2u);
  EXPECT_TRUE(Reply().AsArray()->empty());
  EXPECT_EQ(CodeOf(Reply::String("a").AsArray()), absl::StatusCode::kDataLoss);
  EXPECT_EQ(List(Reply(), Reply(), Reply()).AsArrayOf(2)->size(), 3u);
  EXPECT_EQ(CodeOf(List(Reply()).AsArrayOf(2)), absl::StatusCode::kDataLoss);
  EXPECT_EQ(CodeOf(Reply().AsArrayOf(1)), absl::StatusCode::kDataLoss);
}

TEST(ReplyTest, TextsAndFieldsAreCheckedOneByOne) {
  EXPECT_THAT(*List(Reply::String("a"), Reply::String("b")).AsTexts(), ElementsAre("a", "b"));
  EXPECT_EQ(CodeOf(List(Reply::String("a"), Reply()).AsTexts()), absl::StatusCode::kDataLoss);
  EXPECT_THAT(*List(Reply::String("a"), Reply::String("1")).AsFields(),
              ElementsAre(Pair("a", "1")));
  EXPECT_EQ(CodeOf(List(Reply::String("a")).AsFields()), absl::StatusCode::kDataLoss);
}

TEST(ReplyTest, AnErrorIsTheStatusOfWhateverIsExpected) {
  const auto error = [] { return Reply::Error("OOM command not allowed"); };
  const auto code = absl::StatusCode::kResourceExhausted;
  EXPECT_EQ(error().ToStatus().code(), code);
  EXPECT_EQ(CodeOf(error().AsInteger()), code);
  EXPECT_EQ(CodeOf(error().AsText()), code);
  EXPECT_EQ(CodeOf(error().AsOptionalText()), code);
  EXPECT_EQ(CodeOf(error().AsArray()), code);
  EXPECT_EQ(CodeOf(error().AsArrayOf(0)), code);
  EXPECT_EQ(CodeOf(error().AsFields()), code);
  EXPECT_EQ(CodeOf(List(error()).AsTexts()), code);
  EXPECT_TRUE(Reply().ToStatus().ok());
}

TEST(ReplyTest, WhatWasNotExpectedIsShown) {
  const auto status = List(Reply::Integer(1), Reply::String("a\n"), Reply()).AsInteger().status();
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr("[1, 'a\\n', nil]"));
}

TEST(ReplyTest, OfALongReplyOnlySomeIsShown) {
  Reply::Array many;
  for (int i = 0; i < 10'000; ++i) many.push_back(Reply::String(std::string(1000, 'x')));
  EXPECT_LT(Reply::ArrayOf(std::move(many)).ToString().size(), 400u);
}

}  // namespace
}  // namespace srsproxy::redis
