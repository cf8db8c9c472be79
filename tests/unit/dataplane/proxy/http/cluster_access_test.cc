#include "dataplane/proxy/http/cluster_access.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

class Remembers final : public Authorizer {
 public:
  bool enforced() const override { return true; }
  absl::Status Check(const AccessRequest& request) override {
    needed = request.needed;
    authorization = request.authorization;
    action = request.action;
    return absl::OkStatus();
  }
  AccessLevel needed = AccessLevel::kView;
  std::string authorization;
  std::string action;
};

TEST(ClusterAccessTest, ToLookIsLessThanToRemove) {
  Remembers authorizer;
  srs_api::Request request;
  request.resource = srs_api::Resource::kClients;
  http::Fields fields;
  fields.set("Authorization", "Bearer x");
  ASSERT_TRUE(CheckClusterAccess(authorizer, request, fields, "10.0.0.9").ok());
  EXPECT_EQ(authorizer.needed, AccessLevel::kView);
  EXPECT_EQ(authorizer.authorization, "Bearer x");
  EXPECT_EQ(authorizer.action, "GET /api/v1/clients");
  request.remove = true;
  ASSERT_TRUE(CheckClusterAccess(authorizer, request, fields, "10.0.0.9").ok());
  EXPECT_EQ(authorizer.needed, AccessLevel::kAdmin);
  EXPECT_EQ(authorizer.action, "DELETE /api/v1/clients");
}

TEST(ClusterAccessTest, TwoProofsAreNone) {
  Remembers authorizer;
  http::Fields fields;
  fields.insert("Authorization", "Bearer x");
  fields.insert("Authorization", "Bearer y");
  ASSERT_TRUE(CheckClusterAccess(authorizer, {}, fields, "10.0.0.9").ok());
  EXPECT_EQ(authorizer.authorization, "");
}

}  // namespace
}  // namespace srsproxy
