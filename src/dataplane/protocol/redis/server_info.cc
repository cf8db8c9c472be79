#include "dataplane/protocol/redis/server_info.h"

#include <charconv>

namespace srsproxy::redis {
namespace {

constexpr uint32_t kOldestMajor = 6;

std::optional<uint64_t> ToNumber(std::string_view text) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

void SetField(std::string_view name, std::string_view value, ServerInfo& info) {
  if (name == "redis_version" && !info.is_valkey) info.version = value;
  if (name == "valkey_version") {
    info.version = value;
    info.is_valkey = true;
  }
  if (name == "redis_mode" && value == "sentinel") info.role = ServerRole::kSentinel;
  if ((name == "redis_mode" && value == "cluster") || (name == "cluster_enabled" && value == "1")) {
    info.is_cluster = true;
  }
  if (name == "role") info.role = ParseServerRole(value);
  if (name == "master_replid") info.replication_id = value;
  if (name == "master_link_status") info.master_link_up = value == "up";
  if (name == "maxmemory_policy") info.maxmemory_policy = value;
  if (name == "maxmemory") info.maxmemory = ToNumber(value);
  if (name == "used_memory") info.used_memory = ToNumber(value);
}

}  // namespace

ServerRole ParseServerRole(std::string_view text) {
  if (text == "master") return ServerRole::kMaster;
  if (text == "slave" || text == "replica") return ServerRole::kReplica;
  if (text == "sentinel") return ServerRole::kSentinel;
  return ServerRole::kUnknown;
}

std::string ServerInfo::Name() const {
  const std::string name = is_valkey ? "Valkey" : "Redis";
  return version.empty() ? name : name + " " + version;
}

ServerInfo ParseServerInfo(std::string_view text) {
  ServerInfo info;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.ends_with('\r')) line.remove_suffix(1);
    const size_t colon = line.find(':');
    if (line.starts_with('#') || colon == std::string_view::npos) continue;
    SetField(line.substr(0, colon), line.substr(colon + 1), info);
  }
  return info;
}

absl::Status CheckServer(const ServerInfo& info) {
  const auto refuse = [&info](std::string_view what) {
    return ProxyFailure(absl::StatusCode::kFailedPrecondition,
                        info.Name() + " " + std::string(what));
  };
  if (info.role == ServerRole::kSentinel) {
    return refuse("is a Sentinel and holds no data: name it in PROXY_REDIS_SENTINELS");
  }
  if (info.is_cluster) {
    return refuse(
        "belongs to a Redis Cluster (cluster_enabled:1), which is not supported: use a single "
        "master, with Sentinel if it is to be replaced when it fails");
  }
  const auto major = ToNumber(std::string_view(info.version).substr(0, info.version.find('.')));
  if (!info.is_valkey && major.has_value() && *major < kOldestMajor) {
    return refuse("is too old: 6.0 or later is needed");
  }
  return absl::OkStatus();
}

std::string EvictionWarning(const ServerInfo& info) {
  if (!info.maxmemory_policy.starts_with("allkeys-")) return "";
  return "Redis may forget streams and origins when its memory is full (maxmemory-policy " +
         info.maxmemory_policy + "): set maxmemory-policy noeviction";
}

}  // namespace srsproxy::redis
