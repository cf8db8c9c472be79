#include "tools/srsproxyctl/output/exit_code.h"

#include <gtest/gtest.h>

namespace srsproxy::ctl {
namespace {

struct Row {
  const char* name;
  absl::StatusCode code;
  int exit_code;
};

class ExitCodeTest : public testing::TestWithParam<Row> {};

TEST_P(ExitCodeTest, IsThePublishedNumber) {
  EXPECT_EQ(static_cast<int>(ExitCodeFor(absl::Status(GetParam().code, "why"))),
            GetParam().exit_code);
}

INSTANTIATE_TEST_SUITE_P(
    Codes, ExitCodeTest,
    testing::Values(Row{"Ok", absl::StatusCode::kOk, 0},
                    Row{"Internal", absl::StatusCode::kInternal, 1},
                    Row{"Unknown", absl::StatusCode::kUnknown, 1},
                    Row{"Unimplemented", absl::StatusCode::kUnimplemented, 1},
                    Row{"Cancelled", absl::StatusCode::kCancelled, 1},
                    Row{"ResourceExhausted", absl::StatusCode::kResourceExhausted, 1},
                    Row{"InvalidArgument", absl::StatusCode::kInvalidArgument, 2},
                    Row{"OutOfRange", absl::StatusCode::kOutOfRange, 2},
                    Row{"NotFound", absl::StatusCode::kNotFound, 3},
                    Row{"Unavailable", absl::StatusCode::kUnavailable, 4},
                    Row{"DeadlineExceeded", absl::StatusCode::kDeadlineExceeded, 4},
                    Row{"Unauthenticated", absl::StatusCode::kUnauthenticated, 5},
                    Row{"PermissionDenied", absl::StatusCode::kPermissionDenied, 5},
                    Row{"AlreadyExists", absl::StatusCode::kAlreadyExists, 6},
                    Row{"FailedPrecondition", absl::StatusCode::kFailedPrecondition, 6},
                    Row{"Aborted", absl::StatusCode::kAborted, 6}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy::ctl
