// The System API as SRS and operators' scripts speak it.

#include <unistd.h>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

namespace json = boost::json;

constexpr char kRegister[] = "/api/v1/srs/register";

json::value Json(const HttpResponse& response) {
  EXPECT_EQ(response["Content-Type"], "application/json");
  json::error_code error;
  auto value = json::parse(response.body(), error);
  EXPECT_FALSE(error) << response.body();
  return value;
}

using SystemApiTest = ControlPlaneTest;

TEST_F(SystemApiTest, AnOriginRegistersWithItsLoad) {
  const auto response = Fetch(HttpPost(kRegister, R"({
    "ip": "2001:db8::7", "server": "vid-1", "service": "s1", "pid": 42, "rtmp": [1935],
    "rtc": ["udp://0.0.0.0:8000"],
    "summaries": {"data": {"system": {"cpu_percent": 0.25, "conn_srs": 12}}}})"));
  EXPECT_EQ(response.result_int(), 200U);
  const auto body = Json(response);
  EXPECT_EQ(body.at("code").as_int64(), 0);
  EXPECT_EQ(body.at("pid").as_string(), std::to_string(getpid()));
  EXPECT_EQ(body.as_object().size(), 2U);

  const auto origin = origins_.CurrentSnapshot()->Find("vid-1-s1-42");
  ASSERT_NE(origin, nullptr);
  EXPECT_EQ(origin->source, "127.0.0.1") << "the HTTP client's address, not the channel's";
  EXPECT_EQ(origin->registration.ip, "2001:db8::7");
  EXPECT_EQ(origin->load.cpu_ratio, 0.25);
  EXPECT_EQ(origin->load.connections, 12);
  EXPECT_EQ(Metric("srsproxy_heartbeats_total{result=\"accepted\"}"), 1);
  EXPECT_EQ(Metric("srsproxy_grpc_server_handled_total{code=\"OK\","
                   "method=\"srsproxy.v1.OriginService/RegisterOrigin\"}"),
            1)
      << "it is the gRPC call";
}

TEST_F(SystemApiTest, EachHeartbeatRenews) {
  constexpr char kBody[] =
      R"({"ip":"origin.example.com","server":"v","service":"s","pid":"1","rtmp":["1935"]})";
  HttpClient client(control_->system_api_port());
  for (int i = 0; i < 3; ++i) {
    client.Send(HttpPost(kRegister, kBody));
    EXPECT_EQ(client.Read().result_int(), 200U);
  }
  EXPECT_EQ(origins_.snapshot()->origins.size(), 1U);
  EXPECT_EQ(Metric("srsproxy_heartbeats_total{result=\"accepted\"}"), 3);
}

struct BadBodyCase {
  const char* name;
  const char* body;
  const char* reason;
  const char* shown;  // In the message.
};

class SystemApiBadBodyTest : public SystemApiTest,
                             public testing::WithParamInterface<BadBodyCase> {};

TEST_P(SystemApiBadBodyTest, IsOneErrorBodyAndListed) {
  const auto response = Fetch(HttpPost(kRegister, GetParam().body));
  EXPECT_EQ(response.result_int(), 400U);
  const auto body = Json(response);
  EXPECT_EQ(body.at("code").as_int64(), 400);
  EXPECT_EQ(body.at("reason").as_string(), GetParam().reason);
  const std::string message(body.at("message").as_string());
  EXPECT_THAT(message, testing::HasSubstr(GetParam().shown));
  EXPECT_TRUE(origins_.snapshot()->origins.empty());
  EXPECT_EQ(Metric("srsproxy_heartbeats_total{result=\"rejected\"}"), 1);

  grpc::ClientContext context;
  v1::ListOriginsResponse listed;
  ASSERT_TRUE(v1::OriginService::NewStub(Channel())
                  ->ListOrigins(&context, v1::ListOriginsRequest(), &listed)
                  .ok());
  ASSERT_EQ(listed.refusals_size(), 1);
  EXPECT_EQ(listed.refusals(0).source(), "127.0.0.1");
  EXPECT_EQ(listed.refusals(0).message(), message);
}

