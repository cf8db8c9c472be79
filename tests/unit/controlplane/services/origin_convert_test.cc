#include "controlplane/services/origin_convert.h"

#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

v1::OriginRegistration Registration() {
  v1::OriginRegistration message;
  message.set_ip("10.0.0.7");
  message.set_server("vid-1");
  message.set_service("s1");
  message.set_pid("42");
  message.add_rtmp("1935");
  return message;
}

TEST(OriginConvertTest, ARegistrationIsReadWhole) {
  auto message = Registration();
  message.set_device_id("camera-7");
  message.add_rtmp("tcp://[::]:1936");
  message.add_http("8080");
  message.add_api("1985");
  message.add_srt("10080");
  message.add_rtc("udp://0.0.0.0:8000");
  message.add_rtc("tcp://0.0.0.0:8000");
  message.set_weight(2.5);
  message.set_zone("east");
  (*message.mutable_labels())["tier"] = "gold";
  message.set_capacity(500);
  message.mutable_heartbeat_interval()->set_seconds(5);
  message.mutable_heartbeat_interval()->set_nanos(500'000'000);

  const auto registration = FromProto(message);
  ASSERT_TRUE(registration.ok()) << registration.status();
  EXPECT_EQ(registration->Id(), "vid-1-s1-42");
  EXPECT_EQ(registration->ip, "10.0.0.7");
  EXPECT_EQ(registration->device_id, "camera-7");
  ASSERT_EQ(registration->rtmp.size(), 2U);
  EXPECT_EQ(registration->rtmp[1].port, 1936);
  EXPECT_EQ(registration->http.at(0).transport, Transport::kTcp);
  EXPECT_EQ(registration->api.at(0).port, 1985);
  EXPECT_EQ(registration->srt.at(0).transport, Transport::kUdp);
  EXPECT_EQ(registration->rtc.at(0).transport, Transport::kUdp);
  EXPECT_EQ(registration->rtc.at(1).transport, Transport::kTcp);
  EXPECT_EQ(registration->weight, 2.5);
  EXPECT_EQ(registration->zone, "east");
  EXPECT_EQ(registration->labels.at("tier"), "gold");
  EXPECT_EQ(registration->capacity, 500);
  EXPECT_EQ(registration->heartbeat_interval, absl::Milliseconds(5500));

  const auto again = FromProto(ToProto(*registration));
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(*again, *registration);
}

TEST(OriginConvertTest, AbsentFieldsOfARegistrationHaveTheirDefaults) {
  const auto registration = FromProto(Registration());
  ASSERT_TRUE(registration.ok()) << registration.status();
  EXPECT_EQ(registration->weight, 1.0);
  EXPECT_EQ(registration->heartbeat_interval, std::nullopt);
  EXPECT_TRUE(registration->http.empty());
}

struct BadRegistrationCase {
  const char* name;
  std::function<void(v1::OriginRegistration&)> spoil;
  const char* field;
};

class OriginConvertBadRegistrationTest : public testing::TestWithParam<BadRegistrationCase> {};

TEST_P(OriginConvertBadRegistrationTest, NamesTheField) {
  auto message = Registration();
  GetParam().spoil(message);
  const auto registration = FromProto(message);
  EXPECT_EQ(registration.status().code(), absl::StatusCode::kInvalidArgument);
  const auto info = ErrorInfoOf(registration.status());
  EXPECT_EQ(info.reason(), "INVALID_FIELD");
  EXPECT_EQ(info.metadata().at("field"), GetParam().field) << registration.status();
  EXPECT_THAT(std::string(MessageOf(registration.status())),
              testing::StartsWith(std::string(GetParam().field) + ": "));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, OriginConvertBadRegistrationTest,
    testing::Values(
        BadRegistrationCase{"PortTooLarge", [](auto& m) { m.add_rtmp("70000"); }, "rtmp[1]"},
        BadRegistrationCase{"PortZero", [](auto& m) { m.add_http("0"); }, "http[0]"},
        BadRegistrationCase{"PortNegative", [](auto& m) { m.add_api("-1"); }, "api[0]"},
        BadRegistrationCase{"PortText", [](auto& m) { m.add_srt("udp://0.0.0.0:x"); }, "srt[0]"},
        BadRegistrationCase{"EndpointEmpty", [](auto& m) { m.add_rtc(""); }, "rtc[0]"},
        BadRegistrationCase{"IntervalNegative",
                            [](auto& m) { m.mutable_heartbeat_interval()->set_seconds(-5); },
                            "heartbeat_interval"}),
    [](const auto& test) { return std::string(test.param.name); });

