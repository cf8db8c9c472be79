#include "controlplane/config/config_store.h"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// A setting and its value as in the environment; empty: absent.
using Assignment = std::pair<std::string, std::string>;

v1::UpdateConfigRequest Request(const std::vector<Assignment>& assignments) {
  const std::vector<Setting> settings = AllSettings();
  v1::UpdateConfigRequest request;
  for (const auto& [name, text] : assignments) {
    request.mutable_update_mask()->add_paths(name);
    if (text.empty()) continue;
    EXPECT_TRUE(FindSetting(settings, name)->Set(text, *request.mutable_config()).ok()) << name;
  }
  return request;
}

// `name=value (source)` of each.
template <typename Values>
std::vector<std::string> Show(const Values& values) {
  std::vector<std::string> shown;
  for (const v1::SettingValue& value : values) {
    shown.push_back(value.name() + "=" + value.value() + " (" +
                    v1::SettingSource_Name(value.source()) + ")");
  }
  return shown;
}

std::string FieldOf(const absl::Status& status) {
  return ErrorInfoOf(status).metadata().at("field");
}

class ConfigStoreTest : public ::testing::Test {
 protected:
  ConfigStoreTest() {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    std::string name = std::string(test->test_suite_name()) + "." + test->name();
    std::replace(name.begin(), name.end(), '/', '.');
    directory_ = std::filesystem::path(::testing::TempDir()) / "srsproxy_config_store" / name;
    std::filesystem::remove_all(directory_);
    std::filesystem::create_directories(directory_);
    sources_.working_directory = directory_.string();
    sources_.host_name = "this-host";
  }
  ~ConfigStoreTest() override { std::filesystem::remove_all(directory_); }

  void Write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ / name) << text;
  }

  // From what sources_ hold.
  ConfigStore& Start() {
    auto loaded = LoadConfig(sources_);
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    return Start(*std::move(loaded));
  }
  ConfigStore& Start(LoadedConfig loaded) {
    live_ = std::make_unique<LiveConfig>(loaded.core);
    store_ = std::make_unique<ConfigStore>(
        sources_, std::move(loaded),
        ConfigStore::Dependencies{.live = *live_, .logger = *logger_, .metrics = metrics_});
    return *store_;
  }

  std::vector<std::string> Update(const std::vector<Assignment>& assignments) {
    const auto response = store_->Update(Request(assignments));
    EXPECT_TRUE(response.ok()) << response.status();
    return response.ok() ? Show(response->changed()) : std::vector<std::string>();
  }
  v1::ReloadConfigResponse Reload() {
    const auto response = store_->Reload(false);
    EXPECT_TRUE(response.ok()) << response.status();
    return response.value_or(v1::ReloadConfigResponse());
  }
  // The last that GetConfig shows of `name`.
  std::string Shown(const std::string& name) const {
    for (const std::string& value : Show(store_->Get().values())) {
      if (value.starts_with(name + "=")) return value;
    }
    return "";
  }
  const Config& Live() const { return *(held_ = live_->Get()); }

  std::string Log() {  // Ends the logging.
    store_.reset();
    logger_.reset();
    return log_;
  }

  std::filesystem::path directory_;
  ConfigSources sources_;
  std::string log_;  // Filled by the logger's thread, which ends with the logger.
  std::unique_ptr<Logger> logger_ = std::make_unique<Logger>(
      LogOptions{.sink = [this](std::string_view line) { log_.append(line).push_back('\n'); }});
  Metrics metrics_{"1"};
  std::unique_ptr<LiveConfig> live_;
  std::unique_ptr<ConfigStore> store_;
  mutable std::shared_ptr<const Config> held_;
};

