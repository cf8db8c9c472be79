// Watch and ListEvents, spoken to by real clients.

#include "controlplane/event_service.h"

#include <atomic>
#include <limits>
#include <thread>

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "controlplane/watch_token.h"
#include "tests/support/random_fleet.h"

namespace srsproxy::control {
namespace {

using testing::ElementsAre;

// One Watch call.
class Watcher {
 public:
  Watcher(v1::EventService::Stub& stub, const v1::WatchRequest& request)
      : reader_(stub.Watch(&context_, request)) {}
  ~Watcher() { context_.TryCancel(); }

  // Nullopt: the call has ended.
  std::optional<v1::WatchResponse> Read() {
    v1::WatchResponse message;
    if (!reader_->Read(&message)) return std::nullopt;
    return message;
  }

  // The next events, however many messages they come in.
  std::vector<v1::Event> ReadEvents(size_t count) {
    std::vector<v1::Event> events;
    while (events.size() < count) {
      const auto message = Read();
      if (!message) break;
      events.insert(events.end(), message->events().begin(), message->events().end());
      if (!message->resume_token().empty()) token = message->resume_token();
    }
    return events;
  }

  absl::Status Finish() { return FromGrpc(reader_->Finish()); }
  void Cancel() { context_.TryCancel(); }

  std::string token;  // The last one that ReadEvents has seen.

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReader<v1::WatchResponse>> reader_;
};

// An EventService over a fleet, behind a port.
class EventServer {
 public:
  explicit EventServer(size_t ring = EventLog::kCapacity, size_t max_watches = 100)
      : fleet(ring),
        service(fleet.log, fleet.origins, fleet.streams, config_, observer_, max_watches) {
    grpc::ServerBuilder builder;
    int port = 0;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
    builder.RegisterService(&service);
    server_ = builder.BuildAndStart();
    const std::string address = absl::StrCat("127.0.0.1:", port);
    stub =
        v1::EventService::NewStub(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()));
    // A connection of its own, that takes 64 kB for a call and does not grow.
    grpc::ChannelArguments narrow;
    narrow.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);
    narrow_stub = v1::EventService::NewStub(
        grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), narrow));
  }
  ~EventServer() {
    service.Stop();
    server_->Shutdown(std::chrono::system_clock::now());
  }

  void Place(const std::string& stream, const std::string& origin_id) {
    StreamEvent event;
    event.mapping.key = {"v.io", "live", stream};
    event.mapping.origin_id = origin_id;
    event.reason = "claimed";
    fleet.log.OnStreamEvent(event);
  }

  std::string Scrape() { return metrics_.Serialize(); }

  Fleet fleet;

 private:
  static Config MakeConfig() {
    Config config;
    config.id = "proxy-1";
    return config;
  }

  LiveConfig config_{MakeConfig()};
  Metrics metrics_{"1"};
  Logger logger_{LogOptions{.sink = [](std::string_view) {}}};
  RequestMemory requests_{fleet.clock};
  RefusalLog denials_{"call denied", fleet.clock, logger_};
  CallGate gate_{nullptr, denials_, metrics_};
  CallObserver observer_{fleet.clock, metrics_, logger_, requests_, gate_};

 public:
  EventService service;
  std::unique_ptr<v1::EventService::Stub> stub;
  std::unique_ptr<v1::EventService::Stub> narrow_stub;

 private:
  std::unique_ptr<grpc::Server> server_;
};

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

