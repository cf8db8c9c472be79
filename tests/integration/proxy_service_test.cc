// ProxyService: what a proxy reports about itself, and draining it.

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

class ProxyServiceTest : public ControlPlaneTest {
 protected:
  absl::StatusOr<v1::DrainProxyResponse> Drain(const v1::DrainProxyRequest& request) {
    grpc::ClientContext context;
    v1::DrainProxyResponse response;
    const auto status = stub_->DrainProxy(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  std::unique_ptr<v1::ProxyService::Stub> stub_ = v1::ProxyService::NewStub(Channel());
};

TEST_F(ProxyServiceTest, ListsItselfOnce) {
  grpc::ClientContext first_context;
  v1::ListProxiesResponse first;
  ASSERT_TRUE(stub_->ListProxies(&first_context, {}, &first).ok());
  ASSERT_EQ(first.proxies_size(), 1);
  EXPECT_EQ(first.proxies(0).id(), config_.Get()->id);
  EXPECT_EQ(first.proxies(0).version(), "1.2.3");
  EXPECT_EQ(first.next_page_token(), "");
  EXPECT_EQ(first.unreachable_proxy_ids_size(), 0);
}

TEST_F(ProxyServiceTest, ReportsTheTraffic) {
  WorkerMetrics& worker = metrics_.AddWorker();
  worker.SessionStarted(Protocol::kRtmp, Role::kViewer);
  worker.AddBytes(Protocol::kRtmp, Role::kViewer, Direction::kIn, 3);
  worker.AddBytes(Protocol::kRtmp, Role::kViewer, Direction::kOut, 4000);
  grpc::ClientContext context;
  v1::GetProxyResponse response;
  ASSERT_TRUE(stub_->GetProxy(&context, {}, &response).ok());
  EXPECT_EQ(response.proxy().sessions_begun(), 1);
  EXPECT_EQ(response.proxy().bytes_in(), 3);
  EXPECT_EQ(response.proxy().bytes_out(), 4000);
}

TEST_F(ProxyServiceTest, DrainsOnceAndIsNotReadyFromThenOn) {
  v1::DrainProxyRequest request;
  request.mutable_deadline()->set_seconds(5);
  request.set_validate_only(true);
  ASSERT_TRUE(Drain(request).ok());
  EXPECT_FALSE(drained_over_.has_value());

  request.set_validate_only(false);
  const auto response = Drain(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_EQ(drained_over_, absl::Seconds(5));
  EXPECT_FALSE(response->proxy().ready());
  EXPECT_EQ(Fetch(HttpGet("/readyz")).result_int(), 503);

  const auto again = Drain(request);
  EXPECT_TRUE(absl::IsFailedPrecondition(again.status()));
  EXPECT_EQ(ErrorInfoOf(again.status()).reason(), "NOT_POSSIBLE_NOW");
}

TEST_F(ProxyServiceTest, WithoutADeadlineTheGraceTimeoutCounts) {
  ASSERT_TRUE(Drain({}).ok());
  EXPECT_EQ(drained_over_, config_.Get()->grace_quit_timeout);
}

TEST_F(ProxyServiceTest, RefusesAWrongDeadline) {
  v1::DrainProxyRequest request;
  request.mutable_deadline()->set_seconds(-1);
  const auto response = Drain(request);
  EXPECT_TRUE(absl::IsInvalidArgument(response.status()));
  EXPECT_EQ(ErrorInfoOf(response.status()).metadata().at("field"), "deadline");
  EXPECT_FALSE(drained_over_.has_value());
}

}  // namespace
}  // namespace srsproxy::control
