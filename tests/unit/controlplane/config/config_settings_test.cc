// Every setting, from every source, into core's Config.
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include <absl/strings/str_join.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "controlplane/config/config_convert.h"
#include "controlplane/config/config_loader.h"
#include "controlplane/config/config_schema.h"
#include "controlplane/config/config_store.h"
#include "tests/support/certificates.h"

namespace srsproxy::control {
namespace {

std::string Show(const std::string& text) { return text; }
std::string Show(bool on) { return on ? "on" : "off"; }
std::string Show(uint16_t number) { return std::to_string(number); }
std::string Show(uint32_t number) { return std::to_string(number); }
std::string Show(uint64_t number) { return std::to_string(number); }
std::string Show(absl::Duration duration) { return absl::FormatDuration(duration); }
std::string Show(const ListenAddress& address) { return FormatListenAddress(address); }
std::string Show(const std::vector<std::string>& list) { return absl::StrJoin(list, ","); }
std::string Show(const std::vector<PlacementRule>& rules) {
  return absl::StrJoin(rules, ";", [](std::string* out, const PlacementRule& rule) {
    out->append(rule.ToString());
  });
}
std::string Show(const std::vector<Network>& networks) {
  return absl::StrJoin(networks, ",", [](std::string* out, const Network& network) {
    out->append(network.ToString());
  });
}
std::string Show(const std::optional<Endpoint>& endpoint) {
  return endpoint.has_value() ? FormatEndpoint(*endpoint) : "";
}
std::string Show(const VhostPolicy& policy) { return policy.Apply("a.example"); }
std::string Show(LogLevel level) { return std::string(ToName(level)); }
std::string Show(LogFormat format) { return format == LogFormat::kJson ? "json" : "text"; }
std::string Show(RtmpRealIp how) { return how == RtmpRealIp::kF3 ? "f3" : "off"; }
std::string Show(LoadBalancerType type) {
  return type == LoadBalancerType::kRedis ? "redis" : "memory";
}
std::string Show(LoadBalancerStrategy strategy) {
  constexpr const char* kNames[] = {"random", "least_streams", "p2c", "consistent_hash"};
  return kNames[static_cast<size_t>(strategy)];
}
std::string Show(HttpApiAuthType) { return "bearer"; }

struct SettingCase {
  std::string name;
  std::string text;                                // Another value than the default.
  std::string shown;                               // The member after that.
  std::function<std::string(const Config&)> read;  // The member.
};

#define CASE(member, text, shown)                                        \
  SettingCase {                                                          \
#member, text, shown, [](const Config& c) { return Show(c.member); } \
  }

std::vector<SettingCase> Cases() {
  return {
      CASE(rtmp_server, "127.0.0.1:1", "127.0.0.1:1"),
      CASE(rtmps_server, ":2", ":2"),
      CASE(http_server, "3", ":3"),
      CASE(https_server, "4", ":4"),
      CASE(http_api, "5", ":5"),
      CASE(https_api, "6", ":6"),
      CASE(webrtc_server, "7", ":7"),
      CASE(srt_server, "8", ":8"),
      CASE(system_api, "[::1]:9", "[::1]:9"),
      CASE(grpc_server, "127.0.0.2:10", "127.0.0.2:10"),
      CASE(tls_cert, "CERTIFICATE", "CERTIFICATE"),
      CASE(tls_key, "CERTIFICATE", "CERTIFICATE"),
      CASE(static_files, "/www", "/www"),
      CASE(config_file, "FILE", "FILE"),
      CASE(id, "me", "me"),
      CASE(state_dir, "/state", "/state"),
      CASE(workers, "3", "3"),
      CASE(max_sessions, "5000000000", "5000000000"),
      CASE(grace_quit_timeout, "1m", "1m"),
      CASE(force_quit_timeout, "2m", "2m"),
      CASE(shutdown_delay, "3.5s", "3.5s"),
      CASE(log_level, "error", "error"),
      CASE(log_format, "json", "json"),
      CASE(log_redact, "a, b", "a,b"),
      CASE(connect_timeout, "500ms", "500ms"),
      CASE(handshake_timeout, "1h2m3.5s", "1h2m3.5s"),
      CASE(write_timeout, "7s", "7s"),
      CASE(vhosts, "none", "__defaultVhost__"),
      CASE(rtmp_real_ip, "f3", "f3"),
      CASE(webrtc_candidate, "192.0.2.1", "192.0.2.1"),
      CASE(webrtc_idle_timeout, "8s", "8s"),
      CASE(srt_idle_timeout, "9s", "9s"),
      CASE(srt_default_stream, "live/a", "live/a"),
      CASE(trusted_proxies, "10.0.0.0/8,::1", "10.0.0.0/8,::1"),
      CASE(load_balancer_type, "redis", "redis"),
      CASE(load_balancer_strategy, "consistent_hash", "consistent_hash"),
      CASE(zone, "eu-1", "eu-1"),
      CASE(placement_rules, "*/live->disk=ssd,gpu=yes; * -> zone=eu-1",
           "*/live -> disk=ssd,gpu=yes;* -> zone=eu-1"),
      CASE(origin_server_ttl, "11s", "11s"),
      CASE(start_settle, "2.5s", "2.5s"),
      CASE(max_streams, "5000000001", "5000000001"),
      CASE(default_backend_enabled, "true", "on"),
      CASE(default_backend_ip, "192.0.2.2", "192.0.2.2"),
      CASE(default_backend_rtmp, "11", "tcp://11"),
      CASE(default_backend_http, "12", "tcp://12"),
      CASE(default_backend_api, "13", "tcp://13"),
      CASE(default_backend_rtc, "14", "udp://14"),
      CASE(default_backend_srt, "15", "udp://15"),
      CASE(redis_host, "redis", "redis"),
      CASE(redis_port, "16", "16"),
      CASE(redis_username, "user", "user"),
      CASE(redis_password, "word", "word"),
      CASE(redis_db, "17", "17"),
      CASE(redis_key_prefix, "p", "p"),
      CASE(redis_sentinels, "a:1,b:2", "a:1,b:2"),
      CASE(redis_sentinel_master, "m", "m"),
      CASE(redis_tls, "on", "on"),
      CASE(redis_tls_ca, "CERTIFICATE", "CERTIFICATE"),
      CASE(http_api_auth_enabled, "1", "on"),
      CASE(http_api_auth_type, "bearer", "bearer"),
      CASE(http_api_auth_token, "t", "t"),
      CASE(system_api_allow, "10.0.0.0/8", "10.0.0.0/8"),
      CASE(origin_networks, "10.1.0.0/16", "10.1.0.0/16"),
      CASE(grpc_tls_cert, "GRPC_CERT", "GRPC_CERT"),
      CASE(grpc_tls_key, "GRPC_KEY", "GRPC_KEY"),
      CASE(grpc_tls_client_ca, "GRPC_CERT", "GRPC_CERT"),
      CASE(grpc_allow_insecure, "on", "on"),
      CASE(grpc_advertise, "proxy:1", "proxy:1"),
      CASE(tokens_file, "TOKENS", "TOKENS"),
      CASE(peer_token, "pt", "pt"),
      CASE(cluster_api, "on", "on"),
  };
}
#undef CASE

enum class Source { kFlag, kEnvironment, kDotEnv, kFile };

class SettingTest : public ::testing::TestWithParam<SettingCase> {
 protected:
  static void SetUpTestSuite() {
    certificates_ = std::make_unique<Certificates>();
    certificates_->Make("grpc");
    certificates_->Write("tokens.yaml", "tokens:\n  - {token: 0123456789abcdef, role: admin}\n");
  }
  static void TearDownTestSuite() { certificates_.reset(); }

