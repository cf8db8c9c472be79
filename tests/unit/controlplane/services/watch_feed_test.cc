#include "controlplane/services/watch_feed.h"

#include <absl/strings/str_cat.h>
#include <gmock/gmock.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "controlplane/services/watch_token.h"
#include "tests/support/random_fleet.h"

namespace srsproxy::control {
namespace {

v1::WatchResponse Parsed(grpc::ByteBuffer bytes) {
  v1::WatchResponse response;
  const auto status = grpc::SerializationTraits<v1::WatchResponse>::Deserialize(&bytes, &response);
  EXPECT_TRUE(status.ok()) << status.error_message();
  return response;
}

// A fleet, and one watch of it without a network.
class WatchFeedTest : public testing::Test {
 protected:
  WatchFeed Feed(const v1::WatchRequest& request, std::optional<uint64_t> after = std::nullopt) {
    auto filter = EventFilter::Of(request, VhostPolicy());
    EXPECT_TRUE(filter.ok()) << filter.status();
    return WatchFeed(sources_, *std::move(filter), after);
  }

  void Claim(const std::string& stream, const std::string& origin_id = "vid-1-s1-1") {
    ClaimRequest request;
    request.key = {"v.io", "live", stream};
    request.origin_id = origin_id;
    fleet_.streams.Claim(request, [this](absl::StatusOr<ClaimOutcome> outcome) {
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      holds_.push_back(std::move(outcome->hold));
    });
  }

  void Move(const std::string& stream, const std::string& origin_id) {
    MoveRequest request;
    request.key = {"v.io", "live", stream};
    request.origin_id = origin_id;
    fleet_.streams.Move(request, [](const auto& outcome) { EXPECT_TRUE(outcome.ok()); });
  }

  std::string Register(const std::string& server) {
    OriginRegistration registration;
    registration.ip = "10.0.0.1";
    registration.server = server;
    registration.service = "s1";
    registration.pid = "1";
    registration.rtmp = {{Transport::kTcp, "", static_cast<uint16_t>(++last_port_)}};
    return fleet_.origins.Register(registration, "10.1.1.1").value().origin_id;
  }

