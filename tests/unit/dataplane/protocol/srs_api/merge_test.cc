#include "dataplane/protocol/srs_api/merge.h"

#include <string>
#include <utility>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/srs_api/answer.h"
#include "dataplane/protocol/srs_api/json_text.h"
#include "tests/unit/dataplane/protocol/srs_api/srs_answer.h"

namespace srsproxy::srs_api {
namespace {

constexpr Responder kSelf{"1.20.3-rc1", 42};

json::object Object(const std::string& text) { return json::parse(text).as_object(); }

json::object Data(const std::string& self, const std::string& system) {
  return Object(R"({"ok":true,"now_ms":1,"self":)" + self + R"(,"system":)" + system + "}");
}

json::value MergedData(std::vector<json::object> servers) {
  std::vector<Tagged<json::object>> data;
  for (json::object& server : servers) {
    data.push_back({"vid-" + std::to_string(data.size()), std::move(server)});
  }
  return MergeSummaries(kSelf, std::move(data)).at("data");
}

TEST(MergeTest, TheEnvelopeIsSrss) {
  EXPECT_EQ(WriteJson(Envelope(kSelf, 2048)),
            R"({"code":2048,"server":"srsproxy","service":"srsproxy","pid":"42"})");
}

TEST(MergeTest, VersionsListTheProxyAndEachOrigin) {
  EXPECT_EQ(WriteJson(Versions(kSelf).at("data")),
            R"({"signature":"srsproxy","major":1,"minor":20,"revision":3,"version":"1.20.3-rc1"})");
  std::vector<Tagged<json::object>> data;
  data.push_back({"vid-a", *ReadData(SrsAnswer("versions"))});
  const auto body = MergeVersions(kSelf, std::move(data));
  EXPECT_EQ(body.at("data"), Versions(kSelf).at("data"));
  EXPECT_EQ(WriteJson(body.at("origins")),
            R"([{"origin":"vid-a","data":{"major":7,"minor":0,"revision":18,)"
            R"("version":"7.0.18"}}])");
}

TEST(MergeTest, TwoOfTheSameServerAreTwiceOne) {
  const auto one = *ReadData(SrsAnswer("summaries"));
  const auto merged = MergedData({one, one});
  // Every field that SRS tells is there, and nothing else.
  for (const char* part : {"self", "system"}) {
    const auto& fields = one.at(part).as_object();
    const auto& of_both = merged.at(part).as_object();
    EXPECT_EQ(fields.size(), of_both.size()) << part;
    for (const auto& [name, value] : fields) EXPECT_TRUE(of_both.contains(name)) << name;
  }
  const auto& system = one.at("system").as_object();
  const auto& both = merged.at("system").as_object();
  EXPECT_EQ(both.at("mem_ram_kbyte").as_int64(), 2 * system.at("mem_ram_kbyte").as_int64());
  EXPECT_EQ(both.at("cpus").as_int64(), 2 * system.at("cpus").as_int64());
  EXPECT_EQ(both.at("net_sample_time"), system.at("net_sample_time"));
  EXPECT_DOUBLE_EQ(both.at("cpu_percent").to_number<double>(),
                   system.at("cpu_percent").to_number<double>());
  EXPECT_EQ(merged.at("self").at("version"), one.at("self").at("version"));
  EXPECT_EQ(merged.at("now_ms"), one.at("now_ms"));
  EXPECT_EQ(merged.at("ok"), one.at("ok"));
}

TEST(MergeTest, FiguresAreAddedUpAndOthersChosen) {
  const auto merged = MergedData(
      {Data(R"({"version":"7.0.18","cwd":"/a","mem_kbyte":100,"cpu_percent":0.1,"srs_uptime":50})",
            R"({"cpu_percent":0.1,"conn_srs":7,"load_1m":0.5,"net_sample_time":10,"uptime":3.5})"),
       Data(R"({"version":"7.0.18","cwd":"/b","mem_kbyte":300,"cpu_percent":0.3,"srs_uptime":20})",
            R"({"cpu_percent":0.3,"conn_srs":5,"load_1m":1,"net_sample_time":12,"uptime":2})")});
  EXPECT_EQ(
      WriteJson(merged),
      R"({"ok":true,"now_ms":1,)"
      R"("self":{"version":"7.0.18","mem_kbyte":400,"cpu_percent":0.4,"srs_uptime":20},)"
      R"("system":{"cpu_percent":0.2,"uptime":2,"load_1m":1.5,"net_sample_time":12,"conn_srs":12}})");
}

TEST(MergeTest, WhatIsNoFigureDoesNotCount) {
  const auto merged =
      MergedData({Data(R"({"mem_kbyte":"many","pid":[1]})", R"({"conn_srs":9223372036854775807})"),
                  Data(R"({"mem_kbyte":5,"pid":[1]})", R"({"conn_srs":9223372036854775807})"),
                  Data("7", "null"), Object(R"({"ok":1})"), Object("{}")});
  EXPECT_EQ(WriteJson(merged), R"({"ok":false,"now_ms":1,"self":{"pid":[1],"mem_kbyte":5},)"
                               R"("system":{"conn_srs":1.84467440737096e+19}})");
}

TEST(MergeTest, AnItemIsMarked) {
  const auto body = MarkedItem(kSelf, Resource::kVhosts, {"vid-a", Object(R"({"id":"1"})")});
  EXPECT_EQ(WriteJson(body.at("vhost")), R"({"id":"1","origin":"vid-a"})");
}

TEST(MergeTest, TheIndexNamesWhatThereIs) {
  EXPECT_EQ(WriteJson(Index(kSelf, Resource::kRoot).at("urls")), R"({"api":"the api root"})");
  EXPECT_EQ(WriteJson(Index(kSelf, Resource::kApi).at("urls")), R"({"v1":"the api version 1.0"})");
  const auto urls = Index(kSelf, Resource::kV1).at("urls").as_object();
  for (const auto resource : {Resource::kVersions, Resource::kSummaries, Resource::kVhosts,
                              Resource::kStreams, Resource::kClients}) {
    EXPECT_TRUE(urls.contains(std::string(ResourceName(resource)).c_str()));
  }
}

}  // namespace
}  // namespace srsproxy::srs_api