TEST_F(ConfigStoreTest, RuntimeThenFlagThenEnvironmentThenDotEnvThenFileThenDefault) {
  Write("proxy.yaml", "connect_timeout: 1s\n");
  Write(".env", "PROXY_CONNECT_TIMEOUT=2s\n");
  sources_.environment = {{"PROXY_CONNECT_TIMEOUT", "4s"}};
  sources_.flags = {{"connect_timeout", "5s"}, {"config_file", "proxy.yaml"}};
  const char* expected[] = {
      "connect_timeout=5s (SETTING_SOURCE_FLAG)", "connect_timeout=4s (SETTING_SOURCE_ENVIRONMENT)",
      "connect_timeout=2s (SETTING_SOURCE_DOTENV)", "connect_timeout=1s (SETTING_SOURCE_FILE)",
      "connect_timeout=3s (SETTING_SOURCE_DEFAULT)"};
  for (int step = 0; step < 5; ++step) {
    if (step == 1) sources_.flags.erase("connect_timeout");
    if (step == 2) sources_.environment.clear();
    if (step == 3) Write(".env", "");
    if (step == 4) Write("proxy.yaml", "");
    Start();
    EXPECT_EQ(Shown("connect_timeout"), expected[step]);
    EXPECT_THAT(Update({{"connect_timeout", "6s"}}),
                ElementsAre("connect_timeout=6s (SETTING_SOURCE_RUNTIME)"));
    EXPECT_EQ(Live().connect_timeout, absl::Seconds(6));
    EXPECT_THAT(Update({{"connect_timeout", ""}}), ElementsAre(expected[step]));
  }
}

TEST_F(ConfigStoreTest, ZeroIsAValueToo) {
  sources_.environment = {{"PROXY_MAX_SESSIONS", "100"}, {"PROXY_SHUTDOWN_DELAY", "5s"}};
  Start();
  EXPECT_THAT(Update({{"max_sessions", "0"}, {"shutdown_delay", "0s"}}),
              ElementsAre("max_sessions=0 (SETTING_SOURCE_RUNTIME)",
                          "shutdown_delay=0s (SETTING_SOURCE_RUNTIME)"));
  EXPECT_EQ(Live().max_sessions, 0u);
}

TEST_F(ConfigStoreTest, ValuesThatTheMaskDoesNotNameAreIgnored) {
  Start();
  auto request = Request({{"log_level", "warn"}});
  request.mutable_config()->set_max_streams(5);
  ASSERT_TRUE(store_->Update(request).ok());
  EXPECT_EQ(Live().log_level, LogLevel::kWarn);
  EXPECT_EQ(Live().max_streams, 1'000'000u);
}

TEST_F(ConfigStoreTest, OneBadValueStopsTheWholeUpdate) {
  Start();
  const auto before = live_->Get();
  const auto refused =
      store_->Update(Request({{"log_level", "debug"}, {"max_streams", "0"}})).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(MessageOf(refused), "max_streams (runtime): has to be at least 1");
  EXPECT_EQ(FieldOf(refused), "max_streams");
  EXPECT_EQ(live_->Get(), before);
  EXPECT_EQ(Shown("log_level"), "log_level=info (SETTING_SOURCE_DEFAULT)");
}

TEST_F(ConfigStoreTest, ValidateOnlyAnswersAndChangesNothing) {
  Start();
  auto request = Request({{"log_level", "debug"}});
  request.set_validate_only(true);
  const auto response = store_->Update(request);
  ASSERT_TRUE(response.ok()) << response.status();
  EXPECT_THAT(Show(response->changed()), ElementsAre("log_level=debug (SETTING_SOURCE_RUNTIME)"));
  EXPECT_EQ(Live().log_level, LogLevel::kInfo);
  EXPECT_THAT(Update({{"log_format", "json"}}),
              ElementsAre("log_format=json (SETTING_SOURCE_RUNTIME)"));
}

struct MaskCase {
  const char* name;
  std::vector<std::string> paths;
  absl::StatusCode code;
  const char* reason;
  const char* field;
};

class ConfigStoreMaskTest : public ConfigStoreTest,
                            public ::testing::WithParamInterface<MaskCase> {};

