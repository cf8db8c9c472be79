#include "controlplane/config/config_access.h"

#include <sys/stat.h>

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/certificates.h"

namespace srsproxy::control {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr char kTokens[] = "tokens:\n  - {token: sesame-sesame-sesame, role: admin}\n";

class ConfigAccessTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    files_ = std::make_unique<Certificates>();
    files_->Make("server");
    files_->Make("other");
    files_->Write("tokens.yaml", kTokens);
    files_->Write("empty.pem", "");
  }
  static void TearDownTestSuite() { files_.reset(); }

  ConfigAccessTest() {
    config_.grpc_server = {.enabled = true, .host = "127.0.0.1", .port = 12026};
    config_.system_api = {.enabled = true, .host = "127.0.0.1", .port = 12025};
  }

  void SetTls() {
    config_.grpc_tls_cert = files_->Cert("server");
    config_.grpc_tls_key = files_->Key("server");
  }
  void SetTokens() { config_.tokens_file = files_->directory() + "/tokens.yaml"; }

  // "setting: reason" of each problem.
  std::vector<std::string> Problems() const {
    std::vector<ConfigProblem> problems;
    CheckAccess(config_, problems);
    std::vector<std::string> lines;
    for (const auto& problem : problems) lines.push_back(problem.setting + ": " + problem.reason);
    return lines;
  }

  static std::unique_ptr<Certificates> files_;
  Config config_;
};

std::unique_ptr<Certificates> ConfigAccessTest::files_;

TEST_F(ConfigAccessTest, TheDefaultsAreFine) {
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_THAT(AccessWarnings(config_), IsEmpty());
}

TEST_F(ConfigAccessTest, GoodFilesAreFine) {
  SetTls();
  SetTokens();
  config_.grpc_tls_client_ca = files_->Cert("other");
  EXPECT_THAT(Problems(), IsEmpty());
}

TEST_F(ConfigAccessTest, AWideGrpcAddressNeedsTlsAndProof) {
  config_.grpc_server.host = "";
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("grpc_server: ':12026' is not a loopback")));
  SetTokens();
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("in plain text")));
  SetTls();
  EXPECT_THAT(Problems(), IsEmpty());
  config_.tokens_file.clear();
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("set tokens_file or grpc_tls_client_ca")));
  config_.grpc_tls_client_ca = files_->Cert("other");
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_THAT(AccessWarnings(config_), IsEmpty());
}

TEST_F(ConfigAccessTest, AnOpenGrpcAddressCanBeAllowedAndIsWarnedAbout) {
  config_.grpc_server.host = "10.0.0.1";
  config_.grpc_allow_insecure = true;
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_THAT(AccessWarnings(config_), ElementsAre(HasSubstr("anybody controls this proxy")));
  SetTokens();
  EXPECT_THAT(AccessWarnings(config_), ElementsAre(HasSubstr("plain text")));
  SetTls();
  EXPECT_THAT(AccessWarnings(config_), IsEmpty());
}

TEST_F(ConfigAccessTest, AnOpenSystemApiIsWarnedAbout) {
  config_.system_api.host = "";
  EXPECT_THAT(AccessWarnings(config_), ElementsAre(HasSubstr("register an origin")));
  const std::function<void(Config&)> remedies[] = {
      [](Config& c) { c.http_api_auth_enabled = true; },
      [](Config& c) { c.system_api_allow = {*Network::Parse("10.0.0.0/8")}; },
      [](Config& c) { c.origin_networks = {*Network::Parse("10.0.0.0/8")}; },
      [](Config& c) { c.system_api.enabled = false; },
      [](Config& c) { c.system_api.host = "::1"; },
  };
  for (const auto& remedy : remedies) {
    auto config = config_;
    remedy(config);
    EXPECT_THAT(AccessWarnings(config), IsEmpty());
  }
}

