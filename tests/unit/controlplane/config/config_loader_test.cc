#include "controlplane/config/config_loader.h"

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A working directory of its own for each test.
class ConfigLoaderTest : public ::testing::Test {
 protected:
  ConfigLoaderTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    directory_ = std::filesystem::path(::testing::TempDir()) / "srsproxy_config_loader" /
                 (std::string(test->test_suite_name()) + "." + test->name());
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    sources_.working_directory = directory_.string();
    sources_.host_name = "this-host";
  }
  ~ConfigLoaderTest() override { std::filesystem::remove_all(directory_); }

  std::string Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
    return (directory_ / name).string();
  }

  LoadedConfig Load() {
    auto config = LoadConfig(sources_);
    EXPECT_TRUE(config.ok()) << config.status();
    return config.ok() ? *std::move(config) : LoadedConfig();
  }

  std::string Error() {
    const auto config = LoadConfig(sources_);
    return config.ok() ? "no error" : std::string(MessageOf(config.status()));
  }

  std::filesystem::path directory_;
  ConfigSources sources_;
};

TEST_F(ConfigLoaderTest, DefaultsAreTheDocumentedOnes) {
  const LoadedConfig config = Load();
  EXPECT_EQ(config.core.rtmp_server, (ListenAddress{true, "", 11935}));
  EXPECT_FALSE(config.core.rtmps_server.enabled);
  EXPECT_EQ(config.core.grpc_server, (ListenAddress{true, "127.0.0.1", 12026}));
  EXPECT_EQ(config.core.connect_timeout, absl::Seconds(3));
  EXPECT_EQ(config.core.origin_server_ttl, absl::Seconds(300));
  EXPECT_EQ(config.core.max_streams, 1000000u);
  EXPECT_EQ(config.core.id, "this-host");
  EXPECT_THAT(config.core.log_redact, ::testing::Contains("token"));
  EXPECT_THAT(config.warnings, IsEmpty());
}

TEST_F(ConfigLoaderTest, ListenersThatAreNotBuiltAreOff) {
  const LoadedConfig config = Load();
  EXPECT_FALSE(config.core.webrtc_server.enabled);
  EXPECT_FALSE(config.core.srt_server.enabled);
}

TEST_F(ConfigLoaderTest, FlagThenEnvironmentThenDotEnvThenFileThenDefault) {
  const std::string file = Write("proxy.yaml", "workers: 1\n");
  sources_.flags = {{"workers", "4"}, {"config_file", file}};
  sources_.environment = {{"PROXY_WORKERS", "3"}};
  Write(".env", "PROXY_WORKERS=2\n");
  const std::pair<uint32_t, std::string> expected[] = {
      {4, "flag"}, {3, "environment"}, {2, ".env"}, {1, file}, {0, "default"}};
  for (int step = 0; step < 5; ++step) {
    if (step == 1) sources_.flags.erase("workers");
    if (step == 2) sources_.environment.clear();
    if (step == 3) Write(".env", "");
    if (step == 4) Write("proxy.yaml", "");
    const LoadedConfig config = Load();
    EXPECT_EQ(config.core.workers, expected[step].first);
    EXPECT_EQ(config.SourceName("workers"), expected[step].second);
  }
}

TEST_F(ConfigLoaderTest, EmptyIsUnset) {
  const std::string file = Write("proxy.yaml", "workers: 1\nvhosts:\n");
  sources_.flags = {{"workers", ""}, {"config_file", file}};
  sources_.environment = {{"PROXY_WORKERS", "  "}};
  Write(".env", "PROXY_WORKERS=\n");
  const LoadedConfig config = Load();
  EXPECT_EQ(config.core.workers, 1u);
  EXPECT_EQ(config.SourceName("vhosts"), "default");
}

TEST_F(ConfigLoaderTest, FileMayBeNamedByVariableAndRelatively) {
  Write("proxy.yaml", "log_level: debug\nlog_redact: [a, b]\ngrace_quit_timeout: 1m\n");
  sources_.environment = {{"PROXY_CONFIG_FILE", "proxy.yaml"}};
  const LoadedConfig config = Load();
  EXPECT_EQ(config.core.log_level, LogLevel::kDebug);
  EXPECT_THAT(config.core.log_redact, ElementsAre("a", "b"));
  EXPECT_EQ(config.core.grace_quit_timeout, absl::Minutes(1));
}