TEST_P(ConfigStoreMaskTest, IsRefused) {
  Start();
  const auto before = live_->Get();
  v1::UpdateConfigRequest request;
  for (const std::string& path : GetParam().paths) request.mutable_update_mask()->add_paths(path);
  const auto refused = store_->Update(request).status();
  EXPECT_EQ(refused.code(), GetParam().code) << refused;
  EXPECT_EQ(ErrorInfoOf(refused).reason(), GetParam().reason);
  EXPECT_EQ(FieldOf(refused), GetParam().field);
  EXPECT_EQ(live_->Get(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Masks, ConfigStoreMaskTest,
    ::testing::Values(
        MaskCase{"none", {}, absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "update_mask"},
        MaskCase{"empty", {""}, absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "update_mask"},
        MaskCase{"unknown",
                 {"log_level", "loglevel"},
                 absl::StatusCode::kInvalidArgument,
                 "INVALID_FIELD",
                 "update_mask"},
        MaskCase{"all", {"*"}, absl::StatusCode::kInvalidArgument, "INVALID_FIELD", "update_mask"},
        MaskCase{"part_of_a_setting",
                 {"connect_timeout.seconds"},
                 absl::StatusCode::kInvalidArgument,
                 "INVALID_FIELD",
                 "update_mask"},
        MaskCase{"listener",
                 {"log_level", "rtmp_server"},
                 absl::StatusCode::kFailedPrecondition,
                 "NEEDS_RESTART",
                 "rtmp_server"}),
    [](const auto& test) { return std::string(test.param.name); });

struct BadValueCase {
  const char* name;
  const char* field;
  void (*set)(v1::Config& config);
  const char* reason;
};

class ConfigStoreValueTest : public ConfigStoreTest,
                             public ::testing::WithParamInterface<BadValueCase> {};

TEST_P(ConfigStoreValueTest, IsRefusedWithItsNameAndTheReason) {
  Start();
  const auto before = live_->Get();
  v1::UpdateConfigRequest request;
  request.mutable_update_mask()->add_paths(GetParam().field);
  GetParam().set(*request.mutable_config());
  const auto refused = store_->Update(request).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument) << refused;
  EXPECT_EQ(ErrorInfoOf(refused).reason(), "INVALID_FIELD");
  EXPECT_EQ(FieldOf(refused), GetParam().field);
  EXPECT_THAT(MessageOf(refused), AllOf(HasSubstr(GetParam().field), HasSubstr(GetParam().reason)));
  EXPECT_EQ(live_->Get(), before);
}

INSTANTIATE_TEST_SUITE_P(
    Values, ConfigStoreValueTest,
    ::testing::Values(
        BadValueCase{"zero_timeout", "connect_timeout",
                     [](v1::Config& config) { config.mutable_connect_timeout(); }, "longer than 0"},
        BadValueCase{"negative_duration", "shutdown_delay",
                     [](v1::Config& config) { config.mutable_shutdown_delay()->set_seconds(-1); },
                     "'-1s' is negative"},
        BadValueCase{"endless_duration", "write_timeout",
                     [](v1::Config& config) {
                       config.mutable_write_timeout()->set_seconds(INT64_MAX);
                       config.mutable_write_timeout()->set_nanos(INT32_MAX);
                     },
                     "longer than a year"},
        BadValueCase{
            "unknown_enum", "log_level",
            [](v1::Config& config) { config.set_log_level(static_cast<v1::Config::LogLevel>(99)); },
            "'99' is none of debug, info, warn, error"},
        BadValueCase{"no_streams", "max_streams",
                     [](v1::Config& config) { config.set_max_streams(0); }, "at least 1"},
        BadValueCase{"vhost_that_is_none", "vhosts",
                     [](v1::Config& config) { config.set_vhosts("a b"); }, "a b"},
        BadValueCase{"huge_list", "log_redact",
                     [](v1::Config& config) { config.add_log_redact(std::string(70'000, 'x')); },
                     "more than 65536 bytes"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(ConfigStoreTest, SecretsAreNeverShown) {
  auto loaded = LoadConfig(sources_);
  ASSERT_TRUE(loaded.ok());
  loaded->proto.set_redis_password("HIDE-ME");
  Start(*std::move(loaded));
  const v1::GetConfigResponse response = store_->Get();
  EXPECT_THAT(response.DebugString(), Not(HasSubstr("HIDE-ME")));
  EXPECT_EQ(response.config().redis_password(), "");
  EXPECT_EQ(Shown("redis_password"), "redis_password=*** (SETTING_SOURCE_DEFAULT)");
  EXPECT_EQ(Shown("http_api_auth_token"), "http_api_auth_token= (SETTING_SOURCE_DEFAULT)");
}

TEST_F(ConfigStoreTest, GetShowsEverySettingInItsOrder) {
  Start();
  std::vector<std::string> names;
  for (const Setting& setting : AllSettings()) names.push_back(setting.name());
  std::vector<std::string> shown;
  const v1::GetConfigResponse response = store_->Get();
  for (const v1::SettingValue& value : response.values()) {
    shown.push_back(value.name());
    if (value.name() == "log_level") {
      EXPECT_TRUE(value.reloadable());
    } else if (value.name() == "rtmp_server") {
      EXPECT_FALSE(value.reloadable());
    }
  }
  EXPECT_EQ(shown, names);
  EXPECT_EQ(response.config().rtmp_server(), "11935");
}

TEST_F(ConfigStoreTest, ReloadReadsFileAndDotEnvAndDropsWhatWasSetAtRunTime) {
  Write("proxy.yaml", "connect_timeout: 1s\nwrite_timeout: 1s\n");
  sources_.flags = {{"config_file", "proxy.yaml"}};
  Start();
  Update({{"write_timeout", "9s"}, {"log_level", "debug"}});
  Write("proxy.yaml", "connect_timeout: 2s\nwrite_timeout: 1s\n");
  Write(".env", "PROXY_VHOSTS=none\n");
  EXPECT_THAT(Show(Reload().changed()), ElementsAre("log_level=info (SETTING_SOURCE_DEFAULT)",
                                                    "connect_timeout=2s (SETTING_SOURCE_FILE)",
                                                    "write_timeout=1s (SETTING_SOURCE_FILE)",
                                                    "vhosts=none (SETTING_SOURCE_DOTENV)"));
  EXPECT_EQ(Live().connect_timeout, absl::Seconds(2));
  EXPECT_EQ(Live().write_timeout, absl::Seconds(1));
  EXPECT_THAT(Reload().changed(), IsEmpty());
}

TEST_F(ConfigStoreTest, ReloadKeepsWhatNeedsARestartAndNamesIt) {
  Write("proxy.yaml", "rtmp_server: 1935\nlog_level: warn\n");
  sources_.flags = {{"config_file", "proxy.yaml"}};
  Start();
  Write("proxy.yaml", "rtmp_server: 1936\nworkers: 3\nlog_level: error\n");
  for (int time = 0; time < 2; ++time) {  // The second reload reports it again.
    const auto response = Reload();
    EXPECT_THAT(response.needs_restart(), ElementsAre("rtmp_server", "workers"));
    EXPECT_EQ(response.changed_size(), time == 0 ? 1 : 0);
    EXPECT_EQ(Live().rtmp_server.port, 1935);
    EXPECT_EQ(Live().workers, 0u);
    EXPECT_EQ(Live().log_level, LogLevel::kError);
    EXPECT_EQ(Shown("workers"), "workers=0 (SETTING_SOURCE_DEFAULT)");
  }
  Update({{"log_format", "json"}});
  EXPECT_EQ(Live().rtmp_server.port, 1935) << "an update lets nothing else through";
  EXPECT_THAT(Log(), HasSubstr("a setting changes with the next restart only setting=workers"));
}

TEST_F(ConfigStoreTest, AFailingReloadChangesNothingAndIsLogged) {
  Write("proxy.yaml", "connect_timeout: 1s\n");
  sources_.flags = {{"config_file", "proxy.yaml"}};
  Start();
  Update({{"log_format", "text"}, {"write_timeout", "9s"}});
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("\nsrsproxy_config_reload_success 1\n"));
  const auto before = live_->Get();
  Write("proxy.yaml", "connect_timeout: 2s\nwrite_timeout: soon\nvhosts: a b\n");
  const auto refused = store_->Reload(false).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(FieldOf(refused), "write_timeout");
  EXPECT_THAT(MessageOf(refused), HasSubstr("proxy.yaml, line 2): 'soon' is no duration"));
  EXPECT_EQ(live_->Get(), before);
  EXPECT_EQ(Shown("write_timeout"), "write_timeout=9s (SETTING_SOURCE_RUNTIME)");
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("\nsrsproxy_config_reload_success 0\n"));

  std::filesystem::remove(directory_ / "proxy.yaml");
  EXPECT_EQ(FieldOf(store_->Reload(false).status()), "config_file");
  Write("proxy.yaml", "connect_timeout: 2s\n");
  Reload();
  EXPECT_EQ(Live().connect_timeout, absl::Seconds(2));
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("\nsrsproxy_config_reload_success 1\n"));
  EXPECT_THAT(Log(), AllOf(HasSubstr("ERROR settings not reloaded"),
                           HasSubstr("write_timeout (" + directory_.string()),
                           HasSubstr("line 2): 'soon' is no duration"),
                           HasSubstr("proxy.yaml cannot be read: No such file or directory"),
                           HasSubstr("INFO settings reloaded")));
}

TEST_F(ConfigStoreTest, APipeIsNotReadAgain) {
  Write("proxy.yaml", "connect_timeout: 1s\n");
  sources_.flags = {{"config_file", "proxy.yaml"}};
  Start();
  std::filesystem::remove(directory_ / "proxy.yaml");
  ASSERT_EQ(::mkfifo((directory_ / "proxy.yaml").c_str(), 0600), 0);
  EXPECT_EQ(MessageOf(store_->Reload(false).status()),
            "config_file: proxy.yaml is a pipe and cannot be read again");
}

TEST_F(ConfigStoreTest, AReloadMayBeTried) {
  Write("proxy.yaml", "connect_timeout: 1s\n");
  sources_.flags = {{"config_file", "proxy.yaml"}};
  Start();
  Update({{"write_timeout", "9s"}});
  Write("proxy.yaml", "connect_timeout: 2s\n");
  const auto tried = store_->Reload(true);
  ASSERT_TRUE(tried.ok()) << tried.status();
  EXPECT_THAT(Show(tried->changed()), ElementsAre("connect_timeout=2s (SETTING_SOURCE_FILE)",
                                                  "write_timeout=30s (SETTING_SOURCE_DEFAULT)"));
  EXPECT_EQ(Live().connect_timeout, absl::Seconds(1));
  EXPECT_EQ(Live().write_timeout, absl::Seconds(9));
  Write("proxy.yaml", "a: [");
  EXPECT_EQ(FieldOf(store_->Reload(true).status()), "config_file");
  EXPECT_THAT(metrics_.Serialize(), HasSubstr("\nsrsproxy_config_reload_success 1\n"));
}

TEST_F(ConfigStoreTest, ChangesAreLogged) {
  Start();
  Update({{"vhosts", "none"}, {"connect_timeout", "4s"}});
  EXPECT_THAT(Log(),
              AllOf(HasSubstr("INFO setting changed setting=vhosts value=none source=runtime\n"),
                    HasSubstr("setting=connect_timeout value=4s source=runtime\n")));
}

}  // namespace
}  // namespace srsproxy::control
