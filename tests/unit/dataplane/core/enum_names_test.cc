#include "dataplane/core/enum_names.h"

#include <cstdint>
#include <optional>
#include <string>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

enum class Fruit : uint8_t { kApple, kPear };
constexpr auto NamesOf(Fruit) {
  return EnumNames<Fruit>({{Fruit::kApple, "apple"}, {Fruit::kPear, "pear"}});
}

enum class Wire : uint8_t { kFirst = 2, kSecond = 7, kForgotten = 9 };
constexpr auto NamesOf(Wire) {
  return SparseEnumNames<Wire>({{Wire::kFirst, "first"}, {Wire::kSecond, "second"}});
}

TEST(EnumNamesTest, NamesAreReadBack) {
  std::string all;
  for (const auto& [fruit, name] : kEnumTable<Fruit>) {
    all += name;
    EXPECT_EQ(ToName(fruit), name);
    EXPECT_EQ(FromName<Fruit>(name), fruit);
  }
  EXPECT_EQ(all, "applepear");
  EXPECT_EQ(kEnumSize<Fruit>, 2u);
}

TEST(EnumNamesTest, WhatIsNoneOfThemIsUnknown) {
  EXPECT_EQ(FromName<Fruit>("Apple"), std::nullopt);
  EXPECT_EQ(FromName<Fruit>(""), std::nullopt);
  EXPECT_EQ(ToName(static_cast<Fruit>(2)), "unknown");
}

TEST(EnumNamesTest, ValuesMayHaveGaps) {
  EXPECT_EQ(ToName(Wire::kFirst), "first");
  EXPECT_EQ(ToName(Wire::kSecond), "second");
  EXPECT_EQ(ToName(static_cast<Wire>(1)), "unknown");
  EXPECT_EQ(FromName<Wire>("second"), Wire::kSecond);
}

TEST(EnumNamesTest, MissingNamesAreFound) {
  EXPECT_TRUE(HasEveryName<Fruit>());
  EXPECT_FALSE(HasEveryName<Wire>());
}

}  // namespace
}  // namespace srsproxy