TEST_F(ConfigLoaderTest, UnknownVariablesOnlyWarn) {
  sources_.environment = {
      {"PROXY_PORT_1935_TCP", "tcp://10.0.0.1:1935"}, {"PROXY_rtmp_server", "1"}, {"PATH", "/bin"}};
  Write(".env", "PROXY_TYPO=1\nOTHER=2\n");
  EXPECT_THAT(Load().warnings,
              ElementsAre("PROXY_PORT_1935_TCP (environment) is not a setting and has no effect",
                          "PROXY_rtmp_server (environment) is not a setting and has no effect",
                          "PROXY_TYPO (.env, line 1) is not a setting and has no effect"));
}

TEST_F(ConfigLoaderTest, EveryMistakeIsReportedAtOnce) {
  sources_.flags = {{"workers", "many"}};
  sources_.environment = {{"PROXY_RTMP_SERVER", "70000"}, {"PROXY_LOG_LEVEL", "loud"}};
  const std::string error = Error();
  EXPECT_THAT(error, HasSubstr("--workers (flag): 'many' is no whole number"));
  EXPECT_THAT(error, HasSubstr("PROXY_LOG_LEVEL (environment): 'loud' is none of debug, info"));
}

TEST_F(ConfigLoaderTest, MistakesNameFileAndLine) {
  const std::string file = Write("proxy.yaml", "workers: 1\nconnect_timeout: soon\n");
  sources_.flags = {{"config_file", file}};
  EXPECT_EQ(Error(), "connect_timeout (" + file +
                         ", line 2): 'soon' is no duration such as 500ms, 30s or 1h2m");
  Write("proxy.yaml", "");
  Write(".env", "\nPROXY_VHOSTS=*\nPROXY_MAX_STREAMS=-1\n");
  EXPECT_THAT(Error(), HasSubstr("PROXY_MAX_STREAMS (.env, line 3): '-1' is no whole number"));
}

struct FileCase {
  const char* name;
  const char* text;
  const char* error;
};

class ConfigFileTest : public ConfigLoaderTest, public ::testing::WithParamInterface<FileCase> {};

TEST_P(ConfigFileTest, MistakeIsNamed) {
  sources_.flags = {{"config_file", Write("proxy.yaml", GetParam().text)}};
  EXPECT_THAT(Error(), HasSubstr(GetParam().error));
}

INSTANTIATE_TEST_SUITE_P(
    Files, ConfigFileTest,
    ::testing::Values(
        FileCase{"unknown_key", "workers: 1\nworker: 1", "line 2): there is no such setting"},
        FileCase{"variable_as_key", "PROXY_WORKERS: 1", "there is no such setting"},
        FileCase{"nested", "log_level: {a: b}", "is neither a value nor a list of values"},
        FileCase{"twice", "workers: 1\nworkers: 2", "line 2): is set in line 1 already"},
        FileCase{"file_in_file", "config_file: other.yaml", "cannot name another one"},
        FileCase{"no_map", "- workers", "is no list of `setting: value` lines"},
        FileCase{"no_yaml", "a: [", "proxy.yaml, line "}),
    [](const auto& test) { return test.param.name; });

TEST_F(ConfigLoaderTest, FilesThatCannotBeReadAreNamed) {
  sources_.flags = {{"config_file", "missing.yaml"}};
  EXPECT_EQ(Error(), "--config-file (flag): " + (directory_ / "missing.yaml").string() +
                         " cannot be read: No such file or directory");
  sources_.flags = {{"tls_cert", (directory_ / "cert.pem").string()}};
  EXPECT_THAT(Error(), HasSubstr("cert.pem cannot be read: No such file or directory"));
  sources_.flags = {{"tls_cert", Write("empty.pem", "")}};
  EXPECT_THAT(Error(), HasSubstr("empty.pem cannot be read: it is empty"));
  sources_.flags = {{"config_file", directory_.string()}};
  EXPECT_THAT(Error(), HasSubstr("cannot be read: it is a folder"));
}

TEST_F(ConfigLoaderTest, DotEnvMistakesAreNamed) {
  Write(".env", "PROXY_WORKERS='1\n");
  EXPECT_EQ(Error(), (directory_ / ".env").string() + ": line 1: the quote is not closed");
}

struct ValueCase {
  const char* name;
  const char* variable;
  const char* value;
  const char* error;  // Empty: the value is fine.
};

class ConfigValueTest : public ConfigLoaderTest, public ::testing::WithParamInterface<ValueCase> {};

TEST_P(ConfigValueTest, IsAcceptedOrRefusedWithTheReason) {
  sources_.environment[GetParam().variable] = GetParam().value;
  const std::string error = Error();
  if (*GetParam().error == '\0') {
    EXPECT_EQ(error, "no error");
  } else {
    EXPECT_THAT(error, HasSubstr(std::string(GetParam().variable) + " (environment): "));
    EXPECT_THAT(error, HasSubstr(GetParam().error));
  }
}

