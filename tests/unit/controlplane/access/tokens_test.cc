#include "controlplane/access/tokens.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr char kAdminToken[] = "admin-token-0123456789";
constexpr char kAgentToken[] = "agent-token-0123456789";
constexpr char kFile[] = R"(
tokens:
  - token: admin-token-0123456789
    role: admin
  - token: agent-token-0123456789
    role: origin
    name: edge agents
    servers: [edge-1, "vid-*"]
)";

TEST(TokenTableTest, KnowsEachTokenAndNoOther) {
  const auto table = TokenTable::Parse(kFile);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->size(), 2U);

  const auto admin = table->Find(kAdminToken);
  ASSERT_NE(admin, nullptr);
  EXPECT_EQ(admin->role, AccessRole::kAdmin);
  EXPECT_EQ(admin->name, "the token of line 3");
  const auto agent = table->Find(kAgentToken);
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agent->role, AccessRole::kOrigin);
  EXPECT_EQ(agent->name, "the token 'edge agents'");
  EXPECT_THAT(agent->servers, testing::ElementsAre("edge-1", "vid-*"));

  for (const char* forged : {"", "admin-token-012345678", "admin-token-01234567890",
                             "ADMIN-TOKEN-0123456789", "agent-token-0123456788"}) {
    EXPECT_EQ(table->Find(forged), nullptr) << forged;
  }
}

struct BadFileCase {
  const char* name;
  const char* yaml;
  const char* shown;
};

class BadTokensTest : public testing::TestWithParam<BadFileCase> {};

