// The settings in force, as plain values: one member for each PROXY_* setting, named after it.
//
// controlplane/config_loader reads and checks them; everything else only reads this struct. The
// meaning and the default of each stand once, in proto/srsproxy/v1/config.proto, from which
// docs/configuration.md is made. Immutable once the proxy has started, so any thread may read it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/endpoint.h"
#include "dataplane/core/enum_names.h"
#include "dataplane/core/log.h"
#include "dataplane/core/network.h"
#include "dataplane/core/placement_rule.h"
#include "dataplane/core/stream_url.h"

namespace srsproxy {

enum class RtmpRealIp : uint8_t { kOff, kF3 };
enum class LoadBalancerType : uint8_t { kMemory, kRedis };
constexpr auto NamesOf(LoadBalancerType) {
  return EnumNames<LoadBalancerType>(
      {{LoadBalancerType::kMemory, "memory"}, {LoadBalancerType::kRedis, "redis"}});
}
enum class LoadBalancerStrategy : uint8_t { kRandom, kLeastStreams, kP2c, kConsistentHash };
constexpr auto NamesOf(LoadBalancerStrategy) {
  return EnumNames<LoadBalancerStrategy>(
      {{LoadBalancerStrategy::kRandom, "random"},
       {LoadBalancerStrategy::kLeastStreams, "least_streams"},
       {LoadBalancerStrategy::kP2c, "p2c"},
       {LoadBalancerStrategy::kConsistentHash, "consistent_hash"}});
}
enum class HttpApiAuthType : uint8_t { kBearer };

struct Config {
  // Listeners. Disabled: `off`.
  ListenAddress rtmp_server;
  ListenAddress rtmps_server;
  ListenAddress http_server;
  ListenAddress https_server;
  ListenAddress http_api;
  ListenAddress https_api;
  ListenAddress webrtc_server;
  ListenAddress srt_server;
  ListenAddress system_api;
  ListenAddress grpc_server;
  std::string tls_cert;  // PEM files for RTMPS and HTTPS.
  std::string tls_key;
  std::string static_files;

  // The process.
  std::string config_file;
  std::string id;  // Never empty: the host name by default.
  std::string state_dir;
  uint32_t workers = 0;       // 0: one for each core.
  uint64_t max_sessions = 0;  // 0: from the descriptor limit.
  absl::Duration grace_quit_timeout;
  absl::Duration force_quit_timeout;
  absl::Duration shutdown_delay;
  LogLevel log_level = LogLevel::kInfo;
  LogFormat log_format = LogFormat::kText;
  std::vector<std::string> log_redact;

  // Sessions.
  absl::Duration connect_timeout;
  absl::Duration handshake_timeout;
  absl::Duration write_timeout;
  VhostPolicy vhosts;
  RtmpRealIp rtmp_real_ip = RtmpRealIp::kOff;
  std::string webrtc_candidate;
  absl::Duration webrtc_idle_timeout;
  absl::Duration srt_idle_timeout;
  std::string srt_default_stream;
  std::vector<Network> trusted_proxies;

  // Origins and placement.
  LoadBalancerType load_balancer_type = LoadBalancerType::kMemory;
  LoadBalancerStrategy load_balancer_strategy = LoadBalancerStrategy::kRandom;
  std::string zone;
  std::vector<PlacementRule> placement_rules;
  absl::Duration origin_server_ttl;
  absl::Duration start_settle;  // At most 10 s.
  uint64_t max_streams = 0;
  bool default_backend_enabled = false;
  std::string default_backend_ip;
  std::optional<Endpoint> default_backend_rtmp;
  std::optional<Endpoint> default_backend_http;
  std::optional<Endpoint> default_backend_api;
  std::optional<Endpoint> default_backend_rtc;
  std::optional<Endpoint> default_backend_srt;

  // State shared through Redis.
  std::string redis_host;
  uint16_t redis_port = 0;
  std::string redis_username;
  std::string redis_password;
  uint32_t redis_db = 0;
  std::string redis_key_prefix;
  std::vector<std::string> redis_sentinels;
  std::string redis_sentinel_master;
  bool redis_tls = false;
  std::string redis_tls_ca;  // Empty: the system's.

  // Who may control it.
  bool http_api_auth_enabled = false;
  HttpApiAuthType http_api_auth_type = HttpApiAuthType::kBearer;
  std::string http_api_auth_token;
  std::vector<Network> system_api_allow;  // Empty: any.
  std::vector<Network> origin_networks;   // Empty: any.
  std::string grpc_tls_cert;
  std::string grpc_tls_key;
  std::string grpc_tls_client_ca;
  bool grpc_allow_insecure = false;
  std::string grpc_advertise;
  std::string tokens_file;
  std::string peer_token;
  bool cluster_api = false;
};

}  // namespace srsproxy
