// Who may do what: over TLS, with tokens, and through the System API.

#include <chrono>
#include <functional>
#include <future>
#include <map>
#include <optional>

#include <gmock/gmock.h>
#include <grpcpp/generic/generic_stub.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/access/access_files.h"
#include "controlplane/access/permissions.h"
#include "controlplane/call_status.h"
#include "tests/integration/control_plane_fixture.h"
#include "tests/support/certificates.h"

namespace srsproxy::control {
namespace {

using testing::HasSubstr;
using testing::Not;

using Metadata = std::multimap<std::string, std::string>;

constexpr std::chrono::seconds kDeadline(30);

constexpr char kTokens[] = R"(
tokens:
  - {token: admin-admin-admin-admin, role: admin}
  - {token: viewer-viewer-viewer, role: viewer, name: grafana}
  - {token: peer-peer-peer-peer, role: peer}
  - {token: origin-origin-origin, role: origin}
  - {token: vid-vid-vid-vid-vid-vid, role: origin, name: vid agents, servers: ["vid-*"]}
)";

Metadata Bearer(const std::string& token) { return {{"authorization", "Bearer " + token}}; }

const std::map<AccessRole, Metadata>& RoleTokens() {
  static const std::map<AccessRole, Metadata> tokens = {
      {AccessRole::kAdmin, Bearer("admin-admin-admin-admin")},
      {AccessRole::kViewer, Bearer("viewer-viewer-viewer")},
      {AccessRole::kPeer, Bearer("peer-peer-peer-peer")},
      {AccessRole::kOrigin, Bearer("origin-origin-origin")}};
  return tokens;
}

// Calls any method, named `srsproxy.v1.Service/Call`; `answer`, when given, gets the response.
absl::Status Call(const std::shared_ptr<grpc::Channel>& channel, std::string_view method,
                  const Metadata& metadata, const google::protobuf::Message* request = nullptr,
                  google::protobuf::Message* response = nullptr) {
  grpc::GenericStub stub(channel);
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kDeadline);
  for (const auto& [key, value] : metadata) context.AddMetadata(key, value);
  const grpc::Slice bytes(request == nullptr ? "" : request->SerializeAsString());
  grpc::ByteBuffer sent(&bytes, 1);
  grpc::ByteBuffer received;
  std::promise<grpc::Status> done;
  stub.UnaryCall(&context, "/" + std::string(method), {}, &sent, &received,
                 [&done](grpc::Status status) { done.set_value(std::move(status)); });
  const auto status = FromGrpc(done.get_future().get());
  if (status.ok() && response != nullptr) {
    grpc::Slice slice;
    EXPECT_TRUE(received.DumpToSingleSlice(&slice).ok());
    EXPECT_TRUE(response->ParseFromArray(slice.begin(), static_cast<int>(slice.size())));
  }
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  return status.ok() ? "OK" : ErrorInfoOf(status).reason();
}

v1::RegisterOriginRequest Registration(const std::string& server, const std::string& ip) {
  v1::RegisterOriginRequest request;
  auto& registration = *request.mutable_registration();
  registration.set_ip(ip);
  registration.set_server(server);
  registration.set_service("s1");
  registration.set_pid("42");
  registration.add_rtmp("1935");
  return request;
}

constexpr char kGetProxy[] = "srsproxy.v1.ProxyService/GetProxy";
constexpr char kRegisterOrigin[] = "srsproxy.v1.OriginService/RegisterOrigin";
constexpr char kHeartbeat[] = "srsproxy.v1.OriginService/Heartbeat";
constexpr char kDeregisterOrigin[] = "srsproxy.v1.OriginService/DeregisterOrigin";

// A base, so that the files are there before the control plane starts.
struct Files {
  Certificates files_;
};

class AccessTest : public Files, public ControlPlaneTest {
 protected:
  explicit AccessTest(const std::function<std::map<std::string, std::string>(Certificates&)>& flags)
      : ControlPlaneTest(flags(files_)) {}