INSTANTIATE_TEST_SUITE_P(
    Bad, SystemApiBadBodyTest,
    testing::Values(
        BadBodyCase{"NoJson", "hello", "INVALID_FIELD", "body: is no JSON"},
        BadBodyCase{"NoIp", R"({"server":"v","service":"s","pid":"1","rtmp":["1935"]})",
                    "INVALID_FIELD", "ip: "},
        BadBodyCase{"NoServer", R"({"ip":"10.0.0.7","service":"s","pid":"1","rtmp":["1935"]})",
                    "INVALID_FIELD", "server: "},
        BadBodyCase{"NoRtmp", R"({"ip":"10.0.0.7","server":"v","service":"s","pid":"1"})",
                    "INVALID_FIELD", "`ports on`"},
        BadBodyCase{"WrongType",
                    R"({"ip":{},"server":"v","service":"s","pid":"1","rtmp":["1935"]})",
                    "INVALID_FIELD", "ip: must be a string"},
        BadBodyCase{"Port70000",
                    R"({"ip":"10.0.0.7","server":"v","service":"s","pid":"1","rtmp":["70000"]})",
                    "INVALID_FIELD", "70000"}),
    [](const auto& test) { return std::string(test.param.name); });

struct WrongRequestCase {
  const char* name;
  const char* method;
  const char* path;
  unsigned status;
  const char* allow;
};

class SystemApiWrongRequestTest : public SystemApiTest,
                                  public testing::WithParamInterface<WrongRequestCase> {};

TEST_P(SystemApiWrongRequestTest, IsRefused) {
  const auto response = Fetch(std::string(GetParam().method) + " " + GetParam().path +
                              " HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(response.result_int(), GetParam().status);
  EXPECT_EQ(response["Allow"], GetParam().allow);
  EXPECT_EQ(Json(response).at("code").as_int64(), GetParam().status);
}

INSTANTIATE_TEST_SUITE_P(
    Wrong, SystemApiWrongRequestTest,
    testing::Values(WrongRequestCase{"GetRegister", "GET", kRegister, 405, "POST"},
                    WrongRequestCase{"DeleteRegister", "DELETE", kRegister, 405, "POST"},
                    WrongRequestCase{"PostMetrics", "POST", "/metrics", 405, "GET, HEAD"},
                    WrongRequestCase{"UnknownMethod", "BREW", "/healthz", 405, "GET, HEAD"},
                    WrongRequestCase{"Root", "GET", "/", 404, ""},
                    WrongRequestCase{"NearMiss", "POST", "/api/v1/srs/register/", 404, ""}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(SystemApiTest, AnswersItsVersion) {
  const auto body = Json(Fetch(HttpGet("/api/v1/versions")));
  EXPECT_EQ(body.at("signature").as_string(), "srsproxy");
  EXPECT_EQ(body.at("version").as_string(), "1.2.3");
}

TEST_F(SystemApiTest, ReadyzReportsDegradedAndIsReady) {
  EXPECT_FALSE(Json(Fetch(HttpGet("/readyz"))).at("degraded").as_bool());
  readiness_.Degrade("store", "the store is away");
  const auto degraded = Fetch(HttpGet("/readyz"));
  EXPECT_EQ(degraded.result_int(), 200U);
  EXPECT_TRUE(Json(degraded).at("ready").as_bool());
  EXPECT_TRUE(Json(degraded).at("degraded").as_bool());
  EXPECT_EQ(Json(degraded).at("reasons").at(0).as_string(), "the store is away");

  readiness_.Block("drain", "the proxy stops");
  const auto both = Fetch(HttpGet("/readyz"));
  EXPECT_EQ(both.result_int(), 503U);
  EXPECT_EQ(Json(both).at("reasons").as_array().size(), 2U);
}

TEST_F(SystemApiTest, ReadyzFollowsReadinessAndHealthzDoesNot) {
  EXPECT_EQ(Fetch(HttpGet("/readyz")).result_int(), 200U);
  readiness_.Block("drain", "the proxy stops");
  const auto not_ready = Fetch(HttpGet("/readyz"));
  EXPECT_EQ(not_ready.result_int(), 503U);
  EXPECT_EQ(Json(not_ready).at("reasons").at(0).as_string(), "the proxy stops");
  for (const char* path : {"/healthz", "/livez"}) {
    EXPECT_EQ(Fetch(HttpGet(path)).result_int(), 200U) << path;
  }
}

TEST_F(SystemApiTest, MetricsAreInPrometheusText) {
  const auto response = Fetch(HttpGet("/metrics"));
  EXPECT_EQ(response["Content-Type"], "text/plain; version=0.0.4; charset=utf-8");
  EXPECT_THAT(response.body(), testing::HasSubstr("\nsrsproxy_build_info{"));
}

TEST_F(SystemApiTest, APortInUseLeavesNothingListening) {
  Config taken = *config_.Get();
  taken.system_api.port = control_->system_api_port();
  config_.Set(taken);
  ControlPlane second(Dependencies());
  const auto started = second.Start();
  EXPECT_THAT(std::string(MessageOf(started)), testing::HasSubstr("PROXY_SYSTEM_API"));
  EXPECT_EQ(second.grpc_port(), 0);
}

}  // namespace
}  // namespace srsproxy::control
