// The gRPC services, spoken to by real clients.

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <future>
#include <map>

#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/access/call_context.h"
#include "controlplane/call_status.h"
#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

class ControlApiTest : public ControlPlaneTest {
 protected:
  template <typename Stub, typename Request, typename Response>
  absl::StatusOr<Response> Call(Stub& stub,
                                grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&,
                                                             Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const auto status = (stub.*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  // What grpc.health.v1.Health/Check answers: a HealthCheckResponse with `status` as field 1.
  std::string Health() {
    grpc::GenericStub stub(Channel());
    grpc::ClientContext context;
    const grpc::Slice nothing("");
    grpc::ByteBuffer request(&nothing, 1);
    grpc::ByteBuffer response;
    std::promise<grpc::Status> done;
    stub.UnaryCall(&context, "/grpc.health.v1.Health/Check", {}, &request, &response,
                   [&done](grpc::Status status) { done.set_value(std::move(status)); });
    EXPECT_TRUE(done.get_future().get().ok());
    grpc::Slice slice;
    EXPECT_TRUE(response.DumpToSingleSlice(&slice).ok());
    return {reinterpret_cast<const char*>(slice.begin()), slice.size()};
  }

  std::unique_ptr<v1::OriginService::Stub> origin_stub_ = v1::OriginService::NewStub(Channel());
  std::unique_ptr<v1::StreamService::Stub> stream_stub_ = v1::StreamService::NewStub(Channel());
  using Origins = v1::OriginService::Stub;
  using Streams = v1::StreamService::Stub;
};

// The ErrorInfo reason of a failed call.
template <typename Response>
std::string ReasonOf(const absl::StatusOr<Response>& response) {
  EXPECT_FALSE(response.ok());
  return response.ok() ? "" : ErrorInfoOf(response.status()).reason();
}

TEST_F(ControlApiTest, AnOriginRegistersBeatsIsSeenAndLeaves) {
  const auto lease_id = Register("vid-1", 1935);
  ASSERT_NE(lease_id, "");

  v1::HeartbeatRequest beat;
  beat.set_lease_id(lease_id);
  beat.mutable_load()->set_cpu_ratio(0.5);
  beat.mutable_load()->set_streams(3);
  const auto beaten = Call(*origin_stub_, &Origins::Heartbeat, beat);
  ASSERT_TRUE(beaten.ok()) << beaten.status();
  EXPECT_EQ(beaten->heartbeat_interval().seconds(), 10);
  EXPECT_EQ(beaten->ttl().seconds(), 300);

  v1::GetOriginRequest get;
  get.set_origin_id("vid-1-s1-42");
  const auto found = Call(*origin_stub_, &Origins::GetOrigin, get);
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_EQ(found->origin().registration().ip(), "10.0.0.7");
  EXPECT_EQ(found->origin().source(), "127.0.0.1");
  EXPECT_EQ(found->origin().health(), v1::ORIGIN_HEALTH_HEALTHY);
  EXPECT_EQ(found->origin().admin_state(), v1::ADMIN_STATE_ACTIVE);
  EXPECT_DOUBLE_EQ(found->origin().load().cpu_ratio(), 0.5);
  EXPECT_EQ(found->origin().load().streams(), 3);
  EXPECT_FALSE(found->origin().load().has_memory_ratio());

  v1::DeregisterOriginRequest leave;
  leave.set_lease_id(lease_id);
  const auto left = Call(*origin_stub_, &Origins::DeregisterOrigin, leave);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_EQ(left->origin_id(), "vid-1-s1-42");
  EXPECT_EQ(ReasonOf(Call(*origin_stub_, &Origins::GetOrigin, get)), "ORIGIN_NOT_FOUND");
  EXPECT_EQ(ReasonOf(Call(*origin_stub_, &Origins::DeregisterOrigin, leave)), "LEASE_EXPIRED");
  EXPECT_EQ(ReasonOf(Call(*origin_stub_, &Origins::Heartbeat, beat)), "LEASE_EXPIRED");
}

TEST_F(ControlApiTest, RegisteringAgainRenewsTheSameLease) {
  EXPECT_EQ(Register("vid-1", 1935), Register("vid-1", 1935));
  EXPECT_EQ(origins_.snapshot()->origins.size(), 1U);
}

TEST_F(ControlApiTest, ARestartedOriginSupersedesItsFormerSelf) {
  Register("vid-1", 1935);
  v1::RegisterOriginRequest request;
  auto& registration = *request.mutable_registration();
  registration.set_ip("10.0.0.7");
  registration.set_server("vid-1");
  registration.set_service("s2");
  registration.set_pid("43");
  registration.add_rtmp("1935");
  const auto registered = Call(*origin_stub_, &Origins::RegisterOrigin, request);
  ASSERT_TRUE(registered.ok()) << registered.status();
  EXPECT_THAT(registered->superseded_origin_ids(), testing::ElementsAre("vid-1-s1-42"));
  EXPECT_EQ(registered->origin().generation(), 2U);
}

TEST_F(ControlApiTest, ValidateOnlyChangesNothing) {
  v1::RegisterOriginRequest request;
  request.set_validate_only(true);
  EXPECT_EQ(ReasonOf(Call(*origin_stub_, &Origins::RegisterOrigin, request)), "INVALID_FIELD");

  auto& registration = *request.mutable_registration();
  registration.set_ip("10.0.0.7");
  registration.set_server("vid-1");
  registration.set_service("s1");
  registration.set_pid("42");
  registration.add_rtmp("1935");
  const auto checked = Call(*origin_stub_, &Origins::RegisterOrigin, request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->ByteSizeLong(), 0U);
  EXPECT_TRUE(origins_.snapshot()->origins.empty());
  const auto listed = Call(*origin_stub_, &Origins::ListOrigins, v1::ListOriginsRequest());
  EXPECT_EQ(listed->refusals_size(), 0);
}

TEST_F(ControlApiTest, APermanentOriginStays) {
  OriginRegistration registration;
  registration.ip = "10.0.0.9";
  registration.server = "default";
  registration.service = "s";
  registration.pid = "1";
  registration.rtmp = {{Transport::kTcp, "", 1935}};
  ASSERT_TRUE(origins_.RegisterPermanent(registration).ok());
  v1::DeregisterOriginRequest request;
  request.set_origin_id("default-s-1");
  const auto refused = Call(*origin_stub_, &Origins::DeregisterOrigin, request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ReasonOf(refused), "ORIGIN_PERMANENT");
}

TEST_F(ControlApiTest, AnOperatorDeregistersById) {
  Register("vid-1", 1935);
  v1::DeregisterOriginRequest request;
  request.set_origin_id("vid-1-s1-42");
  EXPECT_TRUE(Call(*origin_stub_, &Origins::DeregisterOrigin, request).ok());
  EXPECT_EQ(ReasonOf(Call(*origin_stub_, &Origins::DeregisterOrigin, request)), "ORIGIN_NOT_FOUND");
  EXPECT_EQ(
      ReasonOf(Call(*origin_stub_, &Origins::DeregisterOrigin, v1::DeregisterOriginRequest())),
      "INVALID_FIELD");
}

TEST_F(ControlApiTest, OriginsAreListedPageByPage) {
  for (uint16_t i = 0; i < 25; ++i) {
    Register("vid-" + std::to_string(10 + i), static_cast<uint16_t>(2000 + i));
  }
  std::vector<std::string> ids;
  v1::ListOriginsRequest request;
  request.set_page_size(10);
  int pages = 0;
  do {
    const auto page = Call(*origin_stub_, &Origins::ListOrigins, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const auto& origin : page->origins()) ids.push_back(origin.id());
    request.set_page_token(page->next_page_token());
    ++pages;
  } while (!request.page_token().empty());
  EXPECT_EQ(pages, 3);
  EXPECT_EQ(ids.size(), 25U);
  EXPECT_TRUE(std::is_sorted(ids.begin(), ids.end()));

  request.set_page_token("no token of ours");
  EXPECT_EQ(ReasonOf(Call(*origin_stub_, &Origins::ListOrigins, request)), "INVALID_PAGE_TOKEN");
}

TEST_F(ControlApiTest, AServerAtTwoAddressesIsListedAsAConflict) {
  Register("vid-1", 1935);
  v1::RegisterOriginRequest request;
  auto& registration = *request.mutable_registration();
  registration.set_ip("10.0.0.8");
  registration.set_server("vid-1");
  registration.set_service("s2");
  registration.set_pid("7");
  registration.add_rtmp("1935");
  ASSERT_TRUE(Call(*origin_stub_, &Origins::RegisterOrigin, request).ok());
  const auto listed = Call(*origin_stub_, &Origins::ListOrigins, v1::ListOriginsRequest());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->conflicts_size(), 1);
  EXPECT_EQ(listed->conflicts(0).server(), "vid-1");
  EXPECT_THAT(listed->conflicts(0).origin_ids(), testing::ElementsAre("vid-1-s1-42", "vid-1-s2-7"));
}

TEST_F(ControlApiTest, ARefusedRegistrationIsListed) {
  v1::RegisterOriginRequest request;
  request.mutable_registration()->set_ip("10.0.0.7");
  const auto refused = Call(*origin_stub_, &Origins::RegisterOrigin, request);
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kInvalidArgument);

