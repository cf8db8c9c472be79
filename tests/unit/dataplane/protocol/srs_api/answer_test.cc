#include "dataplane/protocol/srs_api/answer.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/protocol/srs_api/srs_answer.h"

namespace srsproxy::srs_api {
namespace {

using absl::StatusCode;

TEST(AnswerTest, ReadsWhatSrsPrinted) {
  const auto streams = ReadList(Resource::kStreams, SrsAnswer("streams"));
  ASSERT_TRUE(streams.ok()) << streams.status();
  ASSERT_EQ(streams->size(), 2);
  EXPECT_EQ(streams->at(0).at("app").as_string(), "live");
  const auto clients = ReadList(Resource::kClients, SrsAnswer("clients"));
  ASSERT_TRUE(clients.ok()) << clients.status();
  EXPECT_EQ(clients->size(), 3);
  const auto vhosts = ReadList(Resource::kVhosts, SrsAnswer("vhosts"));
  ASSERT_TRUE(vhosts.ok()) << vhosts.status();
  EXPECT_EQ(vhosts->at(0).at("name").as_string(), "__defaultVhost__");

  const auto stream = ReadItem(Resource::kStreams, SrsAnswer("stream"));
  ASSERT_TRUE(stream.ok() && stream->has_value()) << stream.status();
  EXPECT_EQ((*stream)->at("app").as_string(), "live");
  const auto versions = ReadData(SrsAnswer("versions"));
  ASSERT_TRUE(versions.ok()) << versions.status();
  EXPECT_EQ(versions->at("version").as_string(), "7.0.18");
  const auto summaries = ReadData(SrsAnswer("summaries"));
  ASSERT_TRUE(summaries.ok()) << summaries.status();
  EXPECT_TRUE(summaries->at("self").is_object());
  EXPECT_EQ(*ReadCode(SrsAnswer("client_deleted")), 0);
}

TEST(AnswerTest, SrsDoesNotKnowTheItem) {
  EXPECT_EQ(*ReadItem(Resource::kStreams, SrsAnswer("stream_unknown")), std::nullopt);
  EXPECT_EQ(*ReadItem(Resource::kClients, SrsAnswer("client_unknown")), std::nullopt);
  EXPECT_EQ(*ReadItem(Resource::kVhosts, SrsAnswer("vhost_unknown")), std::nullopt);
  EXPECT_EQ(*ReadCode(SrsAnswer("client_unknown")), NotFoundCode(Resource::kClients));
}

struct BadCase {
  std::string name;
  std::string body;
  StatusCode code;
};

class BadAnswerTest : public testing::TestWithParam<BadCase> {};

TEST_P(BadAnswerTest, IsNoUse) {
  const auto& [name, body, code] = GetParam();
  for (const auto& status :
       {ReadList(Resource::kStreams, body).status(), ReadItem(Resource::kStreams, body).status(),
        ReadData(body).status()}) {
    EXPECT_EQ(status.code(), code) << status;
    EXPECT_EQ(SideOf(status), Side::kOrigin);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, BadAnswerTest,
    testing::Values(BadCase{"Empty", "", StatusCode::kDataLoss},
                    BadCase{"Html", "<html>It works!</html>", StatusCode::kDataLoss},
                    BadCase{"Cut", R"({"code":0,"streams":[)", StatusCode::kDataLoss},
                    BadCase{"MoreBehind", R"({"code":0,"streams":[]} x)", StatusCode::kDataLoss},
                    BadCase{"Array", "[]", StatusCode::kDataLoss},
                    BadCase{"NoCode", R"({"streams":[],"stream":{},"data":{}})",
                            StatusCode::kDataLoss},
                    BadCase{"TextAsCode", R"({"code":"0","streams":[],"stream":{},"data":{}})",
                            StatusCode::kDataLoss},
                    BadCase{"NothingElse", R"({"code":0})", StatusCode::kDataLoss},
                    BadCase{"WrongTypes", R"({"code":0,"streams":{},"stream":[],"data":"x"})",
                            StatusCode::kDataLoss},
                    BadCase{"NoObjects", R"({"code":0,"streams":[{},1],"stream":null,"data":null})",
                            StatusCode::kDataLoss},
                    BadCase{"Deep", R"({"code":0,"streams":)" + std::string(100'000, '['),
                            StatusCode::kDataLoss},
                    BadCase{"OtherCode", R"({"code":100,"streams":[],"stream":{},"data":{}})",
                            StatusCode::kFailedPrecondition}),
    [](const auto& test) { return test.param.name; });

TEST(AnswerTest, EverySplitOfAnAnswerIsNoUse) {
  const std::string whole = SrsAnswer("streams");
  const size_t end = whole.rfind('}');
  for (size_t length = 0; length < end; length += 7) {
    EXPECT_EQ(ReadList(Resource::kStreams, whole.substr(0, length)).status().code(),
              StatusCode::kDataLoss);
  }
}

}  // namespace
}  // namespace srsproxy::srs_api
