#include "dataplane/protocol/srs_api/request.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::srs_api {
namespace {

struct ReadCase {
  std::string name;
  std::string method;
  std::string target;
  Request means;
};

class ReadRequestTest : public testing::TestWithParam<ReadCase> {};

TEST_P(ReadRequestTest, MeansWhatSrsWouldDo) {
  const auto request = ParseRequest(GetParam().method, GetParam().target);
  ASSERT_TRUE(request.ok()) << request.status();
  const Request& means = GetParam().means;
  EXPECT_EQ(request->resource, means.resource);
  EXPECT_EQ(request->remove, means.remove);
  EXPECT_EQ(request->id, means.id);
  EXPECT_EQ(request->callback, means.callback);
  EXPECT_EQ(request->start, means.start);
  EXPECT_EQ(request->count, means.count);
}

Request List(Resource resource, size_t start = 0, size_t count = 10) {
  Request request;
  request.resource = resource;
  request.start = start;
  request.count = count;
  return request;
}

Request Client(std::string id, bool remove, std::string callback = "") {
  Request request = List(Resource::kClients);
  request.remove = remove;
  request.id = std::move(id);
  request.callback = std::move(callback);
  return request;
}

INSTANTIATE_TEST_SUITE_P(
    Requests, ReadRequestTest,
    testing::Values(
        ReadCase{"Root", "GET", "/", List(Resource::kRoot)},
        ReadCase{"Api", "GET", "/api", List(Resource::kApi)},
        ReadCase{"V1", "GET", "/api/v1/", List(Resource::kV1)},
        ReadCase{"Versions", "GET", "/api/v1/versions", List(Resource::kVersions)},
        ReadCase{"Head", "HEAD", "/api/v1/summaries", List(Resource::kSummaries)},
        ReadCase{"Raw", "GET", "/api/v1/raw?rpc=raw", List(Resource::kRaw)},
        ReadCase{"AllVhosts", "GET", "/api/v1/vhosts/", List(Resource::kVhosts, 0, kMaxCount)},
        ReadCase{"SomeVhosts", "GET", "/api/v1/vhosts?count=2", List(Resource::kVhosts, 0, 2)},
        ReadCase{"Streams", "GET", "/api/v1/streams", List(Resource::kStreams)},
        ReadCase{"StreamsBySlash", "GET", "/api/v1/streams/", List(Resource::kStreams)},
        ReadCase{"Page", "GET", "/api/v1/clients?start=20&count=30",
                 List(Resource::kClients, 20, 30)},
        ReadCase{"OneItem", "GET", "/api/v1/clients?count=1", List(Resource::kClients, 0, 1)},
        ReadCase{"NoNumbers", "GET", "/api/v1/clients?start=x&count=-3", List(Resource::kClients)},
        ReadCase{"TrailingText", "GET", "/api/v1/clients?start=7x&count=12y",
                 List(Resource::kClients, 7, 12)},
        ReadCase{"HugeNumbers", "GET",
                 "/api/v1/clients?start=99999999999999999999999&count=12345678",
                 List(Resource::kClients, 1'000'000'000, kMaxCount)},
        ReadCase{"TheFirstCounts", "GET", "/api/v1/clients?start&count=3&count=4&discount=5",
                 List(Resource::kClients, 0, 3)},
        ReadCase{"EmptyQuery", "GET", "/api/v1/clients?", List(Resource::kClients)},
        ReadCase{"OneClient", "GET", "/api/v1/clients/8hy7t2x0", Client("8hy7t2x0", false)},
        ReadCase{"EndClient", "DELETE", "/api/v1/clients/8hy7t2x0", Client("8hy7t2x0", true)},
        ReadCase{"Jsonp", "GET", "/api/v1/clients/a?callback=angular.callbacks._0",
                 Client("a", false, "angular.callbacks._0")},
        ReadCase{"JsonpDelete", "GET", "/api/v1/clients/a?callback=f&method=DELETE",
                 Client("a", true, "f")},
        ReadCase{"NoDeleteWithoutCallback", "GET", "/api/v1/clients/a?method=DELETE",
                 Client("a", false)}),
    [](const auto& test) { return test.param.name; });

TEST(RequestTest, RefusesWhatIsNoRequest) {
  struct Case {
    std::string method;
    std::string target;
    absl::StatusCode code;
  };
  const std::vector<Case> cases = {
      {"GET", "/live/stream", absl::StatusCode::kNotFound},
      {"GET", "/api/v2/streams", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/rusages", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/versions/1", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/summaries/1", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/streams//", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/streams/..", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/streams/../clients/a", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/streams/%2e%2e", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/streams/a b", absl::StatusCode::kNotFound},
      {"GET", "/api/v1/streams/" + std::string(65, 'a'), absl::StatusCode::kNotFound},
      {"POST", "/api/v1/streams", absl::StatusCode::kUnimplemented},
      {"DELETE", "/api/v1/clients", absl::StatusCode::kUnimplemented},
      {"DELETE", "/api/v1/streams/a", absl::StatusCode::kUnimplemented},
      {"GET", "/api/v1/streams/a?callback=f&method=DELETE", absl::StatusCode::kUnimplemented},
      {"GET", "/api/v1/streams?callback=alert(1)", absl::StatusCode::kInvalidArgument},
      {"GET", "/api/v1/streams?callback=" + std::string(129, 'a'),
       absl::StatusCode::kInvalidArgument},
  };
  for (const auto& [method, target, code] : cases) {
    EXPECT_EQ(ParseRequest(method, target).status().code(), code) << method << ' ' << target;
  }
}

TEST(RequestTest, ThePathsOfTheApi) {
  for (const char* path : {"/", "/api", "/api/", "/api/v1/x"}) EXPECT_TRUE(IsApiPath(path)) << path;
  for (const char* path : {"", "/rtc/v1/whip/", "/apis", "/live/a.flv"}) {
    EXPECT_FALSE(IsApiPath(path)) << path;
  }
}

TEST(RequestTest, WhatOriginsAreAsked) {
  EXPECT_EQ(ListTarget(Resource::kStreams, 5, 20), "/api/v1/streams/?start=5&count=20");
  EXPECT_EQ(ListTarget(Resource::kVhosts, 5, 20), "/api/v1/vhosts/");
  EXPECT_EQ(ListTarget(Resource::kSummaries, 0, 0), "/api/v1/summaries");
  EXPECT_EQ(ItemTarget(Resource::kClients, "a-1"), "/api/v1/clients/a-1");
}

}  // namespace
}  // namespace srsproxy::srs_api
