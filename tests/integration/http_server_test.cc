// The HTTP server of the control port against clients that behave and that do not.

#include "controlplane/http/http_server.h"

#include <future>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

namespace json = boost::json;

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    auto server = HttpServer::Start("PROXY_SYSTEM_API", {true, "127.0.0.1", 0}, &Echo, metrics_);
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // Answers with what was requested.
  static net::Task<http::Response> Echo(HttpRequest request) {
    http::Response response{
        .body = request.method + " " + request.path + " " + request.body + " " + request.client,
        .content_type = "text/plain"};
    response.fields.set("X-Test", "yes");
    co_return response;
  }

  double Metric(std::string_view sample) {
    const auto text = "\n" + metrics_.Serialize();
    const auto line = text.find("\n" + std::string(sample) + " ");
    return line == std::string::npos ? -1 : std::stod(text.substr(line + sample.size() + 2));
  }

  Metrics metrics_{"1.2.3"};
  std::unique_ptr<HttpServer> server_;
};

TEST_F(HttpServerTest, AnswersRequestAfterRequestOnOneConnection) {
  HttpClient client(server_->port());
  client.Send(HttpGet("/first?with=query"));
  const auto first = client.Read();
  EXPECT_EQ(first.result_int(), 200U);
  EXPECT_EQ(first.body(), "GET /first  127.0.0.1");
  EXPECT_EQ(first["X-Test"], "yes");
  client.Send(HttpPost("/second", "body"));
  EXPECT_EQ(client.Read().body(), "POST /second body 127.0.0.1");
}

TEST_F(HttpServerTest, AnswersPipelinedRequestsInOrder) {
  HttpClient client(server_->port());
  client.Send(HttpGet("/1") + HttpPost("/2", "two") + HttpGet("/3"));
  EXPECT_EQ(client.Read().body(), "GET /1  127.0.0.1");
  EXPECT_EQ(client.Read().body(), "POST /2 two 127.0.0.1");
  EXPECT_EQ(client.Read().body(), "GET /3  127.0.0.1");
}

TEST_F(HttpServerTest, ARequestMayComeInPieces) {
  HttpClient client(server_->port());
  for (const char byte : HttpPost("/slow", "body")) client.Send({&byte, 1});
  EXPECT_EQ(client.Read().body(), "POST /slow body 127.0.0.1");
}