TEST_F(ConfigAccessTest, AnOpenClusterApiIsWarnedAbout) {
  config_.http_api = {.enabled = true, .host = "", .port = 11985};
  config_.cluster_api = true;
  EXPECT_THAT(AccessWarnings(config_), ElementsAre(HasSubstr("end the origins' clients")));
  const std::function<void(Config&)> remedies[] = {
      [](Config& c) { c.cluster_api = false; },
      [](Config& c) { c.tokens_file = "tokens.yaml"; },
      [](Config& c) { c.http_api.enabled = false; },
      [](Config& c) { c.http_api.host = "127.0.0.1"; },
  };
  for (const auto& remedy : remedies) {
    auto config = config_;
    remedy(config);
    EXPECT_THAT(AccessWarnings(config), IsEmpty());
  }
}

TEST_F(ConfigAccessTest, HttpAuthNeedsItsTokenAndTheTokenItsSwitch) {
  config_.http_api_auth_enabled = true;
  EXPECT_THAT(Problems(), ElementsAre("http_api_auth_enabled: needs http_api_auth_token"));
  config_.http_api_auth_token = "sesame";
  EXPECT_THAT(Problems(), IsEmpty());
  EXPECT_THAT(AccessWarnings(config_), IsEmpty());
  config_.http_api_auth_enabled = false;
  EXPECT_THAT(AccessWarnings(config_), ElementsAre(HasSubstr("AUTH_TOKEN has no effect")));
}

TEST_F(ConfigAccessTest, TokensForOthersToReadAreRefused) {
  SetTokens();
  ASSERT_EQ(chmod(config_.tokens_file.c_str(), 0644), 0);
  EXPECT_THAT(Problems(), ElementsAre(HasSubstr("run: chmod 600 '" + config_.tokens_file + "'")));
  ASSERT_EQ(chmod(config_.tokens_file.c_str(), 0600), 0);
}

struct WrongFileCase {
  const char* name;
  std::string Config::*setting;
  const char* file;  // In the folder; empty: not set.
  const char* problem;
};

class WrongFileTest : public ConfigAccessTest, public testing::WithParamInterface<WrongFileCase> {};

TEST_P(WrongFileTest, IsReportedWithItsSetting) {
  SetTls();
  config_.grpc_tls_client_ca = files_->Cert("other");
  const std::string file = GetParam().file;
  config_.*GetParam().setting = file.empty() ? "" : files_->directory() + "/" + file;
  EXPECT_THAT(Problems(), testing::Contains(HasSubstr(GetParam().problem)));
}

INSTANTIATE_TEST_SUITE_P(
    Files, WrongFileTest,
    testing::Values(
        WrongFileCase{"NoKey", &Config::grpc_tls_key, "", "grpc_tls_cert: needs grpc_tls_key"},
        WrongFileCase{"NoCert", &Config::grpc_tls_cert, "", "grpc_tls_key: needs grpc_tls_cert"},
        WrongFileCase{"CaWithoutCert", &Config::grpc_tls_cert, "",
                      "grpc_tls_client_ca: needs grpc_tls_cert"},
        WrongFileCase{"MissingCert", &Config::grpc_tls_cert, "none.pem", "none.pem cannot be read"},
        WrongFileCase{"EmptyCert", &Config::grpc_tls_cert, "empty.pem",
                      "empty.pem holds no certificate"},
        WrongFileCase{"KeyAsCert", &Config::grpc_tls_cert, "server.key",
                      "server.key holds no certificate"},
        WrongFileCase{"FolderAsKey", &Config::grpc_tls_key, ".", "it is no file"},
        WrongFileCase{"CertAsKey", &Config::grpc_tls_key, "server.pem",
                      "server.pem holds no private key"},
        WrongFileCase{"OtherKey", &Config::grpc_tls_key, "other.key",
                      "other.key does not belong to the certificate"},
        WrongFileCase{"KeyAsCa", &Config::grpc_tls_client_ca, "server.key", "grpc_tls_client_ca: "},
        WrongFileCase{"MissingTokens", &Config::tokens_file, "none.yaml",
                      "none.yaml: No such file"},
        WrongFileCase{"CertAsTokens", &Config::tokens_file, "server.pem", "tokens_file: "}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace srsproxy::control