  const auto listed = Call(*origin_stub_, &Origins::ListOrigins, v1::ListOriginsRequest());
  ASSERT_TRUE(listed.ok()) << listed.status();
  ASSERT_EQ(listed->refusals_size(), 1);
  EXPECT_EQ(listed->refusals(0).source(), "127.0.0.1");
  EXPECT_EQ(listed->refusals(0).message(), MessageOf(refused.status()));
  EXPECT_EQ(listed->refusals(0).count(), 1);
}

TEST_F(ControlApiTest, ACallerCannotPoseAsTheSystemApi) {
  grpc::ClientContext context;
  context.AddMetadata(kCallerMetadata, "10.9.9.9");
  v1::ListOriginsResponse response;
  const auto status =
      FromGrpc(origin_stub_->ListOrigins(&context, v1::ListOriginsRequest(), &response));
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "RESERVED_METADATA");
}

TEST_F(ControlApiTest, AStreamIsLookedUpByAnyOfItsNames) {
  Register("vid-1", 1935);
  v1::LookupStreamRequest request;
  request.set_stream("rtmp://127.0.0.1/live/camera");
  const auto before = Call(*stream_stub_, &Streams::LookupStream, request);
  ASSERT_TRUE(before.ok()) << before.status();
  EXPECT_FALSE(before->has_stream());
  EXPECT_EQ(before->pick().origin_id(), "vid-1-s1-42");
  EXPECT_EQ(before->pick().reason(), v1::PICK_REASON_CLAIMED);
  EXPECT_GT(before->pick().steps_size(), 0);
  EXPECT_EQ(streams_->size(), 0U) << "a look must not place the stream";

  Publish({std::string(kDefaultVhost), "live", "camera"});
  for (const char* name :
       {"rtmp://127.0.0.1/live/camera", "live/camera", "__defaultVhost__/live/camera",
        "http://127.0.0.1:8080/live/camera.flv"}) {
    request.set_stream(name);
    const auto after = Call(*stream_stub_, &Streams::LookupStream, request);
    ASSERT_TRUE(after.ok()) << after.status();
    EXPECT_EQ(after->key(), "__defaultVhost__/live/camera") << name;
    EXPECT_EQ(after->stream().origin_id(), "vid-1-s1-42");
    EXPECT_TRUE(after->stream().publisher_live());
    EXPECT_EQ(after->pick().reason(), v1::PICK_REASON_MAPPED);
  }
}

