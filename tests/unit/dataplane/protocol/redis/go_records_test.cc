#include "dataplane/protocol/redis/go_records.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// As encoding/json of Go writes it: no empty fields, the zone of the machine, nanoseconds.
constexpr std::string_view kServer =
    R"({"ip":"10.3.0.7","device_id":"rack-4","server_id":"vid-0xyki10","service_id":"s83mrj5p",)"
    R"("pid":"41","rtmp":["tcp://0.0.0.0:1935"],"http":["tcp://0.0.0.0:8080"],)"
    R"("api":["1985"],"srt":["udp://0.0.0.0:10080"],"rtc":["udp://0.0.0.0:8000"],)"
    R"("update_at":"2026-03-04T05:06:07.089000123+08:00"})";

constexpr std::string_view kLeastServer =
    R"({"ip":"10.3.0.7","server_id":"a","service_id":"b","pid":"1",)"
    R"("update_at":"2026-03-04T05:06:07Z"})";

absl::Time At(std::string_view text) {
  absl::Time time;
  std::string error;
  EXPECT_TRUE(absl::ParseTime(absl::RFC3339_full, ToAbsl(text), &time, &error)) << error;
  return time;
}

GoServer Server() {
  return {.ip = "10.3.0.7",
          .device_id = "rack-4",
          .server_id = "vid-0xyki10",
          .service_id = "s83mrj5p",
          .pid = "41",
          .rtmp = {"tcp://0.0.0.0:1935"},
          .http = {"tcp://0.0.0.0:8080"},
          .api = {"1985"},
          .srt = {"udp://0.0.0.0:10080"},
          .rtc = {"udp://0.0.0.0:8000"},
          .updated_at = At("2026-03-03T21:06:07.089000123Z")};
}

TEST(GoServerTest, ReadsWhatGoWrites) {
  const auto server = ParseGoServer(kServer);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(*server, Server());
  EXPECT_EQ(server->Id(), "vid-0xyki10-s83mrj5p-41");
}

TEST(GoServerTest, WhatIsOmittedIsEmpty) {
  const auto server = ParseGoServer(kLeastServer);
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_THAT(server->device_id, IsEmpty());
  EXPECT_THAT(server->rtmp, IsEmpty());
  EXPECT_EQ(server->updated_at, At("2026-03-04T05:06:07Z"));
}

