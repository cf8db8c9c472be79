#include "controlplane/services/enum_convert.h"

#include <iterator>

#include <google/protobuf/generated_enum_reflection.h>
#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

template <typename Ours>
class EnumConvertTest : public testing::Test {};

using Enums = testing::Types<Protocol, Role, OriginHealth, AdminState, PickReason,
                             LoggedEvent::Kind, RebalanceProgress::State>;
TYPED_TEST_SUITE(EnumConvertTest, Enums);

TYPED_TEST(EnumConvertTest, EveryValueOfTheApiButUnspecifiedIsOneOfCore) {
  using Theirs = decltype(EnumToProto(TypeParam{}));
  const auto& type = *google::protobuf::GetEnumDescriptor<Theirs>();
  EXPECT_EQ(static_cast<size_t>(type.value_count()), std::size(EnumTable<TypeParam>::kRows) + 1);
  for (int i = 1; i < type.value_count(); ++i) {
    const auto ours = EnumFromProto<TypeParam>(type.value(i)->number());
    ASSERT_TRUE(ours.has_value()) << type.value(i)->name();
    EXPECT_EQ(EnumToProto(*ours), type.value(i)->number()) << type.value(i)->name();
  }
}

TYPED_TEST(EnumConvertTest, OthersAreUnspecified) {
  EXPECT_EQ(EnumFromProto<TypeParam>(0), std::nullopt);
  EXPECT_EQ(EnumFromProto<TypeParam>(99), std::nullopt);
  EXPECT_EQ(EnumToProto(static_cast<TypeParam>(99)), 0);
}

}  // namespace
}  // namespace srsproxy::control