struct BadLoadCase {
  const char* name;
  std::function<void(v1::LoadReport&)> spoil;
  const char* field;
};

class OriginConvertBadLoadTest : public testing::TestWithParam<BadLoadCase> {};

TEST_P(OriginConvertBadLoadTest, NamesTheField) {
  v1::LoadReport message;
  GetParam().spoil(message);
  const auto load = FromProto(message);
  EXPECT_EQ(load.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorInfoOf(load.status()).metadata().at("field"), GetParam().field);
}

INSTANTIATE_TEST_SUITE_P(
    Bad, OriginConvertBadLoadTest,
    testing::Values(
        BadLoadCase{"CpuAboveOne", [](auto& m) { m.set_cpu_ratio(1.5); }, "load.cpu_ratio"},
        BadLoadCase{"CpuNan",
                    [](auto& m) { m.set_cpu_ratio(std::numeric_limits<double>::quiet_NaN()); },
                    "load.cpu_ratio"},
        BadLoadCase{"MemoryNegative", [](auto& m) { m.set_memory_ratio(-0.1); },
                    "load.memory_ratio"},
        BadLoadCase{"ConnectionsNegative", [](auto& m) { m.set_connections(-1); },
                    "load.connections"},
        BadLoadCase{"StreamsNegative", [](auto& m) { m.set_streams(-1); }, "load.streams"},
        BadLoadCase{"BitsNegative", [](auto& m) { m.set_bits_per_second(-1); },
                    "load.bits_per_second"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(OriginConvertTest, AbsentLoadStaysAbsent) {
  const auto load = FromProto(v1::LoadReport());
  ASSERT_TRUE(load.ok()) << load.status();
  EXPECT_FALSE(load->cpu_ratio || load->memory_ratio || load->connections || load->streams ||
               load->bits_per_second);
  EXPECT_FALSE(ToProto(Origin()).has_load());
}

TEST(OriginConvertTest, AnOriginIsAnsweredWhole) {
  Origin origin;
  origin.id = "vid-1-s1-42";
  origin.generation = 3;
  origin.source = "10.0.0.7";
  origin.registration.server = "vid-1";
  origin.registration.rtmp = {{Transport::kTcp, "", 1935}};
  origin.health = OriginHealth::kSuspect;
  origin.admin_state = AdminState::kCordoned;
  origin.down = true;
  origin.permanent = true;
  origin.weight = 0.5;
  origin.load.cpu_ratio = 0.0;
  origin.registered_at = absl::FromUnixSeconds(1'700'000'000);
  origin.heartbeat_at = absl::FromUnixMillis(1'700'000'010'250);

  const auto message = ToProto(origin);
  EXPECT_EQ(message.id(), "vid-1-s1-42");
  EXPECT_EQ(message.generation(), 3U);
  EXPECT_EQ(message.source(), "10.0.0.7");
  EXPECT_EQ(message.registration().server(), "vid-1");
  EXPECT_THAT(message.registration().rtmp(), testing::ElementsAre("tcp://1935"));
  EXPECT_EQ(message.health(), v1::ORIGIN_HEALTH_SUSPECT);
  EXPECT_EQ(message.admin_state(), v1::ADMIN_STATE_CORDONED);
  EXPECT_TRUE(message.down());
  EXPECT_TRUE(message.permanent());
  EXPECT_EQ(message.weight(), 0.5);
  EXPECT_TRUE(message.load().has_cpu_ratio());
  EXPECT_FALSE(message.load().has_streams());
  EXPECT_EQ(message.register_time().seconds(), 1'700'000'000);
  EXPECT_EQ(message.heartbeat_time().nanos(), 250'000'000);
}

}  // namespace
}  // namespace srsproxy::control
