#include "controlplane/access/permissions.h"

#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <google/protobuf/descriptor.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "srsproxy/v1/event_service.pb.h"
#include "srsproxy/v1/origin_service.pb.h"
#include "srsproxy/v1/proxy_service.pb.h"
#include "srsproxy/v1/rebalance_service.pb.h"
#include "srsproxy/v1/session_service.pb.h"
#include "srsproxy/v1/stream_service.pb.h"

namespace srsproxy::control {
namespace {

// Every call that the protos declare. A service of a new file has to be added here; that each file
// is here is seen by its services' rows.
std::set<std::string> DeclaredMethods() {
  std::set<std::string> methods;
  for (const auto* file :
       {v1::RegisterOriginRequest::descriptor()->file(),
        v1::ListStreamsRequest::descriptor()->file(),
        v1::PlanRebalanceRequest::descriptor()->file(),
        v1::ListSessionsRequest::descriptor()->file(), v1::WatchRequest::descriptor()->file(),
        v1::GetProxyRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) {
        methods.insert(file->service(s)->full_name() + "/" + file->service(s)->method(m)->name());
      }
    }
  }
  return methods;
}

TEST(PermissionsTest, EveryCallHasOneRow) {
  std::vector<std::string> rows;
  for (const auto& permission : AllPermissions()) rows.emplace_back(permission.method);
  EXPECT_THAT(rows, testing::UnorderedElementsAreArray(DeclaredMethods()));
}

bool May(AccessRole role, const std::string& call) {
  return CheckRole("srsproxy.v1." + call, {.role = role, .name = "x", .servers = {}}).ok();
}

struct RoleCase {
  const char* name;
  AccessRole role;
  std::set<std::string> calls;  // All that it may make, of those that change something.
};

// What each role may change, told apart from the table: reads begin with Get, List, Lookup, Plan or
// Watch.
bool OnlyReads(const std::string& method) {
  const auto call = method.substr(method.find('/') + 1);
  for (const char* verb : {"Get", "List", "Lookup", "Plan", "Watch"}) {
    if (call.starts_with(verb)) return true;
  }
  return false;
}

class RoleTest : public testing::TestWithParam<RoleCase> {};

TEST_P(RoleTest, MayChangeOnlyThis) {
  std::set<std::string> changes;
  for (const auto& method : DeclaredMethods()) {
    const auto call = method.substr(std::string("srsproxy.v1.").size());
    if (!OnlyReads(method) && May(GetParam().role, call)) changes.insert(call);
  }
  EXPECT_EQ(changes, GetParam().calls);
}

INSTANTIATE_TEST_SUITE_P(
    Roles, RoleTest,
    testing::Values(RoleCase{"Origin",
                             AccessRole::kOrigin,
                             {"OriginService/RegisterOrigin", "OriginService/Heartbeat",
                              "OriginService/HeartbeatStream", "OriginService/DeregisterOrigin"}},
                    RoleCase{"Viewer", AccessRole::kViewer, {}},
                    RoleCase{"Peer", AccessRole::kPeer, {"SessionService/KickSessions"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(PermissionsTest, ReadersReadEverythingAndOriginsNothing) {
  for (const auto& method : DeclaredMethods()) {
    const auto call = method.substr(std::string("srsproxy.v1.").size());
    EXPECT_TRUE(May(AccessRole::kAdmin, call)) << call;
    if (!OnlyReads(method)) continue;
    EXPECT_TRUE(May(AccessRole::kViewer, call)) << call;
    EXPECT_TRUE(May(AccessRole::kPeer, call)) << call;
    EXPECT_FALSE(May(AccessRole::kOrigin, call)) << call;
  }
}

TEST(PermissionsTest, ADenialNamesTheRoleAndWhichIsNeeded) {
  const auto status =
      CheckRole("srsproxy.v1.SessionService/KickSessions",
                {.role = AccessRole::kViewer, .name = "the token 'grafana'", .servers = {}});
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(
      MessageOf(status),
      "the token 'grafana' has the role viewer; srsproxy.v1.SessionService/KickSessions needs "
      "the role peer, admin");
  const auto info = ErrorInfoOf(status);
  EXPECT_EQ(info.reason(), "ROLE_DENIED");
  EXPECT_EQ(info.metadata().at("role"), "viewer");
  EXPECT_EQ(info.metadata().at("needed"), "peer, admin");
}

TEST(PermissionsTest, AnUnknownCallIsNobodys) {
  const Identity admin{.role = AccessRole::kAdmin, .name = "a", .servers = {}};
  EXPECT_EQ(CheckRole("srsproxy.v1.OriginService/Nothing", admin).code(),
            absl::StatusCode::kInternal);
}

TEST(ScopeTest, ATokenRegistersOnlyItsServers) {
  const Identity agent{.role = AccessRole::kOrigin, .name = "the token 'a'", .servers = {"vid-*"}};
  v1::RegisterOriginRequest request;
  request.mutable_registration()->set_server("vid-1");
  EXPECT_TRUE(CheckScope(request, agent).ok());

  request.mutable_registration()->set_server("edge-1");
  const auto status = CheckScope(request, agent);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "SCOPE_DENIED");
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("server"), "edge-1");
}

TEST(ScopeTest, AnOriginEndsOnlyALeaseThatItKnows) {
  const Identity origin{.role = AccessRole::kOrigin, .name = "o", .servers = {}};
  const Identity admin{.role = AccessRole::kAdmin, .name = "a", .servers = {}};
  v1::DeregisterOriginRequest request;
  request.set_lease_id("lease");
  EXPECT_TRUE(CheckScope(request, origin).ok());
  request.set_origin_id("vid-1-s-1");
  EXPECT_TRUE(CheckScope(request, admin).ok());
  EXPECT_EQ(ErrorInfoOf(CheckScope(request, origin)).reason(), "ROLE_DENIED");
}

}  // namespace
}  // namespace srsproxy::control
