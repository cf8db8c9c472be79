// ServerInfo: how a server describes itself in INFO (https://redis.io/docs/latest/commands/info).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "dataplane/core/enum_names.h"
#include "dataplane/core/status.h"

namespace srsproxy::redis {

enum class ServerRole : uint8_t { kUnknown, kMaster, kReplica, kSentinel };
constexpr auto NamesOf(ServerRole) {
  return EnumNames<ServerRole>({{ServerRole::kUnknown, "unknown"},
                                {ServerRole::kMaster, "master"},
                                {ServerRole::kReplica, "replica"},
                                {ServerRole::kSentinel, "sentinel"}});
}

// What is not in the answer, or not to be understood, is empty: a user may have no right to INFO,
// and forks leave things out.
struct ServerInfo {
  std::string version;  // "7.0.15"; of Valkey its own. Empty: unknown.
  bool is_valkey = false;
  bool is_cluster = false;
  ServerRole role = ServerRole::kUnknown;
  std::string replication_id;          // Another one: another history of the data, or a failover.
  std::optional<bool> master_link_up;  // Of a replica.
  std::string maxmemory_policy;        // "noeviction"
  std::optional<uint64_t> maxmemory;   // Bytes; 0: no limit.
  std::optional<uint64_t> used_memory;

  // "Redis 7.0.15", "Valkey 8.0.1", "Redis" when the version is unknown.
  std::string Name() const;

  friend bool operator==(const ServerInfo&, const ServerInfo&) = default;
};

// As INFO and ROLE name it: "master", "slave".
ServerRole ParseServerRole(std::string_view text);

// `text`: the answer to INFO, all of it or some sections.
ServerInfo ParseServerInfo(std::string_view text);

// FAILED_PRECONDITION, with what to do: a server that the proxies cannot share their state in,
// whatever comes: one of a Redis Cluster, a Sentinel, or one older than 6.0.
absl::Status CheckServer(const ServerInfo& info);

// A policy by which Redis may forget keys that have no TTL (mappings have none): what to do about
// it, as a text for the log; "" for none.
std::string EvictionWarning(const ServerInfo& info);

}  // namespace srsproxy::redis
