// Settings changed over gRPC, and what the data plane then does.

#include <array>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "controlplane/config/config_schema.h"
#include "controlplane/services/store_readiness.h"
#include "dataplane/data_plane.h"
#include "dataplane/directory/memory_stores.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "srsproxy/v1/stream_service.grpc.pb.h"
#include "tests/integration/control_plane_fixture.h"
#include "tests/support/hooked_streams.h"

namespace srsproxy::control {
namespace {

using boost::asio::ip::tcp;

constexpr size_t kHandshakeBytes = 1536;

// A client that begins the RTMP handshake; reads block for at most some seconds.
class RtmpPeer {
 public:
  explicit RtmpPeer(uint16_t port) {
    socket_.connect(tcp::endpoint(boost::asio::ip::address_v4::loopback(), port));
    const timeval timeout{.tv_sec = 30, .tv_usec = 0};
    setsockopt(socket_.native_handle(), SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  }

  // C0 and C1; true when S0, S1 and S2 came, so that a session surely serves it.
  bool Begin() {
    std::array<char, 1 + kHandshakeBytes> hello{3};
    Send(hello);
    std::array<char, 1 + 2 * kHandshakeBytes> answer{};
    boost::system::error_code error;
    boost::asio::read(socket_, boost::asio::buffer(answer), error);
    return !error;
  }
  // C2; the proxy now waits for the stream's name.
  void Finish() { Send(std::array<char, kHandshakeBytes>{}); }

  // Waits for the end of the connection.
  bool ReadEnd() {
    char byte = 0;
    boost::system::error_code error;
    const size_t bytes = socket_.read_some(boost::asio::buffer(&byte, 1), error);
    return bytes == 0 &&
           (error == boost::asio::error::eof || error == boost::asio::error::connection_reset);
  }
  bool IsOpen() {
    char byte = 0;
    return ::recv(socket_.native_handle(), &byte, 1, MSG_DONTWAIT) < 0 && errno == EAGAIN;
  }

 private:
  template <typename Bytes>
  void Send(const Bytes& bytes) {
    boost::system::error_code ignored;  // A peer that has closed is seen by reading.
    boost::asio::write(socket_, boost::asio::buffer(bytes), ignored);
  }

  boost::asio::io_context io_;
  tcp::socket socket_{io_};
};

using Assignment = std::pair<std::string, std::string>;

class SettingsTest : public ControlPlaneTest {
 protected:
  SettingsTest() {
    const auto started = data_plane_.Start();
    EXPECT_TRUE(started.ok()) << started;
    const std::string& address = data_plane_.listeners().front().address;
    rtmp_port_ = static_cast<uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  }

