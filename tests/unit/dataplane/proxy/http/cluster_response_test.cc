#include "dataplane/proxy/http/cluster_response.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

TEST(ClusterResponseTest, IsJsonOrACallOfThePage) {
  srs_api::Request request;
  EXPECT_EQ(ClusterResponse(request, 200, std::string("{}")).body, "{}");
  request.callback = "show";
  const auto called = ClusterResponse(request, 200, std::string("{}"));
  EXPECT_THAT(called.body, StartsWith("show("));
  EXPECT_EQ(called.content_type, "text/javascript");
}

TEST(ClusterResponseTest, RefusesByTheKindOfFailure) {
  struct Row {
    absl::Status why;
    unsigned status;
    const char* field;
  };
  const Row rows[] = {{absl::UnauthenticatedError("who"), 401, "WWW-Authenticate"},
                      {absl::PermissionDeniedError("no"), 403, nullptr},
                      {absl::NotFoundError("what"), 404, nullptr},
                      {absl::UnimplementedError("how"), 405, "Allow"},
                      {absl::InvalidArgumentError("why"), 400, nullptr}};
  for (const Row& row : rows) {
    const auto response = ClusterRefusal({}, row.why);
    EXPECT_EQ(response.status, row.status);
    EXPECT_THAT(response.body, HasSubstr(std::string(row.why.message())));
    EXPECT_TRUE(row.field == nullptr || response.fields.count(row.field) == 1U);
  }
}

}  // namespace
}  // namespace srsproxy