INSTANTIATE_TEST_SUITE_P(
    Values, ConfigValueTest,
    ::testing::Values(
        ValueCase{"port", "PROXY_RTMP_SERVER", "1935", ""},
        ValueCase{"any_port", "PROXY_RTMP_SERVER", "0", ""},
        ValueCase{"ip6_port", "PROXY_RTMP_SERVER", "[::1]:1935", ""},
        ValueCase{"off", "PROXY_RTMP_SERVER", "off", ""},
        ValueCase{"port_too_large", "PROXY_RTMP_SERVER", "70000", "'70000'"},
        ValueCase{"no_address", "PROXY_SYSTEM_API", "a b:1", "is no listen address"},
        ValueCase{"duration", "PROXY_CONNECT_TIMEOUT", "1h2m3.5s", ""},
        ValueCase{"duration_0", "PROXY_SHUTDOWN_DELAY", "0", ""},
        ValueCase{"timeout_0", "PROXY_CONNECT_TIMEOUT", "0", "has to be longer than 0"},
        ValueCase{"duration_negative", "PROXY_SHUTDOWN_DELAY", "-1s", "'-1s' is negative"},
        ValueCase{"duration_infinite", "PROXY_SHUTDOWN_DELAY", "inf", "is longer than a year"},
        ValueCase{"duration_without_unit", "PROXY_SHUTDOWN_DELAY", "5", "is no duration"},
        ValueCase{"bool_on", "PROXY_DEFAULT_BACKEND_ENABLED", "on", ""},
        ValueCase{"bool_upper", "PROXY_DEFAULT_BACKEND_ENABLED", "TRUE", ""},
        ValueCase{"bool_0", "PROXY_DEFAULT_BACKEND_ENABLED", "0", ""},
        ValueCase{"bool_other", "PROXY_DEFAULT_BACKEND_ENABLED", "maybe", "neither on nor off"},
        ValueCase{"streams_0", "PROXY_MAX_STREAMS", "0", "has to be at least 1"},
        ValueCase{"workers_many", "PROXY_WORKERS", "5000", "is more than 1024"},
        ValueCase{"workers_overflow", "PROXY_WORKERS", "4294967296", "too large"},
        ValueCase{"backend_host_name", "PROXY_DEFAULT_BACKEND_IP", "origin.example", ""},
        ValueCase{"backend_ip6", "PROXY_DEFAULT_BACKEND_IP", "2001:db8::1", ""},
        ValueCase{"backend_ip_bad", "PROXY_DEFAULT_BACKEND_IP", "a b", "neither an IP address"},
        ValueCase{"backend_port_bad", "PROXY_DEFAULT_BACKEND_RTMP", "0", "the port is not in"},
        ValueCase{"rtmps_without_cert", "PROXY_RTMPS_SERVER", "443", "needs tls_cert and tls_key"},
        ValueCase{"port_clash", "PROXY_SYSTEM_API", "11935", "port 11935 is used by rtmp_server"},
        ValueCase{"grpc_open", "PROXY_GRPC_SERVER", "12026", "is not a loopback address"},
        ValueCase{"grpc_any", "PROXY_GRPC_SERVER", "0.0.0.0:1", "use 127.0.0.1:1, or"},
        ValueCase{"grpc_ip6_loopback", "PROXY_GRPC_SERVER", "[::1]:12026", ""},
        ValueCase{"grpc_off", "PROXY_GRPC_SERVER", "off", ""},
        ValueCase{"rule", "PROXY_PLACEMENT_RULES", "*/live -> disk=ssd", ""},
        ValueCase{"rule_bad", "PROXY_PLACEMENT_RULES", "* -> a=b; live -> a=b",
                  "'live -> a=b': the glob is neither of `vhost/app` nor `*`"},
        ValueCase{"webrtc_not_yet", "PROXY_WEBRTC_SERVER", "18000", "is not built yet"},
        ValueCase{"webrtc_off", "PROXY_WEBRTC_SERVER", "off", ""},
        ValueCase{"https_api", "PROXY_HTTPS_API", "11990", "needs tls_cert and tls_key"},
        ValueCase{"redis", "PROXY_LOAD_BALANCER_TYPE", "redis", ""},
        ValueCase{"memory", "PROXY_LOAD_BALANCER_TYPE", "memory", ""},
        ValueCase{"sentinels_alone", "PROXY_REDIS_SENTINELS", "a:26379",
                  "needs redis_sentinel_master"},
        ValueCase{"sentinel_bad", "PROXY_REDIS_SENTINELS", "a:26379,b c:1",
                  "'b c:1' is no address of a Sentinel"},
        ValueCase{"sentinel_master_alone", "PROXY_REDIS_SENTINEL_MASTER", "m",
                  "needs redis_sentinels"},
        ValueCase{"redis_ca_alone", "PROXY_REDIS_TLS_CA", "/etc/passwd", "needs redis_tls"},
        ValueCase{"redis_ca_missing", "PROXY_REDIS_TLS_CA", "/nowhere/ca.pem",
                  "/nowhere/ca.pem cannot be read"},
        ValueCase{"default_of_not_yet", "PROXY_WEBRTC_IDLE_TIMEOUT", "30s", ""}),
    [](const auto& test) { return test.param.name; });

