#include "dataplane/protocol/redis/server_info.h"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kMaster =
    "# Server\r\nredis_version:7.0.15\r\nredis_mode:standalone\r\nos:Linux 6.1 x86_64\r\n\r\n"
    "# Memory\r\nused_memory:1048576\r\nused_memory_human:1.00M\r\nmaxmemory:2097152\r\n"
    "maxmemory_policy:noeviction\r\n\r\n"
    "# Replication\r\nrole:master\r\nconnected_slaves:0\r\n"
    "master_replid:8371445ee47b1a1d04cd1a1a8e6a5c1a3e2f0b9c\r\nmaster_replid2:0000\r\n\r\n"
    "# Cluster\r\ncluster_enabled:0\r\n\r\n# Keyspace\r\ndb0:keys=1,expires=0,avg_ttl=0\r\n";

TEST(ServerInfoTest, ReadsAMaster) {
  const ServerInfo info = ParseServerInfo(kMaster);
  EXPECT_EQ(info.version, "7.0.15");
  EXPECT_FALSE(info.is_valkey);
  EXPECT_FALSE(info.is_cluster);
  EXPECT_EQ(info.role, ServerRole::kMaster);
  EXPECT_EQ(info.replication_id, "8371445ee47b1a1d04cd1a1a8e6a5c1a3e2f0b9c");
  EXPECT_EQ(info.master_link_up, std::nullopt);
  EXPECT_EQ(info.maxmemory_policy, "noeviction");
  EXPECT_EQ(info.maxmemory, 2097152u);
  EXPECT_EQ(info.used_memory, 1048576u);
  EXPECT_EQ(info.Name(), "Redis 7.0.15");
  EXPECT_TRUE(CheckServer(info).ok()) << CheckServer(info);
  EXPECT_THAT(EvictionWarning(info), IsEmpty());
}

TEST(ServerInfoTest, ReadsAReplica) {
  const ServerInfo info = ParseServerInfo("role:slave\r\nmaster_link_status:down\r\n");
  EXPECT_EQ(info.role, ServerRole::kReplica);
  EXPECT_EQ(info.master_link_up, false);
}

TEST(ServerInfoTest, AValkeyIsKnownByItsOwnVersion) {
  for (const std::string_view text : {"redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n",
                                      "valkey_version:8.0.1\r\nredis_version:7.2.4\r\n"}) {
    const ServerInfo info = ParseServerInfo(text);
    EXPECT_EQ(info.Name(), "Valkey 8.0.1");
    EXPECT_TRUE(CheckServer(info).ok());
  }
}

TEST(ServerInfoTest, WhatIsNotThereIsEmpty) {
  EXPECT_EQ(ParseServerInfo(""), ServerInfo());
  EXPECT_EQ(ParseServerInfo("nonsense\n:\n#role:master\nused_memory:x\nmaxmemory:-1"),
            ServerInfo());
  EXPECT_EQ(ServerInfo().Name(), "Redis");
  EXPECT_TRUE(CheckServer(ServerInfo()).ok());
}

struct RefusedCase {
  std::string info;
  std::string words;
};

class RefusedServerTest : public testing::TestWithParam<RefusedCase> {};

TEST_P(RefusedServerTest, IsRefusedByName) {
  const absl::Status status = CheckServer(ParseServerInfo(GetParam().info));
  EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_THAT(std::string(MessageOf(status)), HasSubstr(GetParam().words));
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedServerTest,
    testing::Values(
        RefusedCase{"redis_version:7.0.15\r\ncluster_enabled:1\r\n", "Redis Cluster"},
        RefusedCase{"redis_version:7.0.15\r\nredis_mode:cluster\r\n", "Redis 7.0.15 belongs to"},
        RefusedCase{"redis_version:7.0.15\r\nredis_mode:sentinel\r\n", "PROXY_REDIS_SENTINELS"},
        RefusedCase{"redis_version:5.0.14\r\n", "Redis 5.0.14 is too old: 6.0"}));

TEST(ServerInfoTest, VersionsFromSixOnAreTaken) {
  for (const std::string version : {"6.0.0", "6.2.14", "7.4.1", "8.0.0", "10.0.0", "255.255.255"}) {
    EXPECT_TRUE(CheckServer(ParseServerInfo("redis_version:" + version)).ok()) << version;
  }
}

TEST(ServerInfoTest, APolicyThatForgetsMappingsIsWarnedAbout) {
  EXPECT_THAT(EvictionWarning(ParseServerInfo("maxmemory_policy:allkeys-lru\r\n")),
              HasSubstr("allkeys-lru"));
  EXPECT_THAT(EvictionWarning(ParseServerInfo("maxmemory_policy:volatile-lru\r\n")), IsEmpty());
}

}  // namespace
}  // namespace srsproxy::redis