  // A connection of its own. `root`: which certificate is trusted; `own`: the client's, if any.
  std::shared_ptr<grpc::Channel> TlsChannel(const std::string& root,
                                            const std::string& own = "") const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = Certificates::Read(files_.Cert(root));
    if (!own.empty()) {
      options.pem_cert_chain = Certificates::Read(files_.Cert(own));
      options.pem_private_key = Certificates::Read(files_.Key(own));
    }
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel("127.0.0.1:" + std::to_string(control_->grpc_port()),
                                     grpc::SslCredentials(options), arguments);
  }
};

class TokensTest : public AccessTest {
 protected:
  TokensTest()
      : AccessTest([](Certificates& files) -> std::map<std::string, std::string> {
          return {{"tokens_file", files.Write("tokens.yaml", kTokens)}};
        }) {}

  // One answer for each call, whatever else there is.
  std::string Reason(std::string_view method, const Metadata& metadata,
                     const google::protobuf::Message* request = nullptr) const {
    return ReasonOf(Call(Channel(), method, metadata, request));
  }
};

TEST_F(TokensTest, EachRoleMayMakeItsCallsAndNoOther) {
  const auto channel = Channel();
  for (const auto& [role, token] : RoleTokens()) {
    for (const auto& permission : AllPermissions()) {
      SCOPED_TRACE(std::string(ToName(role)) + " " + std::string(permission.method));
      const bool streams =
          permission.method.ends_with("/Watch") || permission.method.ends_with("/HeartbeatStream");
      if (permission.Allows(role) && streams) continue;  // It would go on.
      const auto status = Call(channel, permission.method, token);
      if (permission.Allows(role)) {
        EXPECT_NE(status.code(), absl::StatusCode::kPermissionDenied) << status;
        EXPECT_NE(status.code(), absl::StatusCode::kUnauthenticated) << status;
      } else {
        EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
        EXPECT_EQ(ReasonOf(status), "ROLE_DENIED");
      }
    }
  }
}

TEST_F(TokensTest, NobodyMayMakeAnyCallWithoutAToken) {
  const auto channel = Channel();
  for (const auto& permission : AllPermissions()) {
    const auto status = Call(channel, permission.method, {});
    EXPECT_EQ(status.code(), absl::StatusCode::kUnauthenticated) << permission.method;
    EXPECT_EQ(ReasonOf(status), "TOKEN_REQUIRED") << permission.method;
  }
  EXPECT_EQ(Metric("srsproxy_auth_decisions_total{reason=\"token_required\",result=\"denied\"}"),
            AllPermissions().size());
}

TEST_F(TokensTest, HealthIsOpen) {
  EXPECT_TRUE(Call(Channel(), "grpc.health.v1.Health/Check", {}).ok());
}

struct ForgeryCase {
  const char* name;
  Metadata metadata;
  const char* reason;
};

class ForgeryTest : public TokensTest, public testing::WithParamInterface<ForgeryCase> {};

TEST_P(ForgeryTest, IsDenied) {
  EXPECT_EQ(Reason(kGetProxy, GetParam().metadata), GetParam().reason);
}