TEST_F(HttpServerTest, ReadsChunkedBodies) {
  HttpClient client(server_->port());
  client.Send(
      "POST /c HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  EXPECT_EQ(client.Read().body(), "POST /c abcde 127.0.0.1");
}

TEST_F(HttpServerTest, HeadHasTheHeadersOfGetAndNoBody) {
  HttpClient client(server_->port());
  client.Send("HEAD /h HTTP/1.1\r\nHost: x\r\n\r\n");
  const auto response = client.Read(/*head=*/true);
  EXPECT_EQ(response.result_int(), 200U);
  EXPECT_EQ(response["Content-Length"], std::to_string(std::string("GET /h  127.0.0.1").size()));
  client.Send(HttpGet("/next"));
  EXPECT_EQ(client.Read().body(), "GET /next  127.0.0.1") << "the connection is still in step";
}

TEST_F(HttpServerTest, ContinuesWhoAsksFirst) {
  HttpClient client(server_->port());
  client.Send("POST /c HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().result_int(), 100U);
  client.Send("body");
  EXPECT_EQ(client.Read().body(), "POST /c body 127.0.0.1");
}

TEST_F(HttpServerTest, ClosesWhenTheClientWantsIt) {
  for (const char* request :
       {"GET /x HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", "GET /x HTTP/1.0\r\n\r\n"}) {
    HttpClient client(server_->port());
    client.Send(request);
    EXPECT_EQ(client.Read().body(), "GET /x  127.0.0.1");
    EXPECT_TRUE(client.ReadEnd()) << request;
  }
}

struct BadRequestCase {
  const char* name;
  std::string bytes;
  unsigned status;
  const char* counted;  // The metrics label `reason`.
};

class HttpServerBadRequestTest : public HttpServerTest,
                                 public testing::WithParamInterface<BadRequestCase> {};

TEST_P(HttpServerBadRequestTest, IsAnsweredWithOneJsonBodyAndClosed) {
  HttpClient client(server_->port());
  client.Send(GetParam().bytes);
  client.ShutdownSend();
  const auto response = client.Read();
  EXPECT_EQ(response.result_int(), GetParam().status);
  EXPECT_EQ(response["Content-Type"], "application/json");
  json::error_code error;
  const auto body = json::parse(response.body(), error);
  ASSERT_FALSE(error) << response.body();
  EXPECT_EQ(body.at("code").as_int64(), GetParam().status);
  EXPECT_FALSE(body.at("message").as_string().empty());
  EXPECT_TRUE(client.ReadEnd());
  EXPECT_EQ(Metric("srsproxy_client_errors_total{protocol=\"system_api\",reason=\"" +
                   std::string(GetParam().counted) + "\"}"),
            1);

  HttpClient neighbour(server_->port());
  neighbour.Send(HttpGet("/x"));
  EXPECT_EQ(neighbour.Read().result_int(), 200U);
}

INSTANTIATE_TEST_SUITE_P(
    Bad, HttpServerBadRequestTest,
    testing::Values(
        BadRequestCase{"RandomBytes", std::string("\x03\x00\x01\xfe\r\n\r\n", 8), 400, "malformed"},
        BadRequestCase{"TlsHello", std::string("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11),
                       400, "malformed"},
        BadRequestCase{"NoVersion", "GET /\r\n\r\n", 400, "malformed"},
        BadRequestCase{"BadHeader", "GET / HTTP/1.1\r\nno colon\r\n\r\n", 400, "malformed"},
        BadRequestCase{"BadLength", "POST / HTTP/1.1\r\nContent-Length: many\r\n\r\n", 400,
                       "malformed"},
        BadRequestCase{"HugeHead", "GET / HTTP/1.1\r\nX: " + std::string(20'000, 'x'), 431,
                       "too_large"},
        BadRequestCase{"HugeTarget", "GET /" + std::string(20'000, 'x'), 431, "too_large"},
        BadRequestCase{"HugeBody",
                       HttpPost("/", std::string(HttpConnection::kMaxBodyBytes + 1, 'x')), 413,
                       "too_large"},
        BadRequestCase{"HugeBodyToldOnly",
                       "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n", 413,
                       "too_large"},
        BadRequestCase{"HugeChunk",
                       "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
                       "200000\r\n" +
                           std::string(0x200000, 'x'),
                       413, "too_large"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(HttpServerTest, ABodyOfOneMebibyteIsFine) {
  HttpClient client(server_->port());
  client.Send(HttpPost("/", std::string(HttpConnection::kMaxBodyBytes, 'x')));
  EXPECT_GT(client.Read().body().size(), HttpConnection::kMaxBodyBytes);
}

TEST_F(HttpServerTest, AClientThatLeavesHalfWayIsForgotten) {
  {
    HttpClient client(server_->port());
    client.Send("POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nhalf");
    client.ShutdownSend();
    EXPECT_EQ(client.Read().result_int(), 400U);
    EXPECT_TRUE(client.ReadEnd());
  }
  server_->Stop(absl::Seconds(60));
  EXPECT_EQ(Metric("srsproxy_connections{listener=\"system_api\"}"), 0);
}

TEST_F(HttpServerTest, WhenFullTheLongestIdleConnectionMakesRoom) {
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (size_t i = 0; i < HttpServer::kMaxConnections; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server_->port()));
    clients.back()->Send(HttpGet("/x"));
    ASSERT_EQ(clients.back()->Read().result_int(), 200U);
  }
  HttpClient one_more(server_->port());
  one_more.Send(HttpGet("/x"));
  EXPECT_EQ(one_more.Read().result_int(), 200U);
  EXPECT_TRUE(clients.front()->ReadEnd());
  EXPECT_EQ(Metric("srsproxy_limit_rejections_total{reason=\"connections\"}"), 1);
  clients.back()->Send(HttpGet("/x"));
  EXPECT_EQ(clients.back()->Read().result_int(), 200U);
}

TEST_F(HttpServerTest, WhenAllAreBusyANewConnectionIsRefused) {
  std::vector<std::unique_ptr<HttpClient>> clients;
  for (size_t i = 0; i < HttpServer::kMaxConnections; ++i) {
    clients.push_back(std::make_unique<HttpClient>(server_->port()));
    clients.back()->Send(
        "POST /x HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    ASSERT_EQ(clients.back()->Read().result_int(), 100U);
  }
  HttpClient one_more(server_->port());
  EXPECT_EQ(one_more.Read().result_int(), 503U);
  EXPECT_EQ(Metric("srsproxy_limit_rejections_total{reason=\"connections\"}"), 1);
  clients.front()->Send("body");
  EXPECT_EQ(clients.front()->Read().result_int(), 200U) << "those that were there stay";
}

TEST_F(HttpServerTest, StopEndsIdleConnectionsAtOnce) {
  HttpClient client(server_->port());
  client.Send(HttpGet("/x"));
  EXPECT_EQ(client.Read().result_int(), 200U);
  server_->Stop(absl::Seconds(60));
  EXPECT_TRUE(client.ReadEnd());
}

TEST_F(HttpServerTest, StopCutsAConnectionThatNeverEnds) {
  HttpClient client(server_->port());
  client.Send(
      "POST /first HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().result_int(), 100U);  // The body never comes.
  server_->Stop(absl::ZeroDuration());
  EXPECT_TRUE(client.ReadEnd());
}

TEST_F(HttpServerTest, APortInUseIsReportedWithItsSetting) {
  const auto second =
      HttpServer::Start("PROXY_SYSTEM_API", {true, "127.0.0.1", server_->port()}, &Echo, metrics_);
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(std::string(MessageOf(second.status())),
              testing::AllOf(testing::HasSubstr("PROXY_SYSTEM_API"), testing::HasSubstr("in use")));
}

}  // namespace
}  // namespace srsproxy::control
