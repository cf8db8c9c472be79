#include "controlplane/services/convert.h"

#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

TEST(ConvertTest, AnUnknownProtocolOrRoleIsRefused) {
  EXPECT_EQ(FromProto(static_cast<v1::Protocol>(99)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FromProto(static_cast<v1::Role>(-1)).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(*FromProto(v1::PROTOCOL_UNSPECIFIED), Protocol::kRtmp);
  EXPECT_EQ(*FromProto(v1::PROTOCOL_SRT), Protocol::kSrt);
  EXPECT_EQ(*FromProto(v1::ROLE_UNSPECIFIED), Role::kViewer);
  EXPECT_EQ(*FromProto(v1::ROLE_PUBLISHER), Role::kPublisher);
}

TEST(ConvertTest, ADeadlineIsAtMostAYear) {
  google::protobuf::Duration deadline;
  deadline.set_seconds(365 * 24 * 3600);
  EXPECT_EQ(*DeadlineFromProto(deadline), absl::Hours(8760));
  deadline.set_nanos(1);
  EXPECT_EQ(ErrorInfoOf(DeadlineFromProto(deadline).status()).metadata().at("field"), "deadline");
  deadline.set_seconds(-1);
  EXPECT_EQ(ErrorInfoOf(DeadlineFromProto(deadline).status()).metadata().at("field"), "deadline");
}

}  // namespace
}  // namespace srsproxy::control