  SettingTest() : directory_(std::filesystem::path(::testing::TempDir()) / "srsproxy_setting") {
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    for (std::string* text : {&case_.text, &case_.shown}) {
      if (*text == "CERTIFICATE") *text = Write("cert.pem", "-----BEGIN");
      if (*text == "FILE") *text = Write("settings.yaml", "\n");
      if (*text == "GRPC_CERT") *text = certificates_->Cert("grpc");
      if (*text == "GRPC_KEY") *text = certificates_->Key("grpc");
      if (*text == "TOKENS") *text = certificates_->directory() + "/tokens.yaml";
    }
  }
  ~SettingTest() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }

  // What else has to be set when `setting` is.
  std::map<std::string, std::string> Needed(const std::string& setting) {
    if (setting == "rtmps_server" || setting == "https_server" || setting == "https_api") {
      return {{"tls_cert", Write("cert.pem", "-----BEGIN")},
              {"tls_key", Write("key.pem", "-----BEGIN")}};
    }
    std::map<std::string, std::string> needed;
    if (setting.starts_with("grpc_tls_")) {
      needed = {{"grpc_tls_cert", certificates_->Cert("grpc")},
                {"grpc_tls_key", certificates_->Key("grpc")}};
    }
    if (setting == "redis_sentinels") needed = {{"redis_sentinel_master", "m"}};
    if (setting == "redis_sentinel_master") needed = {{"redis_sentinels", "a:1"}};
    if (setting == "redis_tls_ca") needed = {{"redis_tls", "on"}};
    if (setting == "http_api_auth_enabled") needed = {{"http_api_auth_token", "t"}};
    needed.erase(setting);
    return needed;
  }