  Fleet fleet_{64};
  std::vector<std::unique_ptr<StreamHold>> holds_;
  EventEncoder encoder_{"proxy-1"};
  WatchSources sources_{fleet_.log, fleet_.origins, fleet_.streams, encoder_};
  int last_port_ = 2000;
};

TEST_F(WatchFeedTest, ASnapshotOfNothingIsComplete) {
  auto feed = Feed({});
  const auto next = feed.Next();
  ASSERT_TRUE(next.ok());
  EXPECT_TRUE(next->worth_sending);
  EXPECT_FALSE(next->more);
  const auto message = Parsed(next->bytes);
  EXPECT_TRUE(message.snapshot_complete());
  EXPECT_EQ(message.events_size(), 0);
  EXPECT_EQ(*ParseWatchToken(message.resume_token()),
            (WatchPosition{"proxy-1", fleet_.log.epoch(), 0}));
}

TEST_F(WatchFeedTest, SendsWhatIsThenWhatHappens) {
  Register("vid-1");
  Claim("one");
  auto feed = Feed({});
  const auto snapshot = Parsed(feed.Next()->bytes);
  ASSERT_EQ(snapshot.events_size(), 2);
  EXPECT_EQ(snapshot.events(0).kind(), v1::EVENT_KIND_ORIGIN_ADDED);
  EXPECT_EQ(snapshot.events(0).sequence(), 0U);
  EXPECT_EQ(snapshot.events(1).stream().key(), "v.io/live/one");
  EXPECT_TRUE(snapshot.snapshot_complete());

  holds_.back()->MarkLive();
  Move("one", "vid-2-s1-1");
  const auto next = feed.Next();
  EXPECT_FALSE(next->more);
  const auto message = Parsed(next->bytes);
  ASSERT_EQ(message.events_size(), 2);
  EXPECT_EQ(message.events(0).kind(), v1::EVENT_KIND_STREAM_CHANGED);
  EXPECT_EQ(message.events(0).sequence(), 3U);
  EXPECT_EQ(message.events(1).stream().origin_id(), "vid-2-s1-1");
  EXPECT_EQ(message.events(1).former_origin_id(), "vid-1-s1-1");
  EXPECT_EQ(message.events(1).proxy_id(), "proxy-1");
  EXPECT_NE(message.events(1).message(), "");
  EXPECT_FALSE(message.snapshot_complete());
  EXPECT_EQ(ParseWatchToken(message.resume_token())->sequence, 4U);

  EXPECT_FALSE(feed.Next()->worth_sending);
}

TEST_F(WatchFeedTest, ALargeSnapshotIsSentInSlicesAroundWhatHappens) {
  Fleet fleet(1'000);
  MemoryStreamDirectory many(fleet.clock, 10'000);
  for (int i = 0; i < 5'000; ++i) {
    ClaimRequest request;
    request.key = {"v.io", "live", absl::StrCat("s", i)};
    request.origin_id = "vid-1-s1-1";
    many.Claim(request, [this](absl::StatusOr<ClaimOutcome> outcome) {
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      holds_.push_back(std::move(outcome->hold));
    });
  }
  WatchFeed feed({fleet.log, fleet.origins, many, encoder_}, {}, std::nullopt);
  size_t sent = 0;
  size_t slices = 0;
  bool complete = false;
  while (!complete) {
    StreamEvent event;
    event.mapping.key = {"v.io", "other", "one"};
    fleet.log.OnStreamEvent(event);
    const auto next = feed.Next();
    ASSERT_TRUE(next.ok());
    const auto message = Parsed(next->bytes);
    EXPECT_LT(message.ByteSizeLong(), 100'000U);
    ASSERT_GT(message.events_size(), 1);
    EXPECT_EQ(message.events(0).sequence(), ++slices);
    sent += static_cast<size_t>(message.events_size()) - 1;
    complete = message.snapshot_complete();
    EXPECT_EQ(next->more, !complete);
    EXPECT_EQ(message.resume_token().empty(), !complete);
  }
  EXPECT_EQ(sent, 5'000U);
  EXPECT_GT(slices, 3U);
}

struct FilterCase {
  const char* name;
  v1::WatchRequest request;
  std::vector<std::string> snapshot;  // Ids and keys.
  std::vector<std::string> events;
};

v1::WatchRequest OfStream(const char* stream) {
  v1::WatchRequest request;
  request.set_stream(stream);
  return request;
}
v1::WatchRequest OfOrigin(const char* origin_id) {
  v1::WatchRequest request;
  request.set_origin_id(origin_id);
  return request;
}
v1::WatchRequest OfKinds(const std::vector<v1::EventKind>& kinds) {
  v1::WatchRequest request;
  for (const auto kind : kinds) request.add_kinds(kind);
  return request;
}

class WatchFilterTest : public WatchFeedTest, public testing::WithParamInterface<FilterCase> {
 protected:
  static std::vector<std::string> Subjects(const v1::WatchResponse& message) {
    std::vector<std::string> subjects;
    for (const auto& event : message.events()) {
      subjects.push_back(event.has_origin() ? event.origin().id() : event.stream().key());
    }
    return subjects;
  }
};

TEST_P(WatchFilterTest, OnlyWhatIsWantedIsSent) {
  Register("vid-1");
  Register("vid-2");
  Claim("one", "vid-1-s1-1");
  Claim("two", "vid-2-s1-1");
  auto feed = Feed(GetParam().request);
  const auto snapshot = Parsed(feed.Next()->bytes);
  EXPECT_TRUE(snapshot.snapshot_complete());
  EXPECT_EQ(Subjects(snapshot), GetParam().snapshot);

  Move("one", "vid-2-s1-1");
  Move("two", "vid-3-s1-1");
  Register("vid-3");
  fleet_.origins.ReportConnect("vid-1-s1-1", ConnectOutcome::kRefused);
  const auto next = feed.Next();
  ASSERT_TRUE(next.ok());
  EXPECT_EQ(Subjects(Parsed(next->bytes)), GetParam().events);
  EXPECT_EQ(next->worth_sending, !GetParam().events.empty());
  EXPECT_EQ(ParseWatchToken(Parsed(next->bytes).resume_token())->sequence,
            fleet_.log.last_sequence());
}

INSTANTIATE_TEST_SUITE_P(
    Filters, WatchFilterTest,
    testing::Values(
        FilterCase{"All",
                   {},
                   {"vid-1-s1-1", "vid-2-s1-1", "v.io/live/one", "v.io/live/two"},
                   {"v.io/live/one", "v.io/live/two", "vid-3-s1-1", "vid-1-s1-1"}},
        FilterCase{
            "Stream", OfStream("rtmp://v.io/live/one"), {"v.io/live/one"}, {"v.io/live/one"}},
        FilterCase{"StreamWithoutMapping", OfStream("v.io/live/none"), {}, {}},
        FilterCase{"Origin",
                   OfOrigin("vid-1-s1-1"),
                   {"vid-1-s1-1", "v.io/live/one"},
                   {"v.io/live/one", "vid-1-s1-1"}},
        FilterCase{"OriginThatStreamsComeToAndLeave",
                   OfOrigin("vid-2-s1-1"),
                   {"vid-2-s1-1", "v.io/live/two"},
                   {"v.io/live/one", "v.io/live/two"}},
        FilterCase{"Kinds",
                   OfKinds({v1::EVENT_KIND_ORIGIN_ADDED, v1::EVENT_KIND_STREAM_CHANGED}),
                   {"vid-1-s1-1", "vid-2-s1-1"},
                   {"v.io/live/one", "v.io/live/two", "vid-3-s1-1"}},
        FilterCase{
            "KindsWithoutSnapshot", OfKinds({v1::EVENT_KIND_ORIGIN_CHANGED}), {}, {"vid-1-s1-1"}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST_F(WatchFeedTest, AnOvertakenFeedIsCutWithItsToken) {
  Claim("one");
  auto feed = Feed({});
  EXPECT_TRUE(Parsed(feed.Next()->bytes).snapshot_complete());
  for (int i = 0; i < 65; ++i) Move("one", absl::StrCat("vid-", i));
  const auto next = feed.Next();
  ASSERT_EQ(next.status().code(), absl::StatusCode::kOutOfRange);
  const auto info = ErrorInfoOf(next.status());
  EXPECT_EQ(info.reason(), "WATCH_COMPACTED");
  EXPECT_EQ(ParseWatchToken(info.metadata().at("resume_token"))->sequence, 1U);
}

TEST_F(WatchFeedTest, AnOvertakenSnapshotHasNoToken) {
  auto feed = Feed({});
  Claim("one");
  for (int i = 0; i < 65; ++i) Move("one", absl::StrCat("vid-", i));
  const auto next = feed.Next();
  ASSERT_EQ(next.status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(ErrorInfoOf(next.status()).metadata().at("resume_token"), "");
}

// Whatever happens between any two messages, and wherever a watch is cut and resumed: who applies
// all that is sent has the true picture in the end.
class WatchFeedModelTest : public testing::TestWithParam<unsigned> {};

TEST_P(WatchFeedModelTest, ThePictureEqualsTheLists) {
  std::mt19937 random(GetParam());
  const auto any = [&random](int count) {
    return std::uniform_int_distribution<>(0, count - 1)(random);
  };
  Fleet fleet(60);
  FleetActor actor(fleet, GetParam());
  EventEncoder encoder("proxy-1");
  const WatchSources sources{fleet.log, fleet.origins, fleet.streams, encoder};
  Picture seen;
  auto feed = std::make_optional<WatchFeed>(sources, EventFilter(), std::nullopt);
  int compacted = 0;
  std::string token;
  const auto read = [&]() -> bool {  // Whether there is more.
    const auto next = feed->Next();
    if (!next.ok()) {
      EXPECT_EQ(next.status().code(), absl::StatusCode::kOutOfRange);
      ++compacted;
      seen = {};
      feed.emplace(sources, EventFilter(), std::nullopt);
      return true;
    }
    const auto message = Parsed(next->bytes);
    seen.Apply(message);
    token = message.resume_token();
    return next->more;
  };
  for (int round = 0; round < 400; ++round) {
    for (int i = any(any(20) == 0 ? 400 : 10); i > 0; --i) actor.Act();
    read();
    if (token.empty() || any(5) > 0) continue;
    feed.emplace(sources, EventFilter(), ParseWatchToken(token)->sequence);
    if (any(3) > 0) continue;
    seen = {};
    feed.emplace(sources, EventFilter(), std::nullopt);
  }
  while (read()) {
  }
  EXPECT_EQ(seen, Picture::Of(fleet));
  EXPECT_FALSE(seen.streams.empty());
  EXPECT_GT(compacted, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, WatchFeedModelTest, testing::Range(1U, 21U));

}  // namespace
}  // namespace srsproxy::control
