// TLS with a real server.
#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/directory/redis/client.h"
#include "tests/support/certificates.h"
#include "tests/support/redis_server.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis::testing {
namespace {

using ::testing::HasSubstr;

class ClientTlsTest : public ClientTest {
 protected:
  ClientTlsTest() {
    std::signal(SIGPIPE, SIG_IGN);  // As the program does: OpenSSL writes to who has left.
    certificates_.Make("ca");
    certificates_.Make("redis", "ca");
  }

  RedisServer::Options Secured() const {
    RedisServer::Options options;
    options.tls_cert = certificates_.Cert("redis");
    options.tls_key = certificates_.Key("redis");
    return options;
  }
  ClientOptions TlsOptions(uint16_t port) {
    auto options = OptionsFor(port);
    options.tls = true;
    options.tls_ca = certificates_.Cert("ca");
    return options;
  }

  Certificates certificates_;
};

TEST_F(ClientTlsTest, CallsOverTls) {
  RedisServer server(Secured());
  Open(TlsOptions(server.tls_port()));
  ASSERT_TRUE(observer_.WaitConnected()) << observer_.why();
  const std::string large(1 << 20, 'x');
  ASSERT_TRUE(CallAndWait(link(), {"SET", "k", large}).ok());
  const auto reply = CallAndWait(link(), {"GET", "k"});
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(*reply->AsText(), large);
}

TEST_F(ClientTlsTest, ACertificateOfSomebodyElseIsRefusedInWords) {
  certificates_.Make("other");
  RedisServer server(Secured());
  auto options = TlsOptions(server.tls_port());
  options.tls_ca = certificates_.Cert("other");
  Open(options);
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
  EXPECT_THAT(observer_.why(), HasSubstr("certificate not accepted"));
}

TEST_F(ClientTlsTest, ACertificateOfAnotherHostIsRefusedInWords) {
  RedisServer server(Secured());
  auto options = TlsOptions(server.tls_port());
  options.host = "localhost";  // The certificate is for the address.
  Open(options);
  ASSERT_TRUE(observer_.WaitLost());
  EXPECT_THAT(observer_.why(), HasSubstr("certificate not accepted: hostname mismatch"));
}

TEST_F(ClientTlsTest, TheSystemDoesNotKnowACertificateOfOnesOwn) {
  RedisServer server(Secured());
  auto options = TlsOptions(server.tls_port());
  options.tls_ca = "";
  Open(options);
  ASSERT_TRUE(observer_.WaitLost());
  EXPECT_THAT(observer_.why(), HasSubstr("certificate not accepted"));
}

TEST_F(ClientTlsTest, AServerWithoutTlsIsNoServer) {
  RedisServer server;
  auto options = TlsOptions(server.port());
  options.connect_timeout = absl::Milliseconds(500);
  Open(options);
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTlsTest, AServerThatWantsTlsIsNoServerWithout) {
  RedisServer server(Secured());
  Open(OptionsFor(server.tls_port()));
  ASSERT_TRUE(observer_.WaitLost(absl::StatusCode::kUnavailable));
}

TEST_F(ClientTlsTest, ACaFileThatIsNoneIsNamed) {
  auto options = TlsOptions(1);
  options.tls_ca = "/nowhere/ca.pem";
  const auto client = Client::Make(options, {}, metrics_, logger_);
  EXPECT_TRUE(absl::IsInvalidArgument(client.status()));
  EXPECT_THAT(std::string(MessageOf(client.status())), HasSubstr("/nowhere/ca.pem"));
}

}  // namespace
}  // namespace srsproxy::redis::testing
