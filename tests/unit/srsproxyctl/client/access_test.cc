// How srsproxyctl proves itself, and whom it trusts.
#include <string>

#include <gmock/gmock.h>
#include <grpcpp/security/server_credentials.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"
#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class AccessTest : public CommandTest {
 protected:
  Certificates files_;
};

TEST_F(AccessTest, WithoutATokenNoneIsSent) {
  EXPECT_EQ(RunCommand("proxy get"), 0);
  EXPECT_EQ(fake_.authorization(), "");
}

TEST_F(AccessTest, TheTokenGoesWithEachCall) {
  const std::string file = files_.Write("token", "from-file\n");
  EXPECT_EQ(RunCommand("proxy get --token secret"), 0);
  EXPECT_EQ(fake_.authorization(), "Bearer secret");
  EXPECT_EQ(RunCommand("proxy get --token-file " + file), 0);
  EXPECT_EQ(fake_.authorization(), "Bearer from-file");
  environment_.variables["SRSPROXYCTL_TOKEN_FILE"] = file;
  EXPECT_EQ(RunCommand("proxy get"), 0);
  EXPECT_EQ(fake_.authorization(), "Bearer from-file");
  EXPECT_EQ(RunCommand("proxy get --token flag"), 0);
  EXPECT_EQ(fake_.authorization(), "Bearer flag") << "a flag wins over a variable";
  EXPECT_EQ(RunCommand("event watch --token watching"), 5);
  EXPECT_EQ(fake_.authorization(), "Bearer watching");
}

TEST_F(AccessTest, ATokenThatCannotBeUsedIsRefused) {
  const std::string empty = files_.Write("empty", "\n");
  EXPECT_EQ(RunCommand("proxy get --token-file " + empty), 2);
  EXPECT_EQ(RunCommand("proxy get --token-file /no/such/file"), 2);
  EXPECT_THAT(err(), HasSubstr("No such file"));
  EXPECT_EQ(RunCommand("proxy get --token a --token-file " + empty), 2);
  EXPECT_EQ(RunArguments({"proxy", "get", "--token", "two\nlines"}), 2);
  EXPECT_THAT(err(), testing::Not(HasSubstr("two"))) << "tokens are not shown";
  EXPECT_THAT(fake_.calls(), IsEmpty());
}

TEST_F(AccessTest, ATokenIsNotSentInPlainTextToAnotherMachine) {
  const std::string endpoints = fake_.endpoint() + ",192.0.2.1:1";
  EXPECT_EQ(RunCommand("proxy get --token secret --endpoint " + endpoints), 2);
  EXPECT_THAT(err(), HasSubstr("--allow-insecure-token"));
  EXPECT_THAT(fake_.calls(), IsEmpty());
  EXPECT_EQ(RunCommand("proxy get --allow-insecure-token --token secret --endpoint " + endpoints),
            0);
  environment_.variables["SRSPROXYCTL_ALLOW_INSECURE_TOKEN"] = "on";
  EXPECT_EQ(RunCommand("proxy get --token secret --endpoint " + endpoints), 0);
}

TEST_F(AccessTest, TlsOptionsHaveToGoTogether) {
  EXPECT_EQ(RunCommand("proxy get --tls-cert /dev/null"), 2);
  EXPECT_THAT(err(), HasSubstr("--tls-key"));
  EXPECT_EQ(RunCommand("proxy get --tls-ca /no/such/file"), 2);
  EXPECT_THAT(fake_.calls(), IsEmpty());
}

class TlsTest : public CommandTest {
 protected:
  TlsTest() {
    files_.Make("ca");
    files_.Make("server", "ca");
    files_.Make("client", "ca");
    files_.Make("stranger");
    grpc::SslServerCredentialsOptions options(
        GRPC_SSL_REQUEST_AND_REQUIRE_CLIENT_CERTIFICATE_AND_VERIFY);
    options.pem_root_certs = Certificates::Read(files_.Cert("ca"));
    options.pem_key_cert_pairs = {
        {Certificates::Read(files_.Key("server")), Certificates::Read(files_.Cert("server"))}};
    secure_ = std::make_unique<FakeProxy>(grpc::SslServerCredentials(options));
    environment_.variables["SRSPROXYCTL_ENDPOINT"] = secure_->endpoint();
  }

  std::string Client(const std::string& name) {
    return " --tls-cert " + files_.Cert(name) + " --tls-key " + files_.Key(name);
  }

  Certificates files_;
  std::unique_ptr<FakeProxy> secure_;
};

TEST_F(TlsTest, BothSidesProveThemselves) {
  EXPECT_EQ(RunCommand("proxy get --token t --tls-ca " + files_.Cert("ca") + Client("client")), 0)
      << err();
  EXPECT_EQ(secure_->authorization(), "Bearer t");
}

TEST_F(TlsTest, VariablesDoAsWell) {
  environment_.variables["SRSPROXYCTL_TLS_CA"] = files_.Cert("ca");
  environment_.variables["SRSPROXYCTL_TLS_CERT"] = files_.Cert("client");
  environment_.variables["SRSPROXYCTL_TLS_KEY"] = files_.Key("client");
  EXPECT_EQ(RunCommand("proxy get"), 0) << err();
}

TEST_F(TlsTest, WhoIsNotTrustedIsNotTalkedTo) {
  const std::string ca = " --tls-ca " + files_.Cert("ca");
  EXPECT_EQ(RunCommand("proxy get --tls-ca " + files_.Cert("stranger") + Client("client")), 4);
  EXPECT_THAT(err(), HasSubstr("--tls-ca"));
  EXPECT_EQ(RunCommand("proxy get --tls" + Client("client")), 4);
  EXPECT_EQ(RunCommand("proxy get --tls-server-name other.example.com" + ca + Client("client")), 4);
  EXPECT_EQ(RunCommand("proxy get" + ca + Client("stranger")), 4);
  EXPECT_EQ(RunCommand("proxy get --timeout 2s"), 4) << "without TLS";
  EXPECT_THAT(secure_->calls(), IsEmpty());
}

}  // namespace
}  // namespace srsproxy::ctl
