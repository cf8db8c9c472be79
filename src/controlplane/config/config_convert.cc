#include "controlplane/config/config_convert.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <absl/strings/str_cat.h>
#include <absl/time/time.h>

#include "controlplane/config/config_access.h"
#include "dataplane/balance/start_settle.h"
#include "dataplane/core/host.h"
#include "dataplane/core/listener.h"
#include "dataplane/core/text.h"
#include "dataplane/protocol/redis/sentinel.h"

namespace srsproxy::control {
namespace {

constexpr uint32_t kMostWorkers = 1024;
constexpr absl::Duration kLongestSettle = absl::FromChrono(StartSettle::kLongestWait);
constexpr int kMostPlacementRules = 100;

// Converts one value after another and collects what is wrong.
class Converter {
 public:
  explicit Converter(std::vector<ConfigProblem>& problems) : problems_(problems) {}

  void AddError(std::string_view setting, std::string_view reason) {
    problems_.push_back({std::string(setting), std::string(reason)});
  }

  ListenAddress Address(std::string_view setting, std::string_view text) {
    return ValueOr<ListenAddress>(setting, ParseListenAddress(text));
  }

  std::optional<Endpoint> OriginPort(std::string_view setting, std::string_view text,
                                     Transport transport) {
    if (text.empty()) return std::nullopt;
    absl::StatusOr<Endpoint> endpoint = ParseEndpoint(text, transport);
    if (endpoint.ok()) return *std::move(endpoint);
    AddError(setting, MessageOf(endpoint.status()));
    return std::nullopt;
  }

  VhostPolicy Vhosts(std::string_view setting, std::string_view text) {
    return ValueOr<VhostPolicy>(setting, VhostPolicy::Parse(text));
  }

  std::vector<PlacementRule> Rules(std::string_view setting,
                                   const google::protobuf::RepeatedPtrField<std::string>& texts) {
    if (texts.size() > kMostPlacementRules) {
      AddError(setting, absl::StrCat("has more than ", kMostPlacementRules, " rules"));
      return {};
    }
    return Each<PlacementRule>(setting, texts);
  }

  std::vector<Network> Networks(std::string_view setting,
                                const google::protobuf::RepeatedPtrField<std::string>& texts) {
    return Each<Network>(setting, texts);
  }

  static absl::Duration Time(const google::protobuf::Duration& duration) {
    return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
  }

  absl::Duration Timeout(std::string_view setting, const google::protobuf::Duration& duration) {
    const absl::Duration time = Time(duration);
    if (time <= absl::ZeroDuration()) AddError(setting, "has to be longer than 0");
    return time;
  }

  uint16_t Port(std::string_view setting, uint32_t port) {
    if (port < 1 || port > 65535) {
      AddError(setting, absl::StrCat("'", port, "': the port is not in 1 to 65535"));
    }
    return static_cast<uint16_t>(port);
  }

  // For enums of core that list the same values as the proto's, which start with UNSPECIFIED.
  template <typename Enum>
  static Enum Value(int number) {
    return static_cast<Enum>(number - 1);
  }

 private:
  template <typename T>
  T ValueOr(std::string_view setting, absl::StatusOr<T> value) {
    if (value.ok()) return *std::move(value);
    AddError(setting, MessageOf(value.status()));
    return T();
  }

  // Those that can be read; the others are errors.
  template <typename T>
  std::vector<T> Each(std::string_view setting,
                      const google::protobuf::RepeatedPtrField<std::string>& texts) {
    std::vector<T> values;
    for (const std::string& text : texts) {
      absl::StatusOr<T> value = T::Parse(text);
      if (value.ok()) {
        values.push_back(*std::move(value));
      } else {
        AddError(setting, MessageOf(value.status()));
      }
    }
    return values;
  }