TEST(GoServerTest, WritesAsGoDoes) {
  EXPECT_EQ(FormatGoServer(Server()),
            R"({"ip":"10.3.0.7","device_id":"rack-4","server_id":"vid-0xyki10",)"
            R"("service_id":"s83mrj5p","pid":"41","rtmp":["tcp://0.0.0.0:1935"],)"
            R"("http":["tcp://0.0.0.0:8080"],"api":["1985"],"srt":["udp://0.0.0.0:10080"],)"
            R"("rtc":["udp://0.0.0.0:8000"],"update_at":"2026-03-03T21:06:07.089000123Z"})");
  EXPECT_EQ(FormatGoServer(*ParseGoServer(kLeastServer)), kLeastServer);
}

TEST(GoServerTest, NumbersNullsAndEmptyObjectsAreTaken) {
  const auto server = ParseGoServer(
      R"({"ip":"10.3.0.7","device_id":null,"server_id":7,"service_id":18446744073709551615,)"
      R"("pid":41,"rtmp":[1935,"1936"],"http":null,"api":{},"srt":[],"cid":"x","more":{"a":[1]}})");
  ASSERT_TRUE(server.ok()) << server.status();
  EXPECT_EQ(server->Id(), "7-18446744073709551615-41");
  EXPECT_THAT(server->rtmp, ElementsAre("1935", "1936"));
  EXPECT_THAT(server->http, IsEmpty());
  EXPECT_THAT(server->api, IsEmpty());
  EXPECT_EQ(server->updated_at, absl::InfinitePast());
}

struct BrokenCase {
  std::string json;
  std::string words;
};

class BrokenGoServerTest : public testing::TestWithParam<BrokenCase> {};

TEST_P(BrokenGoServerTest, IsAnErrorThatNamesTheField) {
  const auto server = ParseGoServer(GetParam().json);
  ASSERT_FALSE(server.ok()) << GetParam().json;
  EXPECT_EQ(server.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_THAT(std::string(MessageOf(server.status())), HasSubstr(GetParam().words));
}

// The fields that are needed, and `more`.
std::string With(const std::string& more) {
  return R"({"ip":"1.2.3.4","server_id":"a","service_id":"b","pid":"1",)" + more + "}";
}

std::string ManyEndpoints() {
  std::string list = R"("rtmp":[1935)";
  for (int i = 0; i < 16; ++i) list += ",1935";
  return list + "]";
}

INSTANTIATE_TEST_SUITE_P(
    All, BrokenGoServerTest,
    testing::Values(
        BrokenCase{"", "no JSON"}, BrokenCase{"{", "no JSON"},
        BrokenCase{std::string(kServer) + "x", "no JSON"},
        BrokenCase{std::string(kServer.substr(0, 100)), "no JSON"},
        BrokenCase{"\xff\xfe", "no JSON"}, BrokenCase{With("\"device_id\":\"\xff\""), "no JSON"},
        BrokenCase{"null", "no object"}, BrokenCase{"[]", "no object"},
        BrokenCase{"\"srs\"", "no object"}, BrokenCase{"{}", "ip is missing"},
        BrokenCase{R"({"ip":"","server_id":"a"})", "ip is missing"},
        BrokenCase{R"({"ip":"1.2.3.4","server_id":"a","service_id":"b"})", "pid is missing"},
        BrokenCase{R"({"ip":["1.2.3.4"]})", "ip is no text"},
        BrokenCase{R"({"ip":true})", "ip is no text"}, BrokenCase{R"({"ip":1.5})", "ip is no text"},
        BrokenCase{R"({"ip":1e400})", "ip is no text"},
        BrokenCase{With(R"("rtmp":"1935")"), "rtmp is no list"},
        BrokenCase{With(R"("rtc":[null])"), "rtc has an item that is no text"},
        BrokenCase{With(R"("srt":[["1"]])"), "srt has an item that is no text"},
        BrokenCase{With(R"("http":{"a":1})"), "http is no list"},
        BrokenCase{With(ManyEndpoints()), "rtmp has too many items"},
        BrokenCase{With(R"("update_at":"yesterday")"), "update_at is no time"},
        BrokenCase{With(R"("update_at":"infinite-future")"), "update_at is no time"},
        BrokenCase{With(R"("update_at":1700000000)"), "update_at is no time"},
        BrokenCase{With("\"x\":\"" + std::string(kMaxGoRecordBytes, 'x') + "\""),
                   "more than 65536"},
        BrokenCase{With("\"x\":" + std::string(100, '[') + std::string(100, ']')), "no JSON"}));

TEST(GoServerTest, ARegistrationIsWrittenSoThatEveryGoProxyReadsIt) {
  OriginRegistration registration;
  registration.ip = "10.3.0.7";
  registration.server = "a";
  registration.service = "b";
  registration.pid = "1";
  registration.rtmp = {{.transport = Transport::kTcp, .host = "", .port = 1935},
                       {.transport = Transport::kTcp, .host = "10.3.0.8", .port = 1936}};
  registration.rtc = {{.transport = Transport::kUdp, .host = "", .port = 8000}};
  const GoServer server = ToGoServer(registration, At("2026-03-04T05:06:07Z"));
  EXPECT_EQ(server.Id(), registration.Id());
  EXPECT_THAT(server.rtmp, ElementsAre("tcp://0.0.0.0:1935", "tcp://10.3.0.8:1936"));
  EXPECT_THAT(server.rtc, ElementsAre("udp://0.0.0.0:8000"));
  EXPECT_THAT(server.http, IsEmpty());
}

TEST(GoServerTest, BecomesARegistration) {
  const auto registration = ToRegistration(Server());
  ASSERT_TRUE(registration.ok()) << registration.status();
  EXPECT_EQ(registration->Id(), Server().Id());
  EXPECT_EQ(registration->device_id, "rack-4");
  ASSERT_EQ(registration->api.size(), 1u);
  EXPECT_EQ(registration->api[0].port, 1985);
  ASSERT_EQ(registration->srt.size(), 1u);
  EXPECT_EQ(registration->srt[0].transport, Transport::kUdp);
  EXPECT_EQ(ToGoServer(*registration, Server().updated_at).rtmp, Server().rtmp);
}

TEST(GoServerTest, ThatNothingCanBePlacedOnBecomesNone) {
  GoServer server = Server();
  server.rtmp.clear();
  EXPECT_EQ(ToRegistration(server).status().code(), absl::StatusCode::kInvalidArgument);
  server.rtmp = {"tcp://nowhere"};
  EXPECT_EQ(ToRegistration(server).status().code(), absl::StatusCode::kInvalidArgument);
  server = Server();
  server.ip = "no host";
  EXPECT_EQ(ToRegistration(server).status().code(), absl::StatusCode::kInvalidArgument);
}

TEST(GoTimeTest, HasTheDigitsThatItNeeds) {
  EXPECT_EQ(FormatGoTime(At("2026-03-04T05:06:07Z")), "2026-03-04T05:06:07Z");
  EXPECT_EQ(FormatGoTime(At("2026-03-04T05:06:07.5+01:00")), "2026-03-04T04:06:07.5Z");
  EXPECT_EQ(FormatGoTime(At("2026-03-04T05:06:07.000000001Z")), "2026-03-04T05:06:07.000000001Z");
  EXPECT_EQ(FormatGoTime(At("2026-03-04T05:06:07Z") + absl::Nanoseconds(1) / 4),
            "2026-03-04T05:06:07Z");
  EXPECT_EQ(FormatGoTime(absl::InfinitePast()), "0001-01-01T00:00:00Z");
}

TEST(GoTimeTest, GosZeroValueIsNone) {
  EXPECT_EQ(ParseGoServer(With(R"("update_at":"0001-01-01T00:00:00Z")"))->updated_at,
            absl::InfinitePast());
}

TEST(GoServerListTest, IsAnArrayOfKeys) {
  EXPECT_THAT(*ParseGoServerList(R"(["srs-proxy-server:a","p:srs-proxy-server:b"])"),
              ElementsAre("srs-proxy-server:a", "p:srs-proxy-server:b"));
  EXPECT_EQ(FormatGoServerList({"srs-proxy-server:a"}), R"(["srs-proxy-server:a"])");
}

TEST(GoServerListTest, AnEmptyOneHasThreeForms) {
  for (const char* text : {"[]", "null", "{}"}) {
    EXPECT_THAT(*ParseGoServerList(text), IsEmpty()) << text;
  }
  EXPECT_EQ(FormatGoServerList({}), "[]");
}

TEST(GoServerListTest, AnythingElseIsAnError) {
  for (const char* text : {"", "[", "[1]", "[null]", "\"a\"", "{\"a\":1}", "[[\"a\"]]"}) {
    EXPECT_EQ(ParseGoServerList(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(GoServerListTest, MayHaveTenThousandOrigins) {
  std::vector<std::string> keys;
  for (int i = 0; i < 10'000; ++i) {
    keys.push_back("srs-proxy-server:vid-" + std::to_string(i) + std::string(40, 'x'));
  }
  EXPECT_EQ(*ParseGoServerList(FormatGoServerList(keys)), keys);
}

TEST(GoHlsTest, ReadsWhatGoWritesAndWritesIt) {
  // '&' as Go escapes it; `cid` of earlier versions.
  const auto hls =
      ParseGoHls(R"({"cid":"ab1","spbhid":"9f3k","stream_url":"cdn.example/live/cam",)"
                 R"("full_url":"http://cdn.example:8080/live/cam.m3u8?token=1\u0026x=2"})");
  ASSERT_TRUE(hls.ok()) << hls.status();
  const GoHls expected{"9f3k", "cdn.example/live/cam",
                       "http://cdn.example:8080/live/cam.m3u8?token=1&x=2"};
  EXPECT_EQ(*hls, expected);
  EXPECT_EQ(*ParseGoHls(FormatGoHls(expected)), expected);
  EXPECT_EQ(FormatGoHls({"1", "a/b/c", ""}),
            R"({"spbhid":"1","stream_url":"a/b/c","full_url":""})");
}

TEST(GoHlsTest, WithoutItsIdOrStreamIsAnError) {
  for (const char* text : {"{}", R"({"spbhid":"1"})", R"({"stream_url":"a/b/c"})",
                           R"({"spbhid":"","stream_url":"a/b/c"})", R"(["1"])"}) {
    EXPECT_EQ(ParseGoHls(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

TEST(GoRtcTest, ReadsWhatGoWrites) {
  const auto rtc = ParseGoRtc(R"({"stream_url":"__defaultVhost__/live/cam","ufrag":"8k2m:t0Aq"})");
  ASSERT_TRUE(rtc.ok()) << rtc.status();
  const GoRtc expected{"__defaultVhost__/live/cam", "8k2m:t0Aq", "", ""};
  EXPECT_EQ(*rtc, expected);
  EXPECT_EQ(FormatGoRtc(expected),
            R"({"stream_url":"__defaultVhost__/live/cam","ufrag":"8k2m:t0Aq"})");
}

TEST(GoRtcTest, OursHasTheCredentialsAndTheServer) {
  const GoRtc rtc{"a/b/c", "x:y", "secret", "srs-proxy-server:a-b-1"};
  EXPECT_EQ(FormatGoRtc(rtc), R"({"stream_url":"a/b/c","ufrag":"x:y","ice_pwd":"secret",)"
                              R"("server":"srs-proxy-server:a-b-1"})");
  EXPECT_EQ(*ParseGoRtc(FormatGoRtc(rtc)), rtc);
}

TEST(GoRtcTest, WithoutItsStreamOrUfragIsAnError) {
  for (const char* text : {"{}", R"({"stream_url":"a/b/c"})", R"({"ufrag":"x:y"})", "7"}) {
    EXPECT_EQ(ParseGoRtc(text).status().code(), absl::StatusCode::kDataLoss) << text;
  }
}

}  // namespace
}  // namespace srsproxy::redis
