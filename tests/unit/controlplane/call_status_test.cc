#include "controlplane/call_status.h"

#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

TEST(CallStatusTest, ErrorInfoTravelsAsInTheRicherErrorModel) {
  const auto wire =
      ToGrpc(CallError(absl::StatusCode::kNotFound, v1::ERROR_REASON_LEASE_EXPIRED,
                       "the lease has ended; register again", {{"origin_id", "a-b-c"}}));

  EXPECT_EQ(wire.error_code(), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(wire.error_message(), "the lease has ended; register again");
  v1::Status details;
  ASSERT_TRUE(details.ParseFromString(wire.error_details()));
  EXPECT_EQ(details.code(), 5);
  EXPECT_EQ(details.message(), wire.error_message());
  ASSERT_EQ(details.details_size(), 1);
  EXPECT_EQ(details.details(0).type_url(), "type.googleapis.com/google.rpc.ErrorInfo");
  v1::ErrorInfo info;
  ASSERT_TRUE(info.ParseFromString(details.details(0).value()));
  EXPECT_EQ(info.reason(), "LEASE_EXPIRED");
  EXPECT_EQ(info.domain(), "srsproxy");
  EXPECT_EQ(info.metadata().at("origin_id"), "a-b-c");
}

TEST(CallStatusTest, ComesBackFromTheWireUnchanged) {
  const auto sent = InvalidField("rtmp[1]", "70000 is no port");
  const auto received = FromGrpc(ToGrpc(sent));
  EXPECT_EQ(received.code(), sent.code());
  EXPECT_EQ(MessageOf(received), MessageOf(sent));
  EXPECT_EQ(ErrorInfoOf(received).SerializeAsString(), ErrorInfoOf(sent).SerializeAsString());
  EXPECT_EQ(ErrorInfoOf(received).reason(), "INVALID_FIELD");
  EXPECT_EQ(ErrorInfoOf(received).metadata().at("field"), "rtmp[1]");
}

TEST(CallStatusTest, OkHasNoDetails) {
  EXPECT_TRUE(ToGrpc(absl::OkStatus()).ok());
  EXPECT_TRUE(FromGrpc(grpc::Status::OK).ok());
  EXPECT_TRUE(WithReason(absl::OkStatus(), v1::ERROR_REASON_INTERNAL).ok());
}

TEST(CallStatusTest, TheFirstReasonStays) {
  const auto status =
      WithReason(InvalidField("ip", "must not be empty"), v1::ERROR_REASON_INTERNAL);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "INVALID_FIELD");
}

TEST(CallStatusTest, UnreadableDetailsFromElsewhereGetTheImpliedReason) {
  const grpc::Status wire(grpc::StatusCode::UNAVAILABLE, "gone", "\xff\xff no message");
  EXPECT_EQ(ErrorInfoOf(FromGrpc(wire)).reason(), "UNAVAILABLE");
}

struct CodeCase {
  absl::StatusCode code;
  const char* name;
  const char* implied_reason;
  unsigned http_status;
};

class CallStatusCodeTest : public testing::TestWithParam<CodeCase> {};

TEST_P(CallStatusCodeTest, HasANameAReasonAndAnHttpStatus) {
  const absl::Status status(GetParam().code, "what happened");
  EXPECT_EQ(CodeName(status), GetParam().name);
  EXPECT_EQ(ErrorInfoOf(status).reason(), GetParam().implied_reason);
  EXPECT_EQ(HttpStatusOf(status), GetParam().http_status);
  EXPECT_EQ(FromGrpc(ToGrpc(status)).code(), GetParam().code);
}

INSTANTIATE_TEST_SUITE_P(
    Codes, CallStatusCodeTest,
    testing::Values(
        CodeCase{absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT", "INVALID_FIELD", 400},
        CodeCase{absl::StatusCode::kNotFound, "NOT_FOUND", "INTERNAL", 404},
        CodeCase{absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", "INTERNAL", 403},
        CodeCase{absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", "INTERNAL", 401},
        CodeCase{absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED", "LIMIT_REACHED", 429},
        CodeCase{absl::StatusCode::kFailedPrecondition, "FAILED_PRECONDITION", "INTERNAL", 400},
        CodeCase{absl::StatusCode::kAborted, "ABORTED", "INTERNAL", 409},
        CodeCase{absl::StatusCode::kUnimplemented, "UNIMPLEMENTED", "INTERNAL", 501},
        CodeCase{absl::StatusCode::kUnavailable, "UNAVAILABLE", "UNAVAILABLE", 503},
        CodeCase{absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", "UNAVAILABLE", 504},
        CodeCase{absl::StatusCode::kInternal, "INTERNAL", "INTERNAL", 500}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace srsproxy::control