  absl::StatusOr<LoadedConfig> LoadFrom(Source source, const Setting& setting) {
    ConfigSources sources;
    sources.working_directory = directory_.string();
    sources.host_name = "host";
    sources.flags = Needed(setting.name());
    switch (source) {
      case Source::kFlag:
        sources.flags[setting.name()] = case_.text;
        break;
      case Source::kEnvironment:
        sources.environment[setting.Variable()] = case_.text;
        break;
      case Source::kDotEnv:
        Write(".env", "export " + setting.Variable() + "=\"" + case_.text + "\"\n");
        break;
      case Source::kFile:
        sources.flags["config_file"] =
            Write("proxy.yaml", setting.name() + ": \"" + case_.text + "\"\n");
        break;
    }
    auto config = LoadConfig(sources);
    std::filesystem::remove(directory_ / ".env");
    return config;
  }

  SettingCase case_ = GetParam();
  const std::filesystem::path directory_;
  static std::unique_ptr<Certificates> certificates_;
};

std::unique_ptr<Certificates> SettingTest::certificates_;

TEST_P(SettingTest, ComesFromEverySourceIntoCore) {
  for (const Setting& setting : AllSettings()) {
    if (setting.name() != case_.name) continue;
    for (const Source source :
         {Source::kFlag, Source::kEnvironment, Source::kDotEnv, Source::kFile}) {
      SCOPED_TRACE(static_cast<int>(source));
      if (case_.name == "config_file" && source == Source::kFile) continue;
      const auto config = LoadFrom(source, setting);
      if (setting.options().not_yet().empty() || case_.name == "http_api_auth_type") {
        ASSERT_TRUE(config.ok()) << config.status();
        EXPECT_EQ(case_.read(config->core), case_.shown);
        EXPECT_NE(config->SourceName(case_.name), "default");
      } else {
        EXPECT_EQ(config.status().code(), absl::StatusCode::kInvalidArgument);
        EXPECT_THAT(MessageOf(config.status()), ::testing::HasSubstr(setting.options().not_yet()));
      }
    }
  }
}

// Also those that cannot be set yet are converted.
TEST_P(SettingTest, IsConverted) {
  v1::Config settings;
  for (const Setting& setting : AllSettings()) {
    const std::string text =
        setting.name() == case_.name ? case_.text : setting.options().default_value();
    if (text.empty()) continue;
    ASSERT_TRUE(setting.Set(text, settings).ok()) << setting.name();
  }
  std::vector<ConfigProblem> problems;
  const Config config = ToCoreConfig(settings, problems);
  for (const ConfigProblem& problem : problems) ADD_FAILURE() << problem.setting << problem.reason;
  EXPECT_EQ(case_.read(config), case_.shown);
}

TEST_P(SettingTest, ChangesAtRunTimeOrNeedsARestart) {
  const std::vector<Setting> settings = AllSettings();
  ConfigSources sources;
  sources.working_directory = directory_.string();
  sources.host_name = "host";
  auto loaded = LoadConfig(sources);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  LiveConfig live(loaded->core);
  const Logger logger(LogOptions{.sink = [](std::string_view) {}});
  Metrics metrics("1");
  ConfigStore store(sources, *std::move(loaded),
                    {.live = live, .logger = logger, .metrics = metrics});

  const std::string before = case_.read(*live.Get());
  v1::UpdateConfigRequest request;
  std::map<std::string, std::string> wanted = Needed(case_.name);
  wanted[case_.name] = case_.text;
  for (const auto& [name, text] : wanted) {
    request.mutable_update_mask()->add_paths(name);
    ASSERT_TRUE(FindSetting(settings, name)->Set(text, *request.mutable_config()).ok());
  }
  const auto updated = store.Update(request);
  if (!FindSetting(settings, case_.name)->options().reloadable()) {
    EXPECT_EQ(ErrorInfoOf(updated.status()).reason(), "NEEDS_RESTART");
    EXPECT_EQ(case_.read(*live.Get()), before);
    return;
  }
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(case_.read(*live.Get()), case_.shown);
  request.clear_config();
  EXPECT_TRUE(store.Update(request).ok());
  EXPECT_EQ(case_.read(*live.Get()), before);
}

TEST_P(SettingTest, ReadsBackWhatItShows) {
  for (const Setting& setting : AllSettings()) {
    if (setting.name() != case_.name) continue;
    v1::Config once;
    ASSERT_TRUE(setting.Set(case_.text, once).ok());
    v1::Config twice;
    ASSERT_TRUE(setting.Set(setting.Text(once), twice).ok());
    EXPECT_EQ(setting.Text(twice), setting.Text(once));
    EXPECT_EQ(once.SerializeAsString(), twice.SerializeAsString());
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, SettingTest, ::testing::ValuesIn(Cases()),
                         [](const auto& test) { return test.param.name; });

TEST(SettingsTest, EverySettingHasACase) {
  std::vector<std::string> tested;
  for (const SettingCase& setting : Cases()) tested.push_back(setting.name);
  std::vector<std::string> declared;
  for (const Setting& setting : AllSettings()) declared.push_back(setting.name());
  EXPECT_THAT(tested, ::testing::ElementsAreArray(declared));
}

TEST(SettingsTest, EveryEnumValueMeansTheSameInCore) {
  const std::map<std::string, std::function<std::string(const Config&)>> enums = {
      {"log_level", [](const Config& c) { return Show(c.log_level); }},
      {"log_format", [](const Config& c) { return Show(c.log_format); }},
      {"rtmp_real_ip", [](const Config& c) { return Show(c.rtmp_real_ip); }},
      {"load_balancer_type", [](const Config& c) { return Show(c.load_balancer_type); }},
      {"load_balancer_strategy", [](const Config& c) { return Show(c.load_balancer_strategy); }},
  };
  int values = 0;
  for (const Setting& setting : AllSettings()) {
    const auto read = enums.find(setting.name());
    if (read == enums.end()) continue;
    for (size_t start = 0; start != std::string::npos;) {
      const size_t end = setting.Kind().find('|', start);
      const std::string text = setting.Kind().substr(start, end - start);
      start = end == std::string::npos ? end : end + 1;
      v1::Config settings;
      ASSERT_TRUE(setting.Set(text, settings).ok());
      std::vector<ConfigProblem> problems;
      EXPECT_EQ(read->second(ToCoreConfig(settings, problems)), text);
      ++values;
    }
  }
  EXPECT_EQ(values, 14);
}

TEST(SettingsTest, NamesFollowFromTheField) {
  const Setting setting = AllSettings().front();
  EXPECT_EQ(setting.name(), "rtmp_server");
  EXPECT_EQ(setting.Variable(), "PROXY_RTMP_SERVER");
  EXPECT_EQ(setting.Flag(), "--rtmp-server");
}

TEST(SettingsTest, EverySettingIsDescribed) {
  for (const Setting& setting : AllSettings()) {
    EXPECT_THAT(setting.options().doc(), ::testing::EndsWith(".")) << setting.name();
  }
}

}  // namespace
}  // namespace srsproxy::control
