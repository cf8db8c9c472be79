#include "dataplane/proxy/http/cluster_api.h"

#include "dataplane/proxy/http/cluster_route.h"
#include "tests/unit/dataplane/proxy/http_session_fixture.h"

namespace srsproxy::testing {
namespace {

using ::testing::HasSubstr;

const std::string kTarget = "/api/v1/streams";
const std::string kEnd = "the end";

// One stream, with a name of so many bytes and the end.
Script OriginWithAStream(size_t bytes) {
  return HttpResponseScript(R"({"code":0,"server":"s","streams":[{"id":"1","name":")" +
                            std::string(bytes, 'x') + kEnd + R"("}]})");
}

class Open final : public Authorizer {
 public:
  bool enforced() const override { return false; }
  absl::Status Check(const AccessRequest&) override { return absl::OkStatus(); }
};

class ClusterApiTest : public HttpAndHttpsFixture {
 protected:
  ClusterApiTest() { RegisterOrigin(); }
  void EndRest() override { EXPECT_EQ(requests_.used(), 0U) << "a slot is taken"; }

  const std::vector<Fault> faults_ = {{"nothing", 0, "HTTP/1.1 502", "HTTP/1.1 504"},
                                      {"the request", 1, "HTTP/1.1 502", "HTTP/1.1 504"},
                                      {"a part of its head", 2, "HTTP/1.1 502", "HTTP/1.1 504"},
                                      {"a part of its body", 3, "HTTP/1.1 502", "HTTP/1.1 504"}};
  Open authorizer_;
  SessionLimit requests_{1};
  ClusterApiNeeds cluster_{upstream_, authorizer_, requests_};
  ClusterRoute route_{cluster_};
  const HttpSite site_{.methods = "GET, DELETE, OPTIONS",
                       .bodies = true,
                       .routes = {&route_},
                       .not_found = "no such path"};
};

INSTANTIATE_TEST_SUITE_P(, ClusterApiTest, ::testing::Bool(), HttpAndHttpsFixture::NameOf);

TEST_P(ClusterApiTest, WhatTheOriginListsComesThrough) {
  const auto received = Run(serve(site_), {HttpRequestScript(kTarget)}, {OriginWithAStream(9)});
  EXPECT_THAT(received, HasSubstr("200 OK"));
  EXPECT_THAT(received, HasSubstr(kEnd));
}

TEST_P(ClusterApiTest, EndsWhoeverLeavesWhen) {
  RunAllEnds(serve(site_), HttpRequestScript(kTarget), OriginWithAStream(9));
}

TEST_P(ClusterApiTest, AnOriginThatClosesIsReported) {
  RunOriginCloses(serve(site_), HttpRequestScript(kTarget), OriginWithAStream(9), faults_, kEnd);
}

TEST_P(ClusterApiTest, AnOriginThatStallsIsReported) {
  for (const OriginFanOut::Timeouts& timeouts :
       {OriginFanOut::Timeouts{.question = absl::Milliseconds(50), .all = absl::Seconds(60)},
        OriginFanOut::Timeouts{.question = absl::Seconds(60), .all = absl::Milliseconds(50)}}) {
    cluster_.timeouts = timeouts;
    RunOriginStalls(serve(site_), HttpRequestScript(kTarget), OriginWithAStream(9), faults_, kEnd);
  }
}

TEST_P(ClusterApiTest, AClientThatStallsMissesItsDeadline) {
  RunClientStalls(serve(site_), kTarget, OriginWithAStream(400'000), "HTTP/1.1 408", kEnd);
}

}  // namespace
}  // namespace srsproxy::testing
