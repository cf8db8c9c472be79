#include "controlplane/http/register_body.h"

#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

TEST(RegisterBodyTest, ReadsWhatSrsSends) {
  const auto body = ParseRegisterBody(R"({
    "device_id": "camera-7", "ip": "10.0.0.7", "server": "vid-1", "service": "s1", "pid": "42",
    "rtmp": ["1935", "[::]:1936"], "http": ["0.0.0.0:8080"], "api": ["1985"],
    "srt": ["udp://0.0.0.0:10080"], "rtc": ["udp://0.0.0.0:8000", "tcp://0.0.0.0:8000"],
    "summaries": {"data": {"ok": true,
      "self": {"cpu_percent": 0.9},
      "system": {"cpu_percent": 0.25, "mem_ram_percent": 0.5, "conn_srs": 12}}}})");
  ASSERT_TRUE(body.ok()) << body.status();
  const auto& registration = body->registration;
  EXPECT_EQ(registration.device_id(), "camera-7");
  EXPECT_EQ(registration.ip(), "10.0.0.7");
  EXPECT_EQ(registration.server(), "vid-1");
  EXPECT_EQ(registration.service(), "s1");
  EXPECT_EQ(registration.pid(), "42");
  EXPECT_THAT(registration.rtmp(), testing::ElementsAre("1935", "[::]:1936"));
  EXPECT_THAT(registration.http(), testing::ElementsAre("0.0.0.0:8080"));
  EXPECT_THAT(registration.api(), testing::ElementsAre("1985"));
  EXPECT_THAT(registration.srt(), testing::ElementsAre("udp://0.0.0.0:10080"));
  EXPECT_THAT(registration.rtc(), testing::ElementsAre("udp://0.0.0.0:8000", "tcp://0.0.0.0:8000"));
  EXPECT_DOUBLE_EQ(body->load.cpu_ratio(), 0.25);
  EXPECT_DOUBLE_EQ(body->load.memory_ratio(), 0.5);
  EXPECT_EQ(body->load.connections(), 12);
}

TEST(RegisterBodyTest, NumbersAreTexts) {
  const auto body =
      ParseRegisterBody(R"({"server": 18446744073709551615, "pid": 42, "rtmp": [1935, "1936"]})");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->registration.server(), "18446744073709551615");
  EXPECT_EQ(body->registration.pid(), "42");
  EXPECT_THAT(body->registration.rtmp(), testing::ElementsAre("1935", "1936"));
}

TEST(RegisterBodyTest, NullAndUnknownFieldsAreAbsent) {
  const auto body = ParseRegisterBody(R"({"ip": null, "rtmp": null, "later": {"a": [1]}})");
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->registration.ip(), "");
  EXPECT_EQ(body->registration.rtmp_size(), 0);
}

struct SummariesCase {
  const char* name;
  const char* json;
  bool cpu_present;
  double cpu;
  bool connections_present;
};

class RegisterBodySummariesTest : public testing::TestWithParam<SummariesCase> {};

TEST_P(RegisterBodySummariesTest, AreTakenWhereTheyMakeSense) {
  const auto body = ParseRegisterBody(GetParam().json);
  ASSERT_TRUE(body.ok()) << body.status();
  EXPECT_EQ(body->load.has_cpu_ratio(), GetParam().cpu_present);
  EXPECT_DOUBLE_EQ(body->load.cpu_ratio(), GetParam().cpu);
  EXPECT_EQ(body->load.has_connections(), GetParam().connections_present);
}

INSTANTIATE_TEST_SUITE_P(
    Summaries, RegisterBodySummariesTest,
    testing::Values(
        SummariesCase{"Absent", R"({})", false, 0, false},
        SummariesCase{"NoObject", R"({"summaries": 7})", false, 0, false},
        SummariesCase{"NoSystem", R"({"summaries": {"data": {}}})", false, 0, false},
        SummariesCase{"AboveOne", R"({"summaries":{"data":{"system":{"cpu_percent":1.4}}}})", true,
                      1, false},
        SummariesCase{"Negative",
                      R"({"summaries":{"data":{"system":{"cpu_percent":-3,"conn_srs":-1}}}})", true,
                      0, false},
        SummariesCase{"Integer", R"({"summaries":{"data":{"system":{"cpu_percent":1}}}})", true, 1,
                      false},
        SummariesCase{"Texts",
                      R"({"summaries":{"data":{"system":{"cpu_percent":"1","conn_srs":"5"}}}})",
                      false, 0, false},
        SummariesCase{"ConnectionsAlone", R"({"summaries":{"data":{"system":{"conn_srs":0}}}})",
                      false, 0, true}),
    [](const auto& test) { return std::string(test.param.name); });

struct BadBodyCase {
  const char* name;
  std::string json;
  const char* field;
};

class RegisterBodyBadTest : public testing::TestWithParam<BadBodyCase> {};

TEST_P(RegisterBodyBadTest, NamesTheField) {
  const auto body = ParseRegisterBody(GetParam().json);
  EXPECT_EQ(body.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorInfoOf(body.status()).metadata().at("field"), GetParam().field);
  EXPECT_THAT(std::string(MessageOf(body.status())), testing::StartsWith(GetParam().field));
}

INSTANTIATE_TEST_SUITE_P(
    Bad, RegisterBodyBadTest,
    testing::Values(BadBodyCase{"Empty", "", "body"}, BadBodyCase{"Text", "hello", "body"},
                    BadBodyCase{"Form", "ip=10.0.0.7&server=a", "body"},
                    BadBodyCase{"Cut", R"({"ip": "10.0.0.7)", "body"},
                    BadBodyCase{"Trailing", "{} {}", "body"}, BadBodyCase{"List", "[]", "body"},
                    BadBodyCase{"Number", "7", "body"}, BadBodyCase{"Null", "null", "body"},
                    BadBodyCase{"NotUtf8", "{\"ip\": \"\xff\xfe\"}", "body"},
                    BadBodyCase{"Deep", std::string(10'000, '['), "body"},
                    BadBodyCase{"IpObject", R"({"ip": {}})", "ip"},
                    BadBodyCase{"PidFraction", R"({"pid": 4.5})", "pid"},
                    BadBodyCase{"ServerTruth", R"({"server": true})", "server"},
                    BadBodyCase{"RtmpText", R"({"rtmp": "1935"})", "rtmp"},
                    BadBodyCase{"RtmpNestedList", R"({"rtmp": [["1935"]]})", "rtmp"},
                    BadBodyCase{"RtcNullEntry", R"({"rtc": [null]})", "rtc"}),
    [](const auto& test) { return std::string(test.param.name); });

}  // namespace
}  // namespace srsproxy::control