TEST_F(ConfigLoaderTest, PortsOnDifferentAddressesDoNotClash) {
  sources_.environment = {{"PROXY_RTMP_SERVER", "127.0.0.1:5000"},
                          {"PROXY_SYSTEM_API", "127.0.0.2:5000"}};
  EXPECT_EQ(Error(), "no error");
  sources_.environment["PROXY_SYSTEM_API"] = "[::]:5000";
  EXPECT_THAT(Error(), HasSubstr("port 5000 is used by rtmp_server already"));
}

TEST_F(ConfigLoaderTest, PlacementRulesAreAListInTheFile) {
  sources_.flags["config_file"] = Write("rules.yaml",
                                        "placement_rules:\n"
                                        "  - \"a.com/* -> disk=ssd,gpu=yes\"\n"
                                        "  - \"* -> zone=eu-1\"\n");
  const std::vector<PlacementRule> rules = Load().core.placement_rules;
  ASSERT_EQ(rules.size(), 2u);
  EXPECT_EQ(rules[0].ToString(), "a.com/* -> disk=ssd,gpu=yes");
  EXPECT_EQ(rules[1].ToString(), "* -> zone=eu-1");
}

TEST_F(ConfigLoaderTest, PlacementRulesAreFew) {
  std::string rules;
  for (int i = 0; i < 101; ++i) rules += "* -> zone=" + std::to_string(i) + ";";
  sources_.environment = {{"PROXY_PLACEMENT_RULES", rules}};
  EXPECT_THAT(Error(), HasSubstr("PROXY_PLACEMENT_RULES (environment): has more than 100 rules"));
}

TEST_F(ConfigLoaderTest, AStateFolderIsRefusedWithRedis) {
  sources_.environment = {{"PROXY_STATE_DIR", "/state"}, {"PROXY_LOAD_BALANCER_TYPE", "memory"}};
  EXPECT_EQ(Error(), "no error");
  sources_.environment["PROXY_LOAD_BALANCER_TYPE"] = "redis";
  EXPECT_THAT(Error(), HasSubstr("PROXY_STATE_DIR (environment): has to be unset"));
}

TEST_F(ConfigLoaderTest, RedisMayBeFoundBySentinelsOverTls) {
  sources_.environment = {{"PROXY_REDIS_SENTINELS", "a:1,[::1]:2,c"},
                          {"PROXY_REDIS_SENTINEL_MASTER", "m"},
                          {"PROXY_REDIS_TLS", "on"},
                          {"PROXY_REDIS_TLS_CA", "/etc/passwd"}};
  EXPECT_EQ(Error(), "no error");
}

TEST_F(ConfigLoaderTest, GrpcMayBeOpenWhenConfigured) {
  sources_.environment = {{"PROXY_GRPC_SERVER", "12026"}, {"PROXY_GRPC_ALLOW_INSECURE", "on"}};
  EXPECT_EQ(Error(), "no error");
}

TEST_F(ConfigLoaderTest, SettingsAreShownWithTheirSourceAndWithoutSecrets) {
  sources_.environment = {{"PROXY_CONNECT_TIMEOUT", "1500ms"}};
  LoadedConfig config = Load();
  config.proto.set_redis_password("SECRET");
  const std::string table = FormatSettings(config);
  EXPECT_THAT(table, ::testing::ContainsRegex("connect_timeout +environment +1.5s\n"));
  EXPECT_THAT(table, ::testing::ContainsRegex("rtmp_server +default +11935\n"));
  EXPECT_THAT(table,
              ::testing::ContainsRegex("srt_server +default +off \\(not yet available\\)\n"));
  EXPECT_THAT(table, ::testing::ContainsRegex("redis_password +default +\\*\\*\\*"));
  EXPECT_THAT(table, Not(HasSubstr("SECRET")));
}

}  // namespace
}  // namespace srsproxy::control