  std::vector<ConfigProblem>& problems_;
};

std::vector<std::string> List(const google::protobuf::RepeatedPtrField<std::string>& field) {
  return {field.begin(), field.end()};
}

// Of a field that is text.
std::string TextOf(const v1::Config& settings, std::string_view field) {
  const auto* found = v1::Config::descriptor()->FindFieldByName(std::string(field));
  return settings.GetReflection()->GetString(settings, found);
}

bool Overlap(const ListenAddress& a, const ListenAddress& b) {
  const auto everywhere = [](const ListenAddress& address) {
    return address.host.empty() || IsWildcardHost(address.host);
  };
  return a.enabled && b.enabled && a.port == b.port && a.port != 0 &&
         (a.host == b.host || everywhere(a) || everywhere(b));
}

void CheckPorts(const Config& config, std::vector<ConfigProblem>& problems) {
  for (const ListenerRow& later : kListeners) {
    for (const ListenerRow& earlier : kListeners) {
      if (earlier.listener == later.listener) break;
      const bool shared = (earlier.tcp && later.tcp) || (earlier.udp && later.udp);
      if (!shared || !Overlap(config.*earlier.address, config.*later.address)) continue;
      problems.push_back({std::string(later.setting),
                          absl::StrCat("port ", (config.*later.address).port, " is used by ",
                                       ToAbsl(earlier.setting), " already")});
    }
  }
}

void CheckReadable(std::string_view setting, const std::string& path,
                   std::vector<ConfigProblem>& problems) {
  if (path.empty()) return;
  const auto complain = [&](std::string_view reason) {
    problems.push_back(
        {std::string(setting), absl::StrCat(path, " cannot be read: ", ToAbsl(reason))});
  };
  std::error_code error;
  if (std::filesystem::is_directory(path, error)) return complain("it is a folder");
  errno = 0;
  std::ifstream file(path);
  if (!file.is_open()) return complain(std::strerror(errno));
  if (file.peek() == std::ifstream::traits_type::eof()) complain("it is empty");
}

void CheckRedis(const Config& config, std::vector<ConfigProblem>& problems) {
  for (const std::string& sentinel : config.redis_sentinels) {
    const auto address = redis::ParseSentinelAddress(sentinel);
    if (!address.ok()) {
      problems.push_back({"redis_sentinels", std::string(MessageOf(address.status()))});
    }
  }
  if (config.redis_sentinels.empty() != config.redis_sentinel_master.empty()) {
    problems.push_back(config.redis_sentinels.empty()
                           ? ConfigProblem{"redis_sentinel_master", "needs redis_sentinels"}
                           : ConfigProblem{"redis_sentinels", "needs redis_sentinel_master"});
  }
  CheckReadable("redis_tls_ca", config.redis_tls_ca, problems);
  if (!config.redis_tls && !config.redis_tls_ca.empty()) {
    problems.push_back({"redis_tls_ca", "needs redis_tls"});
  }
  if (config.load_balancer_type == LoadBalancerType::kRedis && !config.state_dir.empty()) {
    problems.push_back({"state_dir",
                        "has to be unset with load_balancer_type redis: Redis keeps what that "
                        "folder would"});
  }
}

}  // namespace

Config ToCoreConfig(const v1::Config& settings, std::vector<ConfigProblem>& problems) {
  Converter convert(problems);
  Config config;

  for (const ListenerRow& row : kListeners) {
    config.*row.address = convert.Address(row.setting, TextOf(settings, row.setting));
  }
  config.tls_cert = settings.tls_cert();
  config.tls_key = settings.tls_key();
  config.static_files = settings.static_files();

  config.config_file = settings.config_file();
  config.id = settings.id();
  config.state_dir = settings.state_dir();
  config.workers = settings.workers();
  if (config.workers > kMostWorkers) {
    convert.AddError("workers", absl::StrCat("'", config.workers, "' is more than ", kMostWorkers));
  }
  config.max_sessions = settings.max_sessions();
  config.grace_quit_timeout = Converter::Time(settings.grace_quit_timeout());
  config.force_quit_timeout = convert.Timeout("force_quit_timeout", settings.force_quit_timeout());
  config.shutdown_delay = Converter::Time(settings.shutdown_delay());
  config.log_level = Converter::Value<LogLevel>(settings.log_level());
  config.log_format = Converter::Value<LogFormat>(settings.log_format());
  config.log_redact = List(settings.log_redact());

  config.connect_timeout = convert.Timeout("connect_timeout", settings.connect_timeout());
  config.handshake_timeout = convert.Timeout("handshake_timeout", settings.handshake_timeout());
  config.write_timeout = convert.Timeout("write_timeout", settings.write_timeout());
  config.vhosts = convert.Vhosts("vhosts", settings.vhosts());
  config.rtmp_real_ip = Converter::Value<RtmpRealIp>(settings.rtmp_real_ip());
  config.webrtc_candidate = settings.webrtc_candidate();
  config.webrtc_idle_timeout =
      convert.Timeout("webrtc_idle_timeout", settings.webrtc_idle_timeout());
  config.srt_idle_timeout = convert.Timeout("srt_idle_timeout", settings.srt_idle_timeout());
  config.srt_default_stream = settings.srt_default_stream();
  config.trusted_proxies = convert.Networks("trusted_proxies", settings.trusted_proxies());

  config.load_balancer_type = Converter::Value<LoadBalancerType>(settings.load_balancer_type());
  config.load_balancer_strategy =
      Converter::Value<LoadBalancerStrategy>(settings.load_balancer_strategy());
  config.zone = settings.zone();
  config.placement_rules = convert.Rules("placement_rules", settings.placement_rules());
  config.origin_server_ttl = convert.Timeout("origin_server_ttl", settings.origin_server_ttl());
  config.start_settle = Converter::Time(settings.start_settle());
  if (config.start_settle > kLongestSettle) {
    convert.AddError("start_settle", "is longer than 10s, which is the most that clients wait");
  }
  config.max_streams = settings.max_streams();
  if (config.max_streams == 0) convert.AddError("max_streams", "has to be at least 1");
  config.default_backend_enabled = settings.default_backend_enabled();
  config.default_backend_ip = settings.default_backend_ip();
  if (!IsIpAddress(config.default_backend_ip) && !IsHostName(config.default_backend_ip)) {
    convert.AddError("default_backend_ip", Quoted(config.default_backend_ip) +
                                               " is neither an IP address nor a host name");
  }
  config.default_backend_rtmp =
      convert.OriginPort("default_backend_rtmp", settings.default_backend_rtmp(), Transport::kTcp);
  config.default_backend_http =
      convert.OriginPort("default_backend_http", settings.default_backend_http(), Transport::kTcp);
  config.default_backend_api =
      convert.OriginPort("default_backend_api", settings.default_backend_api(), Transport::kTcp);
  config.default_backend_rtc =
      convert.OriginPort("default_backend_rtc", settings.default_backend_rtc(), Transport::kUdp);
  config.default_backend_srt =
      convert.OriginPort("default_backend_srt", settings.default_backend_srt(), Transport::kUdp);

  config.redis_host = settings.redis_host();
  config.redis_port = convert.Port("redis_port", settings.redis_port());
  config.redis_username = settings.redis_username();
  config.redis_password = settings.redis_password();
  config.redis_db = settings.redis_db();
  config.redis_key_prefix = settings.redis_key_prefix();
  config.redis_sentinels = List(settings.redis_sentinels());
  config.redis_sentinel_master = settings.redis_sentinel_master();
  config.redis_tls = settings.redis_tls();
  config.redis_tls_ca = settings.redis_tls_ca();

  config.http_api_auth_enabled = settings.http_api_auth_enabled();
  config.http_api_auth_type = Converter::Value<HttpApiAuthType>(settings.http_api_auth_type());
  config.http_api_auth_token = settings.http_api_auth_token();
  config.system_api_allow = convert.Networks("system_api_allow", settings.system_api_allow());
  config.origin_networks = convert.Networks("origin_networks", settings.origin_networks());
  config.grpc_tls_cert = settings.grpc_tls_cert();
  config.grpc_tls_key = settings.grpc_tls_key();
  config.grpc_tls_client_ca = settings.grpc_tls_client_ca();
  config.grpc_allow_insecure = settings.grpc_allow_insecure();
  config.grpc_advertise = settings.grpc_advertise();
  config.tokens_file = settings.tokens_file();
  config.peer_token = settings.peer_token();
  config.cluster_api = settings.cluster_api();
  return config;
}

std::vector<ConfigProblem> CheckCrossFields(const Config& config) {
  std::vector<ConfigProblem> problems;
  CheckPorts(config, problems);
  const bool has_certificate = !config.tls_cert.empty() && !config.tls_key.empty();
  for (const ListenerRow& row : kListeners) {
    if (row.tls && (config.*row.address).enabled && !has_certificate) {
      problems.push_back({std::string(row.setting), "needs tls_cert and tls_key"});
    }
  }
  CheckReadable("tls_cert", config.tls_cert, problems);
  CheckReadable("tls_key", config.tls_key, problems);

  if (config.default_backend_enabled && !config.default_backend_rtmp.has_value()) {
    problems.push_back({"default_backend_enabled", "needs default_backend_rtmp"});
  }
  CheckRedis(config, problems);
  CheckAccess(config, problems);
  return problems;
}

}  // namespace srsproxy::control