TEST_F(ControlApiTest, WithoutOriginsTheLookupReportsIt) {
  v1::LookupStreamRequest request;
  request.set_stream("live/camera");
  const auto looked = Call(*stream_stub_, &Streams::LookupStream, request);
  ASSERT_TRUE(looked.ok()) << looked.status();
  EXPECT_EQ(looked->pick().origin_id(), "");
  EXPECT_EQ(looked->pick().reason(), v1::PICK_REASON_UNSPECIFIED);
  EXPECT_GT(looked->pick().steps_size(), 0);
}

TEST_F(ControlApiTest, ANameThatIsNoStreamIsRefused) {
  v1::LookupStreamRequest request;
  EXPECT_EQ(ReasonOf(Call(*stream_stub_, &Streams::LookupStream, request)), "INVALID_FIELD");
  request.set_stream("camera");
  EXPECT_EQ(ReasonOf(Call(*stream_stub_, &Streams::LookupStream, request)), "INVALID_STREAM_NAME");
  request.set_stream("live/camera");
  request.set_protocol(static_cast<v1::Protocol>(99));
  EXPECT_EQ(ReasonOf(Call(*stream_stub_, &Streams::LookupStream, request)), "INVALID_FIELD");
}

TEST_F(ControlApiTest, StreamsAreListedPageByPageAndByOrigin) {
  Register("vid-1", 1935);
  for (int i = 0; i < 25; ++i) {
    Publish({std::string(kDefaultVhost), "live", "camera-" + std::to_string(10 + i)});
  }
  const auto list_all = [this](const std::string& origin_id) {
    std::vector<std::string> keys;
    v1::ListStreamsRequest request;
    request.set_page_size(10);
    request.set_origin_id(origin_id);
    do {
      const auto page = Call(*stream_stub_, &Streams::ListStreams, request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      EXPECT_LE(page->streams_size(), 10);
      for (const auto& stream : page->streams()) keys.push_back(stream.key());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return keys;
  };
  const auto keys = list_all("");
  EXPECT_EQ(keys.size(), 25U);
  EXPECT_TRUE(std::is_sorted(keys.begin(), keys.end()));
  EXPECT_EQ(list_all("vid-1-s1-42"), keys);
  EXPECT_TRUE(list_all("another").empty());
}

TEST_F(ControlApiTest, TheProxyDescribesItself) {
  Register("vid-1", 1935);
  Publish({std::string(kDefaultVhost), "live", "camera"});
  readiness_.Block("drain", "the proxy stops");
  readiness_.Degrade("store", "the store is away");
  auto stub = v1::ProxyService::NewStub(Channel());
  const auto response = Call(*stub, &v1::ProxyService::Stub::GetProxy, v1::GetProxyRequest());
  ASSERT_TRUE(response.ok()) << response.status();
  const auto& proxy = response->proxy();
  EXPECT_EQ(proxy.id(), "proxy-1");
  EXPECT_EQ(proxy.version(), "1.2.3");
  EXPECT_EQ(proxy.pid(), getpid());
  EXPECT_GT(proxy.start_time().seconds(), 0);
  EXPECT_FALSE(proxy.ready());
  EXPECT_THAT(proxy.not_ready_reasons(), testing::ElementsAre("the proxy stops"));
  EXPECT_THAT(proxy.degraded_reasons(), testing::ElementsAre("the store is away"));
  std::map<std::string, std::string> listeners;
  for (const auto& listener : proxy.listeners()) listeners[listener.name()] = listener.address();
  EXPECT_EQ(listeners,
            (std::map<std::string, std::string>{
                {"rtmp_server", "[::]:1935"},
                {"system_api", "127.0.0.1:" + std::to_string(control_->system_api_port())},
                {"grpc_server", "127.0.0.1:" + std::to_string(control_->grpc_port())}}));
  EXPECT_EQ(proxy.load_balancer_type(), "memory");
  EXPECT_EQ(proxy.load_balancer_strategy(), "random");
  EXPECT_EQ(proxy.workers(), 2U);
  EXPECT_EQ(proxy.origins(), 1);
  EXPECT_EQ(proxy.streams(), 1);
  EXPECT_EQ(proxy.sessions(), 7);
}

TEST_F(ControlApiTest, HealthFollowsReadiness) {
  readiness_.Degrade("store", "the store is away");
  EXPECT_EQ(Health(), "\x08\x01") << "SERVING";
  readiness_.Block("drain", "the proxy stops");
  EXPECT_EQ(Health(), "\x08\x02") << "NOT_SERVING";
  readiness_.Unblock("drain");
  EXPECT_EQ(Health(), "\x08\x01");
}

TEST_F(ControlApiTest, CallsAreCounted) {
  v1::HeartbeatRequest beat;
  beat.set_lease_id("none");
  (void)Call(*origin_stub_, &Origins::Heartbeat, beat);
  (void)Call(*origin_stub_, &Origins::ListOrigins, v1::ListOriginsRequest());
  EXPECT_EQ(Metric("srsproxy_grpc_server_handled_total{code=\"NOT_FOUND\","
                   "method=\"srsproxy.v1.OriginService/Heartbeat\"}"),
            1);
  EXPECT_EQ(Metric("srsproxy_grpc_server_handled_total{code=\"OK\","
                   "method=\"srsproxy.v1.OriginService/ListOrigins\"}"),
            1);
  EXPECT_EQ(Metric("srsproxy_heartbeats_total{result=\"unknown_lease\"}"), 1);
}

TEST_F(ControlApiTest, APortInUseIsReportedWithItsSetting) {
  Config taken = *config_.Get();
  taken.grpc_server.port = control_->grpc_port();
  config_.Set(taken);
  ControlPlane second(Dependencies());
  const auto started = second.Start();
  EXPECT_EQ(started.code(), absl::StatusCode::kUnavailable);
  EXPECT_THAT(std::string(MessageOf(started)),
              testing::AllOf(testing::HasSubstr("PROXY_GRPC_SERVER"),
                             testing::HasSubstr(std::to_string(control_->grpc_port())),
                             testing::HasSubstr("in use")));
}

TEST_F(ControlApiTest, AfterStopNobodyAnswers) {
  auto channel = Channel();
  control_->Stop(absl::Seconds(1));
  grpc::ClientContext context;
  v1::ListOriginsResponse response;
  const auto status = v1::OriginService::NewStub(channel)->ListOrigins(
      &context, v1::ListOriginsRequest(), &response);
  EXPECT_EQ(status.error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(control_->grpc_port(), 0);
}

TEST_F(ControlApiTest, APythonClientDoesAllOfIt) {
  const std::string command = std::string("/usr/bin/python3 -B " PYTHON_CLIENT " " PROTO_DIR " ") +
                              std::to_string(control_->grpc_port());
  const int result = std::system(command.c_str());
  ASSERT_TRUE(WIFEXITED(result));
  EXPECT_EQ(WEXITSTATUS(result), 0) << command;
}

}  // namespace
}  // namespace srsproxy::control
