// What an operator sees: each file in golden/ is a list of commands with what they print, run
// against one fleet. Run with SRSPROXY_UPDATE_GOLDEN=1 to write the files anew, then read the diff.
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/fake_proxy.h"
#include "tools/srsproxyctl/run.h"

namespace srsproxy::ctl {
namespace {

// Three origins that differ in everything shown, four streams, and a refused registration.
void FillFleet(FakeProxy& fake) {
  v1::Origin east = MakeOrigin("vid-east", "10.0.0.1");
  east.mutable_registration()->set_device_id("rack1");
  east.mutable_registration()->set_zone("east");
  east.mutable_registration()->add_http("tcp://8080");
  east.mutable_registration()->add_rtc("udp://8000");
  east.mutable_registration()->add_rtc("tcp://8000");
  (*east.mutable_registration()->mutable_labels())["disk"] = "ssd";
  east.set_source("10.0.0.1");
  east.mutable_load()->set_cpu_ratio(0.25);
  east.mutable_load()->set_connections(12);
  v1::Origin north = MakeOrigin("vid-north", "media.example.com");
  north.set_health(v1::ORIGIN_HEALTH_SUSPECT);
  north.set_admin_state(v1::ADMIN_STATE_CORDONED);
  north.set_weight(2.5);
  north.set_generation(3);
  v1::Origin west = MakeOrigin("vid-west", "2001:db8::7");
  west.set_health(v1::ORIGIN_HEALTH_DEAD);
  west.set_down(true);
  west.set_permanent(true);
  west.clear_heartbeat_time();
  fake.origins = {east, north, west};

  v1::OriginRefusal refusal;
  refusal.set_source("192.0.2.9");
  refusal.set_message("rtmp: port 70000 is not between 1 and 65535; correct it in SRS's config");
  refusal.set_count(7);
  refusal.mutable_last_time()->set_seconds(1'767'323'045);
  fake.refusals = {refusal};

  v1::OriginConflict conflict;
  conflict.set_server("vid-copy");
  conflict.add_origin_ids("vid-copy-run1-100");
  conflict.add_origin_ids("vid-copy-run2-100");
  fake.conflicts = {conflict};

  fake.streams = {MakeStream("__defaultVhost__/live/a", east.id()),
                  MakeStream("__defaultVhost__/live/b", north.id()),
                  MakeStream("video.example.com/live/a", east.id()),
                  MakeStream("video.example.com/live/пример", east.id())};
  fake.streams[1].set_publisher_live(false);
  fake.streams[1].set_publishers(0);
  fake.streams[1].set_provisional(true);
  fake.streams[1].set_viewers(1);
  fake.streams[2].set_publisher_live(false);
  fake.streams[2].set_publishers(0);
  fake.streams[2].set_viewers(340);

  fake.pick.set_origin_id(east.id());
  fake.pick.set_reason(v1::PICK_REASON_MAPPED);
  fake.pick.add_steps("The stream is mapped to vid-east-run1-100.");
  fake.pick.add_steps("That origin is healthy, so the client goes there.");

  fake.proxy.set_id("edge-1");
  fake.proxy.set_version("0.1.0");
  fake.proxy.set_pid(4242);
  fake.proxy.mutable_start_time()->set_seconds(1'767'323'045);
  fake.proxy.add_not_ready_reasons("srsproxy is stopping");
  for (const char* name : {"rtmp_server", "system_api"}) {
    v1::Listener& listener = *fake.proxy.add_listeners();
    listener.set_name(name);
    listener.set_address("0.0.0.0:11935");
  }
  fake.proxy.set_load_balancer_type("memory");
  fake.proxy.set_load_balancer_strategy("random");
  fake.proxy.set_workers(2);
  fake.proxy.set_origins(3);
  fake.proxy.set_streams(4);
  fake.proxy.set_sessions(342);
}

std::string ReadFile(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The transcript of one command: `$ ` and the command, its output, `[stderr]` and what it wrote
// there if anything, `[exit N]`.
std::string Transcribe(const std::string& command, const FakeProxy& fake) {
  std::istringstream words(command);
  std::vector<std::string> arguments;
  for (std::string word; words >> word;) arguments.push_back(word);
  arguments.erase(arguments.begin());  // srsproxyctl
  Environment environment;
  environment.variables["SRSPROXYCTL_ENDPOINT"] = fake.endpoint();
  std::istringstream in;
  std::ostringstream out, err;
  const int exit_code = Run(arguments, in, out, err, environment);
  std::string transcript = "$ " + command + "\n" + out.str() +
                           (err.str().empty() ? "" : "[stderr]\n" + err.str()) + "[exit " +
                           std::to_string(exit_code) + "]\n";
  // The port differs from run to run.
  const size_t endpoint = transcript.find(fake.endpoint());
  if (endpoint != std::string::npos) {
    transcript.replace(endpoint, fake.endpoint().size(), "FAKE_ENDPOINT");
  }
  return transcript;
}

std::vector<std::filesystem::path> GoldenFiles() {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(GOLDEN_DIR)) {
    files.push_back(entry.path());
  }
  return files;
}

class TranscriptTest : public testing::TestWithParam<std::filesystem::path> {};

TEST_P(TranscriptTest, IsAsWritten) {
  const std::string golden = ReadFile(GetParam());
  std::istringstream lines(golden);
  std::string actual;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("$ ")) continue;
    FakeProxy fake;
    FillFleet(fake);
    if (!actual.empty()) actual += "\n";
    actual += Transcribe(line.substr(2), fake);
  }
  ASSERT_THAT(actual, testing::Not(testing::IsEmpty())) << "no command in the file";
  if (std::getenv("SRSPROXY_UPDATE_GOLDEN") != nullptr) std::ofstream(GetParam()) << actual;
  EXPECT_EQ(actual, ReadFile(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Golden, TranscriptTest, testing::ValuesIn(GoldenFiles()),
                         [](const auto& row) { return row.param.stem().string(); });

}  // namespace
}  // namespace srsproxy::ctl