INSTANTIATE_TEST_SUITE_P(
    Forgeries, ForgeryTest,
    testing::Values(
        ForgeryCase{"Longer", Bearer("viewer-viewer-viewers"), "TOKEN_REQUIRED"},
        ForgeryCase{"Shorter", Bearer("viewer-viewer-viewe"), "TOKEN_REQUIRED"},
        ForgeryCase{"OtherCase", Bearer("VIEWER-viewer-viewer"), "TOKEN_REQUIRED"},
        ForgeryCase{"Empty", Bearer(""), "TOKEN_REQUIRED"},
        ForgeryCase{"Name", Bearer("grafana"), "TOKEN_REQUIRED"},
        ForgeryCase{"NoScheme", {{"authorization", "viewer-viewer-viewer"}}, "TOKEN_REQUIRED"},
        ForgeryCase{"Basic", {{"authorization", "Basic viewer-viewer-viewer"}}, "TOKEN_REQUIRED"},
        ForgeryCase{"OtherKey", {{"token", "viewer-viewer-viewer"}}, "TOKEN_REQUIRED"},
        ForgeryCase{"Twice",
                    {{"authorization", "Bearer wrong-wrong-wrong-wrong"},
                     {"authorization", "Bearer viewer-viewer-viewer"}},
                    "TOKEN_REQUIRED"},
        ForgeryCase{
            "Caller",
            {{"authorization", "Bearer admin-admin-admin-admin"}, {kCallerMetadata, "10.9.9.9"}},
            "RESERVED_METADATA"},
        ForgeryCase{"InProcess",
                    {{kInProcessMetadata, std::string(64, '0')}, {kCallerMetadata, "10.9.9.9"}},
                    "RESERVED_METADATA"},
        ForgeryCase{"InProcessEmpty",
                    {{"authorization", "Bearer admin-admin-admin-admin"}, {kInProcessMetadata, ""}},
                    "RESERVED_METADATA"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(TokensTest, AnAgentRegistersItsOwnServersAlone) {
  const auto token = Bearer("vid-vid-vid-vid-vid-vid");
  const auto own = Registration("vid-1", "10.0.0.7");
  EXPECT_EQ(Reason(kRegisterOrigin, token, &own), "OK");

  const auto admins = Registration("edge-1", "10.0.0.8");
  EXPECT_EQ(Reason(kRegisterOrigin, RoleTokens().at(AccessRole::kAdmin), &admins), "OK");
  const auto before = origins_.snapshot()->Find("edge-1-s1-42");
  ASSERT_NE(before, nullptr);

  const auto claimed = Registration("edge-1", "10.6.6.6");
  const auto status = Call(Channel(), kRegisterOrigin, token, &claimed);
  EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied);
  EXPECT_EQ(ReasonOf(status), "SCOPE_DENIED");
  EXPECT_EQ(ErrorInfoOf(status).metadata().at("server"), "edge-1");
  EXPECT_THAT(MessageOf(status), Not(HasSubstr("vid-vid"))) << "no token is revealed";
  EXPECT_EQ(origins_.snapshot()->Find("edge-1-s1-42"), before);
  EXPECT_EQ(Metric("srsproxy_auth_decisions_total{reason=\"scope_denied\",result=\"denied\"}"), 1);

  auto at_its_address = Registration("vid-1", "10.0.0.8");
  EXPECT_EQ(Reason(kRegisterOrigin, token, &at_its_address), "SCOPE_DENIED");
  EXPECT_EQ(origins_.snapshot()->Find("edge-1-s1-42"), before);
}

TEST_F(TokensTest, OnlyTheLeaseRenewsAndEndsARegistration) {
  const auto& token = RoleTokens().at(AccessRole::kOrigin);
  const auto registration = Registration("vid-1", "10.0.0.7");
  v1::RegisterOriginResponse registered;
  ASSERT_TRUE(Call(Channel(), kRegisterOrigin, token, &registration, &registered).ok());

  v1::HeartbeatRequest beat;
  beat.set_lease_id(registered.lease_id());
  EXPECT_EQ(Reason(kHeartbeat, token, &beat), "OK");
  auto forged = registered.lease_id();
  forged.back() = forged.back() == '0' ? '1' : '0';
  beat.set_lease_id(forged);
  EXPECT_EQ(Reason(kHeartbeat, token, &beat), "LEASE_EXPIRED");

  v1::DeregisterOriginRequest by_id;
  by_id.set_origin_id("vid-1-s1-42");
  EXPECT_EQ(Reason(kDeregisterOrigin, token, &by_id), "ROLE_DENIED");
  v1::DeregisterOriginRequest by_lease;
  by_lease.set_lease_id(forged);
  EXPECT_EQ(Reason(kDeregisterOrigin, token, &by_lease), "LEASE_EXPIRED");
  EXPECT_NE(origins_.snapshot()->Find("vid-1-s1-42"), nullptr);

  by_lease.set_lease_id(registered.lease_id());
  EXPECT_EQ(Reason(kDeregisterOrigin, token, &by_lease), "OK");
  EXPECT_EQ(Reason(kDeregisterOrigin, token, &by_lease), "LEASE_EXPIRED") << "replayed";
  beat.set_lease_id(registered.lease_id());
  EXPECT_EQ(Reason(kHeartbeat, token, &beat), "LEASE_EXPIRED") << "replayed";
}

TEST_F(TokensTest, TheFileIsReadAgainWhenItChanges) {
  EXPECT_EQ(Reason(kGetProxy, Bearer("viewer-viewer-viewer")), "OK");
  files_.Write("tokens.yaml", "tokens:\n  - {token: other-other-other-other, role: viewer}\n");
  const auto give_up = std::chrono::steady_clock::now() + kDeadline;
  while (Reason(kGetProxy, Bearer("other-other-other-other")) != "OK") {
    ASSERT_LT(std::chrono::steady_clock::now(), give_up);
  }
  EXPECT_EQ(Reason(kGetProxy, Bearer("viewer-viewer-viewer")), "TOKEN_REQUIRED");
}

TEST_F(TokensTest, TheSystemApiNeedsNoToken) {
  const auto response = Fetch(
      HttpPost("/api/v1/srs/register",
               R"({"ip":"10.0.0.7","server":"edge-1","service":"s1","pid":"42","rtmp":["1935"]})"));
  EXPECT_EQ(response.result_int(), 200U) << response.body();
}

class TlsTest : public AccessTest {
 protected:
  TlsTest()
      : AccessTest([](Certificates& files) -> std::map<std::string, std::string> {
          files.Make("server");
          return {{"grpc_tls_cert", files.Cert("server")}, {"grpc_tls_key", files.Key("server")}};
        }) {}
};

TEST_F(TlsTest, ServesThoseWhoTrustTheCertificate) {
  EXPECT_TRUE(Call(TlsChannel("server"), kGetProxy, {}).ok());
  EXPECT_EQ(Call(Channel(), kGetProxy, {}).code(), absl::StatusCode::kUnavailable) << "plain text";
  files_.Make("stranger");
  EXPECT_EQ(Call(TlsChannel("stranger"), kGetProxy, {}).code(), absl::StatusCode::kUnavailable);
  EXPECT_GT(Metric("srsproxy_tls_cert_expiry_timestamp_seconds{listener=\"grpc_server\"}"),
            static_cast<double>(std::time(nullptr)));
}

TEST_F(TlsTest, AReplacedCertificateIsUsedByTheNextConnection) {
  const auto open = TlsChannel("server");
  ASSERT_TRUE(Call(open, kGetProxy, {}).ok());
  const auto former = Certificates::Read(files_.Cert("server"));
  files_.Make("next");
  files_.Replace("server", "next");
  files_.Write("former.pem", former);

  ASSERT_TRUE(TlsChannel("server")->WaitForConnected(std::chrono::system_clock::now() + kDeadline))
      << "with the new certificate";
  EXPECT_EQ(Call(TlsChannel("former"), kGetProxy, {}).code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(Call(open, kGetProxy, {}).ok()) << "an open connection stays";
}

TEST_F(TlsTest, ABrokenCertificateLeavesTheFormerInForce) {
  GrpcCertificates certificates(
      {.cert = files_.Cert("server"), .key = files_.Key("server"), .client_ca = {}});
  ASSERT_TRUE(certificates.Reload().ok());
  files_.Make("other");
  const auto good = Certificates::Read(files_.Cert("server"));
  files_.Write("server.pem", Certificates::Read(files_.Cert("other")));  // Not the key's.
  const auto status = certificates.Reload().status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(status), HasSubstr("PROXY_GRPC_TLS_KEY: "));
  files_.Write("server.pem", good);

  Readiness readiness;
  Metrics metrics("test");
  const auto server = ControlServer::Start({.enabled = true, .host = "127.0.0.1", .port = 0},
                                           certificates.Credentials(), {}, readiness, metrics);
  ASSERT_TRUE(server.ok()) << server.status();
  grpc::SslCredentialsOptions options;
  options.pem_root_certs = good;
  const auto channel = grpc::CreateChannel("127.0.0.1:" + std::to_string((*server)->port()),
                                           grpc::SslCredentials(options));
  EXPECT_TRUE(Call(channel, "grpc.health.v1.Health/Check", {}).ok());
}

class MutualTlsTest : public AccessTest {
 protected:
  explicit MutualTlsTest(const std::string& tokens = "")
      : AccessTest([&tokens](Certificates& files) {
          files.Make("server");
          files.Make("clients");
          files.Make("operator", "clients");
          std::map<std::string, std::string> flags = {
              {"grpc_tls_cert", files.Cert("server")},
              {"grpc_tls_key", files.Key("server")},
              {"grpc_tls_client_ca", files.Cert("clients")}};
          if (!tokens.empty()) flags["tokens_file"] = files.Write("tokens.yaml", tokens);
          return flags;
        }) {}
};

TEST_F(MutualTlsTest, ACertificateThatTheAuthoritySignedIsAnAdmin) {
  v1::DeregisterOriginRequest request;
  request.set_origin_id("nobody");
  EXPECT_EQ(ReasonOf(Call(TlsChannel("server", "operator"), kDeregisterOrigin, {}, &request)),
            "ORIGIN_NOT_FOUND");
  EXPECT_EQ(Metric("srsproxy_auth_decisions_total{reason=\"certificate\",result=\"allowed\"}"), 1);
}

TEST_F(MutualTlsTest, NobodyElseConnects) {
  files_.Make("strangers");
  files_.Make("stranger", "strangers");
  files_.Make("forged", "operator");  // Signed by a certificate that may sign nothing.
  for (const char* own : {"", "server", "strangers", "stranger", "forged"}) {
    EXPECT_EQ(Call(TlsChannel("server", own), kGetProxy, {}).code(), absl::StatusCode::kUnavailable)
        << own;
  }
}

class MutualTlsWithTokensTest : public MutualTlsTest {
 protected:
  MutualTlsWithTokensTest() : MutualTlsTest(kTokens) {}
};

TEST_F(MutualTlsWithTokensTest, TheTokenDecides) {
  const auto channel = TlsChannel("server", "operator");
  EXPECT_EQ(ReasonOf(Call(channel, kGetProxy, {})), "TOKEN_REQUIRED");
  const auto& viewer = RoleTokens().at(AccessRole::kViewer);
  EXPECT_EQ(ReasonOf(Call(channel, kGetProxy, viewer)), "OK");
  EXPECT_EQ(ReasonOf(Call(channel, kDeregisterOrigin, viewer)), "ROLE_DENIED");
  EXPECT_EQ(Call(TlsChannel("server"), kGetProxy, viewer).code(), absl::StatusCode::kUnavailable);
}

constexpr char kRegisterPath[] = "/api/v1/srs/register";

std::string RegisterRequest(const std::string& ip, const std::string& headers = "") {
  const std::string body = "{\"ip\":\"" + ip +
                           "\",\"server\":\"vid-1\",\"service\":\"s1\",\"pid\":\"42\","
                           "\"rtmp\":[\"1935\"]}";
  return std::string("POST ") + kRegisterPath + " HTTP/1.1\r\nHost: proxy\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

class HttpAuthTest : public ControlPlaneTest {
 protected:
  HttpAuthTest()
      : ControlPlaneTest({{"http_api_auth_enabled", "on"}, {"http_api_auth_token", "sesame"}}) {}
};

TEST_F(HttpAuthTest, RegisteringNeedsTheToken) {
  for (const char* header : {"", "Authorization: Bearer sesam\r\n",
                             "Authorization: Bearer Sesame\r\n", "Authorization: Basic sesame\r\n",
                             "Authorization: sesame\r\n", "Authorization: Bearer \r\n",
                             "Authorization: Bearer sesame\r\nAuthorization: Bearer sesame\r\n"}) {
    const auto response = Fetch(RegisterRequest("10.0.0.7", header));
    EXPECT_EQ(response.result_int(), 401U) << header;
    EXPECT_EQ(response["WWW-Authenticate"], "Bearer realm=\"srsproxy\"");
    EXPECT_THAT(response.body(), HasSubstr("TOKEN_REQUIRED"));
    EXPECT_THAT(response.body(), Not(HasSubstr("sesam")));
  }
  EXPECT_TRUE(origins_.snapshot()->origins.empty());
  EXPECT_EQ(Metric("srsproxy_auth_decisions_total{reason=\"token_required\",result=\"denied\"}"),
            7);

  EXPECT_EQ(Fetch(RegisterRequest("10.0.0.7", "authorization: bearer sesame\r\n")).result_int(),
            200U);
  EXPECT_EQ(origins_.snapshot()->origins.size(), 1U);
}

TEST_F(HttpAuthTest, NothingElseNeedsIt) {
  for (const char* path : {"/api/v1/versions", "/metrics", "/healthz", "/readyz"}) {
    EXPECT_EQ(Fetch(HttpGet(path)).result_int(), 200U) << path;
  }
}

class SystemApiAllowTest : public ControlPlaneTest {
 protected:
  SystemApiAllowTest() : ControlPlaneTest({{"system_api_allow", "10.0.0.0/8,::1"}}) {}
};

TEST_F(SystemApiAllowTest, StrangersMayOnlyProbe) {
  EXPECT_EQ(Fetch(RegisterRequest("10.0.0.7")).result_int(), 403U);
  for (const char* path : {"/api/v1/versions", "/metrics", "/other"}) {
    EXPECT_EQ(Fetch(HttpGet(path)).result_int(), 403U) << path;
  }
  for (const char* path : {"/healthz", "/livez", "/readyz"}) {
    EXPECT_EQ(Fetch(HttpGet(path)).result_int(), 200U) << path;
  }
  EXPECT_TRUE(origins_.snapshot()->origins.empty());
  EXPECT_THAT(metrics_.Serialize(),
              HasSubstr("srsproxy_auth_decisions_total{reason=\"network_denied\","
                        "result=\"denied\"} 4"));

  auto config = *config_.Get();
  config.system_api_allow = {*Network::Parse("127.0.0.0/8")};
  config_.Set(config);
  EXPECT_EQ(Fetch(RegisterRequest("10.0.0.7")).result_int(), 200U);
}

class OriginAddressesApiTest : public ControlPlaneTest {};

TEST_F(OriginAddressesApiTest, ThePortsOfTheControlPlaneAreNoOrigins) {
  for (const uint16_t port : {control_->grpc_port(), control_->system_api_port()}) {
    for (const char* ip : {"127.0.0.1", "localhost", "0x7f000001"}) {
      auto request = Registration("me", ip);
      request.mutable_registration()->clear_rtmp();
      request.mutable_registration()->add_rtmp(std::to_string(port));
      const auto status = Call(Channel(), kRegisterOrigin, {}, &request);
      EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << ip;
      EXPECT_EQ(ReasonOf(status), "OWN_LISTENER") << ip;
    }
  }
  EXPECT_EQ(Fetch(RegisterRequest("169.254.169.254")).result_int(), 403U);
  EXPECT_TRUE(origins_.snapshot()->origins.empty());
}

class OriginNetworksApiTest : public ControlPlaneTest {
 protected:
  OriginNetworksApiTest() : ControlPlaneTest({{"origin_networks", "10.0.0.0/8"}}) {}
};

TEST_F(OriginNetworksApiTest, AnOriginElsewhereIsRefusedAndListed) {
  for (const char* ip : {"192.0.2.1", "2001:db8::1", "origin.example.com"}) {
    const auto request = Registration("vid-1", ip);
    const auto status = Call(Channel(), kRegisterOrigin, {}, &request);
    EXPECT_EQ(status.code(), absl::StatusCode::kPermissionDenied) << ip;
    EXPECT_EQ(ReasonOf(status), "SCOPE_DENIED") << ip;
    EXPECT_EQ(ErrorInfoOf(status).metadata().at("address"), ip);
    EXPECT_EQ(Fetch(RegisterRequest(ip)).result_int(), 403U) << ip;
  }
  EXPECT_TRUE(origins_.snapshot()->origins.empty());

  v1::ListOriginsResponse listed;
  ASSERT_TRUE(Call(Channel(), "srsproxy.v1.OriginService/ListOrigins", {}, nullptr, &listed).ok());
  ASSERT_EQ(listed.refusals_size(), 1);
  EXPECT_EQ(listed.refusals(0).count(), 6);
  EXPECT_THAT(listed.refusals(0).message(), HasSubstr("PROXY_ORIGIN_NETWORKS"));

  const auto request = Registration("vid-1", "10.0.0.7");
  EXPECT_EQ(ReasonOf(Call(Channel(), kRegisterOrigin, {}, &request)), "OK");
}

}  // namespace
}  // namespace srsproxy::control
