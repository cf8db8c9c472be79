// Watch and ListEvents, spoken to by real clients.

#include "controlplane/services/event_service.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "controlplane/services/watch_token.h"
#include "tests/integration/event_server.h"

namespace srsproxy::control {
namespace {

using testing::ElementsAre;

v1::WatchRequest Resume(const std::string& token) {
  v1::WatchRequest request;
  request.set_resume_token(token);
  return request;
}

std::vector<std::string> Keys(const std::vector<v1::Event>& events) {
  std::vector<std::string> keys;
  for (const auto& event : events) keys.push_back(event.stream().key());
  return keys;
}

TEST(WatchTest, SendsEventsAsTheyHappenAndResumes) {
  EventServer server;
  Watcher first(*server.stub, {});
  const auto snapshot = first.Read();
  ASSERT_TRUE(snapshot.has_value());
  EXPECT_TRUE(snapshot->snapshot_complete());

  server.Place("one", "vid-1");
  EXPECT_THAT(Keys(first.ReadEvents(1)), ElementsAre("v.io/live/one"));
  server.Place("two", "vid-1");
  EXPECT_THAT(Keys(first.ReadEvents(1)), ElementsAre("v.io/live/two"));
  first.Cancel();
  EXPECT_EQ(first.Finish().code(), absl::StatusCode::kCancelled);

  server.Place("three", "vid-1");
  // A token may be used again.
  for (int i = 0; i < 2; ++i) {
    Watcher again(*server.stub, Resume(first.token));
    EXPECT_THAT(Keys(again.ReadEvents(1)), ElementsAre("v.io/live/three"));
  }
  Watcher from_before(*server.stub, Resume(snapshot->resume_token()));
  EXPECT_THAT(Keys(from_before.ReadEvents(3)),
              ElementsAre("v.io/live/one", "v.io/live/two", "v.io/live/three"));
}

TEST(WatchTest, AResumedWatchIsAnsweredAtOnce) {
  EventServer server;
  Watcher first(*server.stub, {});
  const auto token = first.Read()->resume_token();
  Watcher second(*server.stub, Resume(token));
  const auto message = second.Read();
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->events_size(), 0);
  EXPECT_FALSE(message->snapshot_complete());
  EXPECT_EQ(message->resume_token(), token);
}

TEST(WatchTest, TheTokenMovesOnThoughNothingIsSent) {
  EventServer server;
  v1::WatchRequest request;
  request.set_stream("v.io/live/mine");
  Watcher watcher(*server.stub, request);
  EXPECT_TRUE(watcher.Read()->snapshot_complete());
  server.Place("other", "vid-1");
  server.fleet.clock.Advance(absl::Seconds(10));
  const auto message = watcher.Read();
  ASSERT_TRUE(message.has_value());
  EXPECT_EQ(message->events_size(), 0);
  EXPECT_EQ(ParseWatchToken(message->resume_token())->sequence, 1U);
}

struct RefusalCase {
  const char* name;
  v1::WatchRequest request;
  absl::StatusCode code;
  const char* reason;
};

v1::WatchRequest OfKind(int kind) {
  v1::WatchRequest request;
  request.add_kinds(static_cast<v1::EventKind>(kind));
  return request;
}
v1::WatchRequest OfStream(const std::string& stream) {
  v1::WatchRequest request;
  request.set_stream(stream);
  return request;
}

class WatchRefusalTest : public testing::TestWithParam<RefusalCase> {};

TEST_P(WatchRefusalTest, ReportsWhy) {
  EventServer server(4);
  for (int i = 0; i < 10; ++i) server.Place("one", "vid-1");
  auto request = GetParam().request;
  if (request.resume_token().starts_with("sequence ")) {
    const auto sequence = std::stoull(request.resume_token().substr(9));
    request.set_resume_token(MakeWatchToken({"proxy-1", server.fleet.log.epoch(), sequence}));
  }
  Watcher watcher(*server.stub, request);
  EXPECT_EQ(watcher.Read(), std::nullopt);
  const auto status = watcher.Finish();
  EXPECT_EQ(status.code(), GetParam().code) << status;
  EXPECT_EQ(ErrorInfoOf(status).reason(), GetParam().reason);
}

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kOutOfRange = absl::StatusCode::kOutOfRange;

INSTANTIATE_TEST_SUITE_P(
    Requests, WatchRefusalTest,
    testing::Values(RefusalCase{"Garbage", Resume("garbage"), kInvalid, "INVALID_WATCH_TOKEN"},
                    RefusalCase{"Future", Resume("sequence 11"), kInvalid, "INVALID_WATCH_TOKEN"},
                    RefusalCase{"TooOld", Resume("sequence 5"), kOutOfRange, "WATCH_COMPACTED"},
                    RefusalCase{"OtherProxy", Resume(MakeWatchToken({"proxy-2", 7, 1})),
                                kOutOfRange, "WATCH_COMPACTED"},
                    RefusalCase{"BeforeARestart", Resume(MakeWatchToken({"proxy-1", 7, 9})),
                                kOutOfRange, "WATCH_COMPACTED"},
                    RefusalCase{"NoKind", OfKind(0), kInvalid, "INVALID_FIELD"},
                    RefusalCase{"UnknownKind", OfKind(99), kInvalid, "INVALID_FIELD"},
                    RefusalCase{"NoStreamName", OfStream("/"), kInvalid, "INVALID_STREAM_NAME"}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(WatchTest, SoManyMayWatchAndAreCounted) {
  EventServer server(EventLog::kCapacity, 2);
  Watcher first(*server.stub, {});
  Watcher second(*server.stub, {});
  EXPECT_TRUE(first.Read().has_value());
  EXPECT_TRUE(second.Read().has_value());
  EXPECT_THAT(server.Scrape(), testing::HasSubstr("\nsrsproxy_watch_streams 2\n"));
  Watcher third(*server.stub, {});
  EXPECT_EQ(third.Read(), std::nullopt);
  const auto status = third.Finish();
  EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(ErrorInfoOf(status).reason(), "LIMIT_REACHED");
}

TEST(WatchTest, AStopEndsEveryWatchAtOnce) {
  EventServer server;
  Watcher idle(*server.stub, {});
  EXPECT_TRUE(idle.Read().has_value());
  server.service.Stop();
  EXPECT_EQ(idle.Read(), std::nullopt);
  EXPECT_EQ(idle.Finish().code(), absl::StatusCode::kUnavailable);
  Watcher late(*server.stub, {});
  EXPECT_EQ(late.Read(), std::nullopt);
  EXPECT_EQ(late.Finish().code(), absl::StatusCode::kUnavailable);
}

// More than what the network takes of a reader that does not read.
void FloodPast(EventServer& server) {
  const std::string origin_id(500, 'x');
  for (int i = 0; i < 1'000; ++i) server.Place("one", origin_id);
  server.Place("last", "vid-1");
}

// Whether /metrics shows `sample` before much time has passed. `reading` reads what comes each 10
// s.
bool PassTimeUntil(EventServer& server, Watcher& reading, std::string_view sample) {
  for (int i = 0; i < 20; ++i) {
    if (server.Scrape().find(sample) != std::string::npos) return true;
    server.fleet.clock.Advance(absl::Seconds(10));
    EXPECT_TRUE(reading.Read().has_value());
  }
  return false;
}

TEST(WatchTest, AReaderThatNeverReadsIsCutAndOthersGoOn) {
  EventServer server;
  Watcher silent(*server.narrow_stub, {});
  Watcher reading(*server.stub, {});
  EXPECT_TRUE(reading.Read()->snapshot_complete());
  FloodPast(server);
  EXPECT_EQ(reading.ReadEvents(1'001).back().stream().key(), "v.io/live/last");
  EXPECT_TRUE(PassTimeUntil(server, reading, "\nsrsproxy_watch_streams 1\n"));
  server.Place("after", "vid-1");
  EXPECT_THAT(Keys(reading.ReadEvents(1)), ElementsAre("v.io/live/after"));
}

TEST(WatchTest, ASlowReaderIsCutWithATokenThatGoesOn) {
  EventServer server;
  Watcher slow(*server.narrow_stub, {});
  EXPECT_TRUE(slow.Read()->snapshot_complete());
  Watcher reading(*server.stub, {});
  EXPECT_TRUE(reading.Read()->snapshot_complete());
  FloodPast(server);
  EXPECT_EQ(reading.ReadEvents(1'001).back().stream().key(), "v.io/live/last");
  EXPECT_TRUE(PassTimeUntil(server, reading, "_total{code=\"OUT_OF_RANGE\",method="));
  size_t events = 0;
  while (const auto message = slow.Read()) events += static_cast<size_t>(message->events_size());
  EXPECT_LT(events, 1'001U);
  const auto status = slow.Finish();
  ASSERT_EQ(status.code(), absl::StatusCode::kOutOfRange) << status;
  EXPECT_EQ(ErrorInfoOf(status).reason(), "WATCH_COMPACTED");
  Watcher again(*server.stub, Resume(ErrorInfoOf(status).metadata().at("resume_token")));
  EXPECT_EQ(again.ReadEvents(1'001 - events).back().stream().key(), "v.io/live/last");
}

// ---- ListEvents

class ListEventsTest : public testing::Test {
 protected:
  absl::StatusOr<v1::ListEventsResponse> List(const v1::ListEventsRequest& request) {
    grpc::ClientContext context;
    v1::ListEventsResponse response;
    const auto status = server_.stub->ListEvents(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  std::string Register(const std::string& server, const std::string& service) {
    OriginRegistration registration;
    registration.ip = "10.0.0.1";
    registration.server = server;
    registration.service = service;
    registration.pid = "1";
    registration.rtmp = {{Transport::kTcp, "", 1935}};
    return server_.fleet.origins.Register(registration, "10.1.1.1").value().origin_id;
  }

  static std::vector<uint64_t> Sequences(const v1::ListEventsResponse& response) {
    std::vector<uint64_t> sequences;
    for (const auto& event : response.events()) sequences.push_back(event.sequence());
    return sequences;
  }

  EventServer server_{8};
};

TEST_F(ListEventsTest, NothingHasHappened) {
  const auto response = List({});
  ASSERT_TRUE(response.ok());
  EXPECT_EQ(response->events_size(), 0);
  EXPECT_EQ(response->next_page_token(), "");
  EXPECT_FALSE(response->has_oldest_time());
}

TEST_F(ListEventsTest, PagesBackThroughWhatIsKept) {
  for (int i = 0; i < 10; ++i) server_.Place(absl::StrCat("s", i), "vid-1");
  v1::ListEventsRequest request;
  request.set_page_size(4);
  auto response = List(request);
  ASSERT_TRUE(response.ok());
  EXPECT_THAT(Sequences(*response), ElementsAre(10, 9, 8, 7));
  EXPECT_TRUE(response->has_oldest_time());
  request.set_page_token(response->next_page_token());
  EXPECT_THAT(Sequences(*List(request)), ElementsAre(6, 5, 4, 3));
  EXPECT_EQ(List(request)->next_page_token(), "");
  // What the log has forgotten meanwhile is left out.
  for (int i = 0; i < 2; ++i) server_.Place("new", "vid-1");
  EXPECT_THAT(Sequences(*List(request)), ElementsAre(6, 5));
}

TEST_F(ListEventsTest, WhatHappenedToThisStreamInTheLastHour) {
  server_.Place("mine", "vid-1");
  server_.fleet.clock.Advance(absl::Hours(1));
  const auto now = absl::ToUnixSeconds(server_.fleet.clock.WallNow());
  server_.Place("mine", "vid-2");
  server_.Place("other", "vid-2");
  server_.fleet.clock.Advance(absl::Minutes(30));
  server_.Place("mine", "vid-3");
  v1::ListEventsRequest request;
  request.set_stream("rtmp://v.io/live/mine");
  request.mutable_since()->set_seconds(now);
  const auto response = List(request);
  ASSERT_TRUE(response.ok());
  EXPECT_THAT(Sequences(*response), ElementsAre(4, 2));
  EXPECT_EQ(response->events(0).message(), "to be viewed");
  EXPECT_EQ(response->events(0).stream().origin_id(), "vid-3");
}

TEST_F(ListEventsTest, AServerMeansItsOriginsOfNowAndBefore) {
  const auto former = Register("vid-1", "s1");  // 1
  server_.Place("one", former);                 // 2
  server_.Place("two", "vid-1-9-s1-1");         // 3: of another server.
  const auto now = Register("vid-1", "s2");     // 4 and 5: it supersedes the former.
  server_.Place("one", now);                    // 6
  v1::ListEventsRequest request;
  request.set_origin("vid-1");
  EXPECT_THAT(Sequences(*List(request)), ElementsAre(6, 5, 4, 2, 1));
  request.set_origin(former);
  EXPECT_THAT(Sequences(*List(request)), testing::AllOf(testing::Contains(1), testing::Contains(2),
                                                        testing::Not(testing::Contains(6))));
}

TEST_F(ListEventsTest, RefusesWhatItDidNotMake) {
  v1::ListEventsRequest request;
  request.set_page_size(-1);
  EXPECT_EQ(ErrorInfoOf(List(request).status()).reason(), "INVALID_FIELD");
  request.set_page_size(0);
  request.set_page_token("garbage");
  EXPECT_EQ(ErrorInfoOf(List(request).status()).reason(), "INVALID_PAGE_TOKEN");
  request.clear_page_token();
  request.mutable_since()->set_nanos(-1);
  EXPECT_EQ(ErrorInfoOf(List(request).status()).reason(), "INVALID_FIELD");
  request.clear_since();
  request.set_stream("/");
  EXPECT_EQ(ErrorInfoOf(List(request).status()).reason(), "INVALID_STREAM_NAME");
}

}  // namespace
}  // namespace srsproxy::control
