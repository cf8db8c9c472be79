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

void FillPlan(FakeProxy& fake) {
  v1::RebalancePlan& plan = fake.plan;
  plan.set_id("p1");
  plan.mutable_expire_time()->set_seconds(1'767'323'045);
  plan.set_imbalance_before(0.5);
  plan.set_held_by_sessions(2);
  for (const char* id : {"vid-east-run1-100", "vid-north-run1-100"}) {
    v1::OriginShare& share = *plan.add_shares();
    share.set_origin_id(id);
    share.set_weight(1);
    share.set_streams_fair(2);
    share.set_streams_after(2);
  }
  plan.mutable_shares(0)->set_streams_before(3);
  plan.mutable_shares(1)->set_streams_before(1);
  v1::PlannedMove& move = *plan.add_moves();
  move.set_stream("video.example.com/live/a");
  move.set_from_origin_id("vid-east-run1-100");
  move.set_to_origin_id("vid-north-run1-100");

  v1::Rebalance& rebalance = fake.rebalances.emplace_back();
  rebalance.set_id("p1");
  rebalance.set_state(v1::REBALANCE_STATE_DONE);
  rebalance.set_moves_total(2);
  rebalance.set_moves_done(1);
  rebalance.set_moves_skipped(1);
  rebalance.mutable_start_time()->set_seconds(1'767'323'045);
  rebalance.mutable_end_time()->set_seconds(1'767'323'050);
  rebalance.add_messages("video.example.com/live/a moved meanwhile");
}

void FillSettings(FakeProxy& fake) {
  v1::SettingValue level;
  level.set_name("log_level");
  level.set_value("debug");
  level.set_source(v1::SETTING_SOURCE_RUNTIME);
  level.set_reloadable(true);
  v1::SettingValue server;
  server.set_name("rtmp_server");
  server.set_value("11935");
  server.set_source(v1::SETTING_SOURCE_DEFAULT);
  v1::SettingValue zone;
  zone.set_name("zone");
  zone.set_source(v1::SETTING_SOURCE_DEFAULT);
  fake.settings = {level, server, zone};
  fake.needs_restart = {"rtmp_server"};
}

// Three origins that differ in everything shown, four streams, and a refused registration.
void FillFleet(FakeProxy& fake) {
  v1::Origin east = MakeOrigin("vid-east", "10.0.0.1");
  east.mutable_registration()->set_device_id("rack1");
  east.set_zone("east");
  east.mutable_registration()->add_http("tcp://8080");
  east.mutable_registration()->add_rtc("udp://8000");
  east.mutable_registration()->add_rtc("tcp://8000");
  (*east.mutable_labels())["disk"] = "ssd";
  east.set_capacity(2000);
  east.set_streams(3);
  east.set_source("10.0.0.1");
  east.mutable_load()->set_cpu_ratio(0.25);
  east.mutable_load()->set_connections(12);
  v1::Origin north = MakeOrigin("vid-north", "media.example.com");
  north.set_health(v1::ORIGIN_HEALTH_SUSPECT);
  north.set_admin_state(v1::ADMIN_STATE_DRAINING);
  north.mutable_drain()->set_streams_left(1);
  north.mutable_drain()->set_streams_stuck(1);
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
  conflict.set_message(
      "server 'vid-copy' is live at 10.0.0.7:1935 and at 10.0.0.8:1935: give each SRS a server id "
      "file of its own");
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
  fake.streams[3].mutable_pending_move()->set_origin_id(north.id());
  fake.streams[3].set_pinned_server("vid-north");

  v1::Pin pin;
  pin.set_key(fake.streams[3].key());
  pin.set_server("vid-north");
  fake.pins = {pin};

  v1::Session session;
  session.set_id("6f1c2d9a");
  session.set_protocol(v1::PROTOCOL_RTMP);
  session.set_role(v1::ROLE_PUBLISHER);
  session.set_stream(fake.streams[0].key());
  session.set_origin_id(east.id());
  session.set_client("203.0.113.9:50123");
  session.mutable_start_time()->set_seconds(1'767'323'045);
  session.set_bytes_in(123456789);
  session.set_media_flows(true);
  fake.sessions = {session};

  v1::Event added;
  added.set_kind(v1::EVENT_KIND_STREAM_ADDED);
  added.set_sequence(7);
  added.mutable_time()->set_seconds(1'767'323'045);
  added.set_proxy_id("edge-1");
  added.set_message("its first client came");
  *added.mutable_stream() = fake.streams[3];
  v1::Event removed = added;
  removed.set_kind(v1::EVENT_KIND_ORIGIN_REMOVED);
  removed.set_sequence(6);
  removed.set_message("its lease ended");
  *removed.mutable_origin() = west;
  fake.events = {added, removed};

  fake.pick.set_origin_id(east.id());
  fake.pick.set_reason(v1::PICK_REASON_MAPPED);
  fake.pick.add_steps("The stream is mapped to vid-east-run1-100.");
  fake.pick.add_steps("That origin is healthy, so the client goes there.");

  FillPlan(fake);
  FillSettings(fake);

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
  environment.sleep = [](absl::Duration) {};
  environment.now = [] { return absl::FromUnixSeconds(1'767'323'045); };
  environment.uptime = [] { return absl::ZeroDuration(); };
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
