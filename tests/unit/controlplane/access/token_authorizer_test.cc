#include "controlplane/access/token_authorizer.h"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy::control {
namespace {

using absl::StatusCode;
using testing::HasSubstr;
using testing::Not;

class TokenAuthorizerTest : public testing::Test {
 protected:
  TokenAuthorizerTest() {
    std::ofstream(path_) << "tokens:\n"
                            "  - {token: admin-token-0123456789, role: admin}\n"
                            "  - {token: viewer-token-0123456789, role: viewer}\n"
                            "  - {token: peer-token-0123456789, role: peer}\n"
                            "  - {token: origin-token-0123456789, role: origin}\n";
    chmod(path_.c_str(), 0600);
    EXPECT_TRUE(tokens_.Reload().ok());
    LogOptions options;
    options.sink = [this](std::string_view line) { lines_.emplace_back(line); };
    logger_ = std::make_unique<Logger>(std::move(options));
    authorizer_ = std::make_unique<TokenAuthorizer>(&tokens_, clock_, *logger_, metrics_);
  }
  ~TokenAuthorizerTest() override { std::filesystem::remove(path_); }

  absl::Status Check(const std::string& authorization, AccessLevel needed) {
    return authorizer_->Check({.needed = needed,
                               .authorization = authorization,
                               .client = "10.0.0.9",
                               .action = "DELETE /api/v1/clients"});
  }

  // Whether the metrics have this sample of the decisions.
  bool Counted(const std::string& sample) {
    return metrics_.Serialize().find("\nsrsproxy_auth_decisions_total" + sample) !=
           std::string::npos;
  }

  // What was logged; ends the logging.
  const std::vector<std::string>& Lines() {
    authorizer_.reset();
    logger_.reset();
    return lines_;
  }

  const std::string path_ = testing::TempDir() + "/authorizer-" + std::to_string(getpid());
  FakeClock clock_;
  Metrics metrics_{"1"};
  TokenStore tokens_{path_};
  std::vector<std::string> lines_;
  std::unique_ptr<Logger> logger_;
  std::unique_ptr<TokenAuthorizer> authorizer_;
};

TEST_F(TokenAuthorizerTest, EachRoleMayWhatItMay) {
  struct Case {
    std::string authorization;
    StatusCode view;
    StatusCode admin;
  };
  const std::vector<Case> cases = {
      {"Bearer admin-token-0123456789", StatusCode::kOk, StatusCode::kOk},
      {"bearer viewer-token-0123456789", StatusCode::kOk, StatusCode::kPermissionDenied},
      {"Bearer peer-token-0123456789", StatusCode::kOk, StatusCode::kPermissionDenied},
      {"Bearer origin-token-0123456789", StatusCode::kPermissionDenied,
       StatusCode::kPermissionDenied},
      {"Bearer admin-token-012345678", StatusCode::kUnauthenticated, StatusCode::kUnauthenticated},
      {"Basic admin-token-0123456789", StatusCode::kUnauthenticated, StatusCode::kUnauthenticated},
      {"Bearer ", StatusCode::kUnauthenticated, StatusCode::kUnauthenticated},
      {"", StatusCode::kUnauthenticated, StatusCode::kUnauthenticated},
  };
  EXPECT_TRUE(authorizer_->enforced());
  for (const auto& [authorization, view, admin] : cases) {
    EXPECT_EQ(Check(authorization, AccessLevel::kView).code(), view) << authorization;
    EXPECT_EQ(Check(authorization, AccessLevel::kAdmin).code(), admin) << authorization;
  }
}

TEST_F(TokenAuthorizerTest, DecisionsAreCountedAndRefusalsLoggedWithoutTheToken) {
  EXPECT_TRUE(Check("Bearer viewer-token-0123456789", AccessLevel::kView).ok());
  const auto denied = Check("Bearer viewer-token-0123456789", AccessLevel::kAdmin);
  EXPECT_THAT(std::string(MessageOf(denied)),
              HasSubstr("the role viewer; this needs the role admin"));
  EXPECT_FALSE(Check("Bearer some-other-token-123", AccessLevel::kView).ok());
  EXPECT_TRUE(Counted(R"({reason="token",result="allowed"} 1)"));
  EXPECT_TRUE(Counted(R"({reason="role_denied",result="denied"} 1)"));
  EXPECT_TRUE(Counted(R"({reason="token_required",result="denied"} 1)"));
  const auto& lines = Lines();
  ASSERT_EQ(lines.size(), 1);  // Once a minute for each address.
  EXPECT_THAT(lines[0], HasSubstr("DELETE /api/v1/clients"));
  EXPECT_THAT(lines[0], HasSubstr("10.0.0.9"));
  EXPECT_THAT(lines[0], Not(HasSubstr("token-0123456789")));
}

TEST_F(TokenAuthorizerTest, WithoutTokensEverybodyMay) {
  TokenAuthorizer open(nullptr, clock_, *logger_, metrics_);
  EXPECT_FALSE(open.enforced());
  EXPECT_TRUE(open.Check({.needed = AccessLevel::kAdmin,
                          .authorization = "",
                          .client = "10.0.0.9",
                          .action = "x"})
                  .ok());
}

}  // namespace
}  // namespace srsproxy::control