  static v1::UpdateConfigRequest Request(const std::vector<Assignment>& assignments) {
    const std::vector<Setting> settings = AllSettings();
    v1::UpdateConfigRequest request;
    for (const auto& [name, text] : assignments) {
      request.mutable_update_mask()->add_paths(name);
      EXPECT_TRUE(FindSetting(settings, name)->Set(text, *request.mutable_config()).ok()) << name;
    }
    return request;
  }
  absl::StatusOr<v1::UpdateConfigResponse> Update(const v1::UpdateConfigRequest& request) {
    grpc::ClientContext context;
    v1::UpdateConfigResponse response;
    const auto status = proxy_->UpdateConfig(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  void Set(const std::string& name, const std::string& text) {
    const auto response = Update(Request({{name, text}}));
    EXPECT_TRUE(response.ok()) << response.status();
  }
  v1::GetConfigResponse Get() {
    grpc::ClientContext context;
    v1::GetConfigResponse response;
    EXPECT_TRUE(proxy_->GetConfig(&context, {}, &response).ok());
    return response;
  }
  // The key that LookupStream makes of `stream`.
  std::string KeyOf(const std::string& stream) {
    v1::LookupStreamRequest request;
    request.set_stream(stream);
    grpc::ClientContext context;
    v1::LookupStreamResponse response;
    const auto stub = v1::StreamService::NewStub(Channel());
    EXPECT_TRUE(stub->LookupStream(&context, request, &response).ok());
    return response.key();
  }

  Stores MakeStores() {
    Stores stores = MakeMemoryStores(*config_.Get(), clock_, logger_).value();
    auto streams = std::make_shared<MemoryStreamDirectory>(clock_, 1000);
    streams_store_ = std::make_shared<HookedStreams>(std::move(streams));
    stores.streams = streams_store_;
    return stores;
  }

  std::shared_ptr<HookedStreams> streams_store_;
  const Stores stores_ = MakeStores();
  net::DialRules dial_rules_{config_};
  DataPlane data_plane_{{.config = config_,
                         .clock = clock_,
                         .logger = logger_,
                         .metrics = metrics_,
                         .authorizer = authorizer_,
                         .stores = stores_,
                         .dial_rules = dial_rules_,
                         .store_state = [this](StoreState state, std::string_view unusable) {
                           ReportStoreState(state, unusable, readiness_);
                         }}};
  uint16_t rtmp_port_ = 0;
  std::unique_ptr<v1::ProxyService::Stub> proxy_ = v1::ProxyService::NewStub(Channel());
};

TEST_F(SettingsTest, OpenSessionsGoOnAndNewOnesSeeTheNewTimeouts) {
  Set("handshake_timeout", "1h");
  RtmpPeer before(rtmp_port_);
  ASSERT_TRUE(before.Begin());
  Set("handshake_timeout", "100ms");
  before.Finish();  // A session arms its next timeout.
  RtmpPeer after(rtmp_port_);
  after.Begin();
  after.Finish();
  EXPECT_TRUE(after.ReadEnd());
  EXPECT_TRUE(before.IsOpen());
}

TEST_F(SettingsTest, ReadinessFollowsTheStateOfTheStore) {
  const auto await = [this](unsigned status, bool degraded) {
    const MonotonicTime until = clock_.Now() + std::chrono::seconds(30);
    HttpResponse response;
    do {
      response = Fetch(HttpGet("/readyz"));
      const auto body = boost::json::parse(response.body());
      if (response.result_int() == status && body.at("degraded").as_bool() == degraded) return true;
    } while (clock_.Now() < until);
    ADD_FAILURE() << response.result_int() << " " << response.body();
    return false;
  };
  EXPECT_TRUE(await(200, false));
  streams_store_->SetState(StoreState::kGone);
  EXPECT_TRUE(await(200, true));
  streams_store_->SetState(StoreState::kNeverSynced);
  EXPECT_TRUE(await(503, false));
  EXPECT_EQ(Fetch(HttpGet("/livez")).result_int(), 200U);
  streams_store_->SetState(StoreState::kUnverified);
  EXPECT_TRUE(await(200, true));
  streams_store_->SetState(StoreState::kSynced);
  EXPECT_TRUE(await(200, false));
}

TEST_F(SettingsTest, TheLimitOfSessionsFollows) {
  RtmpPeer first(rtmp_port_);
  ASSERT_TRUE(first.Begin());
  Set("max_sessions", "1");
  EXPECT_EQ(Metric("srsproxy_sessions_limit"), 1);
  EXPECT_TRUE(RtmpPeer(rtmp_port_).ReadEnd());
  EXPECT_TRUE(first.IsOpen());
  Set("max_sessions", "2");
  EXPECT_TRUE(RtmpPeer(rtmp_port_).Begin());
}

TEST_F(SettingsTest, TheRegistriesFollow) {
  Set("origin_server_ttl", "42s");
  Set("max_streams", "1");
  OriginRegistration origin;
  origin.ip = "10.0.0.1";
  origin.server = "vid-1";
  origin.service = "s";
  origin.pid = "1";
  origin.rtmp = {{Transport::kTcp, "", 1935}};
  const auto lease = data_plane_.origins().Register(origin, "10.0.0.1");
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_EQ(lease->ttl, absl::Seconds(42));

  std::vector<absl::StatusOr<Placement>> placements;
  for (const char* stream : {"one", "two"}) {
    data_plane_.balancer().Pick(
        {.key = {"v.example", "live", stream}, .excluded = {}},
        [&](absl::StatusOr<Placement> placed) { placements.push_back(std::move(placed)); });
  }
  ASSERT_EQ(placements.size(), 2u);
  EXPECT_TRUE(placements[0].ok()) << placements[0].status();
  EXPECT_EQ(placements[1].status().code(), absl::StatusCode::kResourceExhausted);
}

TEST_F(SettingsTest, NamesOfStreamsAreReadByTheVhostsInForce) {
  EXPECT_EQ(KeyOf("a.example/live/cam"), "a.example/live/cam");
  Set("vhosts", "none");
  EXPECT_EQ(KeyOf("a.example/live/cam"), "__defaultVhost__/live/cam");
}

TEST_F(SettingsTest, TheStrategyInForceIsReported) {
  Set("load_balancer_strategy", "least_streams");
  grpc::ClientContext context;
  v1::GetProxyResponse response;
  ASSERT_TRUE(proxy_->GetProxy(&context, {}, &response).ok());
  EXPECT_EQ(response.proxy().load_balancer_strategy(), "least_streams");
}

TEST_F(SettingsTest, RefusalsNameFieldAndReason) {
  const auto bad = Update(Request({{"log_level", "debug"}, {"connect_timeout", "0s"}})).status();
  EXPECT_EQ(bad.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(bad), "connect_timeout (runtime): has to be longer than 0");
  EXPECT_EQ(ErrorInfoOf(bad).reason(), "INVALID_FIELD");
  EXPECT_EQ(ErrorInfoOf(bad).metadata().at("field"), "connect_timeout");

  const auto late = Update(Request({{"log_level", "debug"}, {"workers", "3"}})).status();
  EXPECT_EQ(late.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(ErrorInfoOf(late).reason(), "NEEDS_RESTART");
  EXPECT_EQ(ErrorInfoOf(late).metadata().at("field"), "workers");

  EXPECT_EQ(config_.Get()->log_level, LogLevel::kInfo);
}

TEST_F(SettingsTest, ARepeatedUpdateIsDoneOnce) {
  auto first = Request({{"log_level", "debug"}});
  first.set_request_id("update-1");
  ASSERT_TRUE(Update(first).ok());
  Set("log_level", "warn");
  const auto again = Update(first);
  ASSERT_TRUE(again.ok()) << again.status();
  ASSERT_EQ(again->changed_size(), 1);
  EXPECT_EQ(again->changed(0).value(), "debug");
  EXPECT_EQ(config_.Get()->log_level, LogLevel::kWarn);
}

TEST_F(SettingsTest, AReloadDropsWhatWasSet) {
  Set("log_level", "warn");
  grpc::ClientContext context;
  v1::ReloadConfigResponse response;
  ASSERT_TRUE(proxy_->ReloadConfig(&context, {}, &response).ok());
  ASSERT_EQ(response.changed_size(), 1);
  EXPECT_EQ(response.changed(0).name(), "log_level");
  EXPECT_EQ(response.changed(0).value(), "info");
  EXPECT_EQ(response.changed(0).source(), v1::SETTING_SOURCE_DEFAULT);
  EXPECT_EQ(response.needs_restart_size(), 0);
  EXPECT_EQ(config_.Get()->log_level, LogLevel::kInfo);
}

TEST_F(SettingsTest, ASecretNeverComesBack) {
  const auto changed =
      Update(Request({{"http_api_auth_enabled", "on"}, {"http_api_auth_token", "HIDE-ME"}}));
  ASSERT_TRUE(changed.ok()) << changed.status();
  EXPECT_EQ(config_.Get()->http_api_auth_token, "HIDE-ME");
  const v1::GetConfigResponse shown = Get();
  EXPECT_EQ(shown.config().http_api_auth_token(), "");
  EXPECT_THAT(changed->DebugString() + shown.DebugString(),
              testing::AllOf(testing::HasSubstr("***"), testing::Not(testing::HasSubstr("HIDE"))));
}

}  // namespace
}  // namespace srsproxy::control