TEST(WatchTest, TellsEventsAsTheyHappenAndResumes) {
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

TEST(WatchTest, TheTokenMovesOnThoughNothingIsTold) {
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

TEST_P(WatchRefusalTest, SaysWhy) {
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
  const auto answer = List({});
  ASSERT_TRUE(answer.ok());
  EXPECT_EQ(answer->events_size(), 0);
  EXPECT_EQ(answer->next_page_token(), "");
  EXPECT_FALSE(answer->has_oldest_time());
}

TEST_F(ListEventsTest, PagesBackThroughWhatIsKept) {
  for (int i = 0; i < 10; ++i) server_.Place(absl::StrCat("s", i), "vid-1");
  v1::ListEventsRequest request;
  request.set_page_size(4);
  auto answer = List(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(Sequences(*answer), ElementsAre(10, 9, 8, 7));
  EXPECT_TRUE(answer->has_oldest_time());
  request.set_page_token(answer->next_page_token());
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
  const auto answer = List(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_THAT(Sequences(*answer), ElementsAre(4, 2));
  EXPECT_EQ(answer->events(0).message(), "claimed");
  EXPECT_EQ(answer->events(0).stream().origin_id(), "vid-3");
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

// ---- The model: watchers that are killed, cut and resumed while everything changes.

class Model {
 public:
  Model(size_t ring, unsigned seed) : server_(ring), seed_(seed) {}

  // Acts on two threads while `watchers` follow; afterwards each of them has the true picture.
  void Run(int watchers);

  int cut() const { return cut_; }

 private:
  static constexpr int kRounds = 30;

  v1::WatchRequest RequestOf(int watcher) const;
  void Follow(int watcher);
  // Reads until the watch ends or has seen everything, and kills it after so many messages. Whether
  // it has seen everything.
  bool Read(Watcher& watch, Picture& seen, std::string& token, int messages);
  void Act();

  EventServer server_;
  const unsigned seed_;
  std::atomic<int> steps_ = 0;  // Messages read and watches ended.
  std::atomic<int> cut_ = 0;
  std::atomic<uint64_t> goal_ = std::numeric_limits<uint64_t>::max();  // The last sequence.
  std::atomic<int> done_ = 0;                                          // Watchers.
  std::vector<Picture> pictures_;
};

v1::WatchRequest Model::RequestOf(int watcher) const {
  v1::WatchRequest request;
  if (watcher % 4 == 2) request.set_stream("v.io/live/s7");
  if (watcher % 4 == 3) request.set_origin_id("vid-1-s0-1");
  return request;
}

void Model::Follow(int watcher) {
  std::mt19937 random(seed_ * 100 + static_cast<unsigned>(watcher));
  const auto any = [&random](int count) {
    return std::uniform_int_distribution<>(0, count - 1)(random);
  };
  auto& seen = pictures_[static_cast<size_t>(watcher)];
  std::string token;
  bool complete = false;
  while (!complete) {
    auto request = RequestOf(watcher);
    request.set_resume_token(token);
    if (token.empty()) seen = {};
    Watcher watch(*server_.stub, request);
    complete = Read(watch, seen, token, any(3) == 0 ? 1 + any(8) : 1'000'000);
    ++steps_;
    steps_.notify_all();
    if (complete) break;
    const auto status = watch.Finish();
    if (status.code() == absl::StatusCode::kOutOfRange) {
      ++cut_;
      token.clear();
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
      // Sometimes for so long that the log goes past.
      if (any(2) == 0) {
        (void)server_.fleet.log.WaitAfter(server_.fleet.log.last_sequence() + 100,
                                          absl::Milliseconds(200), {});
      }
    }
  }
  ++done_;
  ++steps_;
  steps_.notify_all();
}

bool Model::Read(Watcher& watch, Picture& seen, std::string& token, int messages) {
  for (int i = 0; i < messages; ++i) {
    const auto message = watch.Read();
    if (!message) return false;
    seen.Apply(*message);
    token = message->resume_token();
    ++steps_;
    steps_.notify_all();
    if (!token.empty() && ParseWatchToken(token)->sequence >= goal_) return true;
  }
  watch.Cancel();
  return false;
}

void Model::Act() {
  FleetActor first(server_.fleet, seed_);
  FleetActor second(server_.fleet, seed_ + 1);
  for (int round = 0; round < kRounds; ++round) {
    const int before = steps_;
    {
      const auto act = [](FleetActor& actor) {
        for (int i = 0; i < 60; ++i) actor.Act();
      };
      std::jthread other(act, std::ref(second));
      act(first);
    }
    for (int now = steps_; now < before + 4; now = steps_) steps_.wait(now);
  }
}

void Model::Run(int watchers) {
  pictures_.resize(static_cast<size_t>(watchers));
  std::vector<std::jthread> threads;
  for (int i = 0; i < watchers; ++i) threads.emplace_back([this, i] { Follow(i); });
  Act();
  goal_ = server_.fleet.log.last_sequence();
  // What has nothing more to tell says so each 10 s.
  for (int now = steps_; done_ < watchers; now = steps_) {
    server_.fleet.clock.Advance(absl::Seconds(10));
    steps_.wait(now);
  }
  threads.clear();
  const auto truth = Picture::Of(server_.fleet);
  for (int i = 0; i < watchers; ++i) {
    const auto request = RequestOf(i);
    const auto& seen = pictures_[static_cast<size_t>(i)];
    if (!request.stream().empty()) {
      EXPECT_EQ(seen, truth.OnlyStream(request.stream())) << i;
    } else if (!request.origin_id().empty()) {
      EXPECT_EQ(seen.OnlyOrigin(request.origin_id()), truth.OnlyOrigin(request.origin_id())) << i;
    } else {
      EXPECT_EQ(seen, truth) << i;
    }
  }
}

TEST(WatchModelTest, EveryPictureEqualsTheLists) {
  Model model(EventLog::kCapacity, 1);
  model.Run(8);
}

TEST(WatchModelTest, EveryPictureEqualsTheListsWhenTheLogIsShort) {
  Model model(48, 2);
  model.Run(8);
  EXPECT_GT(model.cut(), 0);
}

}  // namespace
}  // namespace srsproxy::control
