#include "controlplane/config/command_line.h"

#include <filesystem>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Startup Read(const std::vector<std::string>& arguments,
             std::map<std::string, std::string> environment = {}) {
  const std::string directory = ::testing::TempDir() + "/srsproxy_command_line";
  std::filesystem::create_directories(directory);  // Without a .env.
  return ReadCommandLine(arguments,
                         {.flags = {},
                          .environment = std::move(environment),
                          .working_directory = directory,
                          .host_name = "host"},
                         "1.2.3");
}

TEST(CommandLineTest, FlagsAreSettings) {
  const Startup startup = Read({"--rtmp-server", "1935", "--workers=2", "--grpc-server=off"});
  ASSERT_TRUE(startup.config.has_value()) << startup.error;
  EXPECT_EQ(startup.config->core.rtmp_server.port, 1935);
  EXPECT_EQ(startup.config->core.workers, 2u);
  EXPECT_FALSE(startup.config->core.grpc_server.enabled);
  EXPECT_EQ(startup.config->SourceName("workers"), "flag");
}

TEST(CommandLineTest, TheLastOfAFlagCounts) {
  const Startup startup = Read({"--workers=2", "--workers=3"});
  ASSERT_TRUE(startup.config.has_value()) << startup.error;
  EXPECT_EQ(startup.config->core.workers, 3u);
}

TEST(CommandLineTest, ConfigIsShortForConfigFile) {
  const Startup startup = Read({"--config", "missing.yaml"});
  EXPECT_EQ(startup.exit_code, 2);
  EXPECT_THAT(startup.error, HasSubstr("missing.yaml cannot be read: No such file or directory"));
}

TEST(CommandLineTest, UnknownFlagIsAMistake) {
  for (const char* argument : {"--rtmp-sever=1", "-x", "extra"}) {
    const Startup startup = Read({argument});
    EXPECT_FALSE(startup.config.has_value());
    EXPECT_EQ(startup.exit_code, 2);
    EXPECT_THAT(startup.error, HasSubstr(std::string(argument).substr(0, 5)));
    EXPECT_THAT(startup.error, HasSubstr("srsproxy --help"));
    EXPECT_EQ(startup.output, "");
  }
}

TEST(CommandLineTest, BadValueIsAMistake) {
  const Startup startup = Read({"--log-level=loud"});
  EXPECT_EQ(startup.exit_code, 2);
  EXPECT_EQ(startup.error, "--log-level (flag): 'loud' is none of debug, info, warn, error\n");
}

TEST(CommandLineTest, HelpListsEverySetting) {
  const Startup startup = Read({"--help"});
  EXPECT_FALSE(startup.config.has_value());
  EXPECT_EQ(startup.exit_code, 0);
  EXPECT_THAT(startup.output, HasSubstr("--rtmp-server address"));
  EXPECT_THAT(startup.output, HasSubstr("--cluster-api on|off"));
  EXPECT_THAT(startup.output, HasSubstr("--check-config"));
  EXPECT_THAT(startup.output, Not(HasSubstr("--print-config-docs")));
}

TEST(CommandLineTest, VersionIsPrinted) {
  const Startup startup = Read({"--version"});
  EXPECT_EQ(startup.exit_code, 0);
  EXPECT_EQ(startup.output, "srsproxy 1.2.3\n");
}

TEST(CommandLineTest, CheckConfigPrintsTheSettingsOrTheMistakes) {
  Startup startup = Read({"--check-config"}, {{"PROXY_WORKERS", "7"}, {"PROXY_X", "1"}});
  EXPECT_FALSE(startup.config.has_value());
  EXPECT_EQ(startup.exit_code, 0);
  EXPECT_THAT(startup.output, ::testing::ContainsRegex("workers +environment +7\n"));
  EXPECT_EQ(startup.error, "Warning: PROXY_X (environment) is not a setting and has no effect\n");
  startup = Read({"--check-config"}, {{"PROXY_WORKERS", "x"}});
  EXPECT_EQ(startup.exit_code, 2);
  EXPECT_THAT(startup.error, HasSubstr("PROXY_WORKERS (environment): 'x'"));
}

TEST(CommandLineTest, SystemSourcesAreThoseOfTheProcess) {
  ASSERT_EQ(::setenv("SRSPROXY_COMMAND_LINE_TEST", "a=b", 1), 0);
  const ConfigSources sources = SystemSources();
  EXPECT_EQ(sources.environment.at("SRSPROXY_COMMAND_LINE_TEST"), "a=b");
  EXPECT_EQ(sources.working_directory, std::filesystem::current_path().string());
  EXPECT_NE(sources.host_name, "");
}

}  // namespace
}  // namespace srsproxy::control