TEST_P(BadTokensTest, AreRefusedWithoutRevealingAToken) {
  const auto table = TokenTable::Parse(GetParam().yaml);
  ASSERT_EQ(table.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(MessageOf(table.status()), HasSubstr(GetParam().shown));
  EXPECT_THAT(MessageOf(table.status()), Not(HasSubstr("sesame")));
}

INSTANTIATE_TEST_SUITE_P(
    Files, BadTokensTest,
    testing::Values(
        BadFileCase{"Empty", "", "no list `tokens:`"},
        BadFileCase{"NoMap", "sesame-sesame-sesame", "no list `tokens:`"},
        BadFileCase{"NoYaml", "tokens: [", "line "},
        BadFileCase{"NoTokens", "tokens: []", "no token"},
        BadFileCase{"OtherKey", "tokens: []\nroles: []", "no key 'roles'"},
        BadFileCase{"EntryIsText", "tokens:\n  - sesame-sesame-sesame", "line 2: "},
        BadFileCase{"NoToken", "tokens:\n  - role: admin", "line 2: `token` has 0 characters"},
        BadFileCase{"Short", "tokens:\n  - {token: sesame-sesame-1, role: admin}",
                    "`token` has 15 characters; it needs 16 to 512"},
        BadFileCase{"Space", "tokens:\n  - {token: sesame sesame sesame, role: admin}",
                    "only letters, digits"},
        BadFileCase{"TokenIsList", "tokens:\n  - {token: [sesame], role: admin}", "is no text"},
        BadFileCase{"NoRole", "tokens:\n  - {token: sesame-sesame-sesame}", "`role` is not one of"},
        BadFileCase{"WrongRole", "tokens:\n  - {token: sesame-sesame-sesame, role: root}",
                    "`role` is not one of origin, viewer, admin, peer"},
        BadFileCase{"WrongKey",
                    "tokens:\n  - {token: sesame-sesame-sesame, role: origin, server: [a]}",
                    "no key 'server'"},
        BadFileCase{"RoleTwice",
                    "tokens:\n  - {token: sesame-sesame-sesame, role: viewer, role: admin}",
                    "`role` again"},
        BadFileCase{"ServersOfAdmin",
                    "tokens:\n  - {token: sesame-sesame-sesame, role: admin, servers: [a]}",
                    "for the role origin alone"},
        BadFileCase{"NoServers",
                    "tokens:\n  - {token: sesame-sesame-sesame, role: origin, servers: []}",
                    "leave it out to allow all"},
        BadFileCase{"ServersIsText",
                    "tokens:\n  - {token: sesame-sesame-sesame, role: origin, servers: a}",
                    "is no list"},
        BadFileCase{"EmptyServer",
                    "tokens:\n  - {token: sesame-sesame-sesame, role: origin, servers: ['']}",
                    "no name"},
        BadFileCase{"TokenTwice",
                    "tokens:\n  - {token: sesame-sesame-sesame, role: viewer}\n"
                    "  - {token: sesame-sesame-sesame, role: admin}",
                    "line 3: the token of line 2 again"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(TokenTableTest, HasALimit) {
  std::string yaml = "tokens:\n";
  for (size_t i = 0; i <= TokenTable::kMaxTokens; ++i) {
    yaml += "  - {token: sesame-sesame-" + std::to_string(10'000 + i) + ", role: viewer}\n";
  }
  EXPECT_THAT(MessageOf(TokenTable::Parse(yaml).status()), HasSubstr("more than 1000 tokens"));
}

class TokenFileTest : public testing::Test {
 protected:
  TokenFileTest() : directory_(testing::TempDir() + "/srsproxy_tokens_XXXXXX") {
    EXPECT_NE(mkdtemp(directory_.data()), nullptr);
    path_ = directory_ + "/tokens.yaml";
    Write(kFile);
  }
  ~TokenFileTest() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& text, mode_t mode = 0600) const {
    std::ofstream(path_) << text;
    EXPECT_EQ(chmod(path_.c_str(), mode), 0);
  }

  std::string directory_;
  std::string path_;
};

TEST_F(TokenFileTest, IsReadWhenOnlyItsOwnerMayReadIt) {
  for (const mode_t mode : {0600, 0400}) {
    Write(kFile, 0600);
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    EXPECT_TRUE(LoadTokens(path_).ok()) << std::oct << mode;
    ASSERT_EQ(chmod(path_.c_str(), 0600), 0);
  }
}

TEST_F(TokenFileTest, IsRefusedWhenOthersMayTouchIt) {
  for (const mode_t mode : {0644, 0640, 0604, 0620, 0602, 0610}) {
    Write(kFile, mode);
    const auto status = LoadTokens(path_).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << std::oct << mode;
    EXPECT_THAT(MessageOf(status), HasSubstr("run: chmod 600 '" + path_ + "'"));
  }
}

TEST_F(TokenFileTest, IsRefusedWhenItBelongsToAnother) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can give a file away";
  ASSERT_EQ(chown(path_.c_str(), 12345, 12345), 0);
  EXPECT_THAT(MessageOf(LoadTokens(path_).status()), HasSubstr("run: chown 0 '" + path_ + "'"));
}

TEST_F(TokenFileTest, IsRefusedWhenItIsNoFile) {
  EXPECT_THAT(MessageOf(LoadTokens(directory_).status()), HasSubstr("it is no file"));
  EXPECT_THAT(MessageOf(LoadTokens(path_ + "x").status()), HasSubstr("No such file"));
  ASSERT_EQ(mkfifo((directory_ + "/fifo").c_str(), 0600), 0);
  EXPECT_THAT(MessageOf(LoadTokens(directory_ + "/fifo").status()), HasSubstr("it is no file"))
      << "and does not wait for a writer";
}

TEST_F(TokenFileTest, IsReadAgainAllOrNothing) {
  TokenStore store(path_);
  EXPECT_EQ(store.Find(kAdminToken), nullptr) << "nothing was read yet";
  ASSERT_TRUE(store.Reload().ok());
  EXPECT_NE(store.Find(kAdminToken), nullptr);

  Write("tokens:\n  - {token: newer-token-0123456789, role: viewer}\n  - {token: short}\n");
  EXPECT_FALSE(store.Reload().ok());
  EXPECT_NE(store.Find(kAdminToken), nullptr) << "the former tokens stay";
  EXPECT_EQ(store.Find("newer-token-0123456789"), nullptr);

  Write("tokens:\n  - {token: newer-token-0123456789, role: viewer}\n");
  const auto count = store.Reload();
  ASSERT_TRUE(count.ok()) << count.status();
  EXPECT_EQ(*count, 1U);
  EXPECT_EQ(store.Find(kAdminToken), nullptr);
  EXPECT_NE(store.Find("newer-token-0123456789"), nullptr);
}

}  // namespace
}  // namespace srsproxy::control
