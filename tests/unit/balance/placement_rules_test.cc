#include "dataplane/balance/placement_rules.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::ElementsAre;

// One origin of a row: "a" for a healthy one, with letters after a ':' for what else it is.
//   s suspect, d down, c cordoned, g draining, r without SRT (listens for RTMP only)
struct Row {
  const char* name;
  std::vector<const char*> origins;
  std::optional<StreamMapping> mapping = std::nullopt;
  std::vector<std::string> excluded = {};
  Protocol protocol = Protocol::kRtmp;
  Role role = Role::kViewer;
  std::optional<StreamMapping> sibling = std::nullopt;

  // Expected: the origin, or why none.
  std::string origin = "";
  std::string refusal = "";
  PickReason reason = PickReason::kClaimed;
  uint64_t replaces = 0;
  bool follows = false;
};

OriginSnapshot Snapshot(const std::vector<const char*>& texts) {
  OriginSnapshot snapshot;
  for (const std::string_view text : texts) {
    auto origin = std::make_shared<Origin>();
    const size_t colon = std::min(text.find(':'), text.size());
    const std::string_view is = text.substr(colon);
    const auto has = [&](char letter) { return is.find(letter) != std::string_view::npos; };
    origin->id = text.substr(0, colon);
    origin->registration.ip = "10.0.0.1";
    origin->registration.rtmp = {{Transport::kTcp, "", 1935}};
    if (!has('r')) origin->registration.srt = {{Transport::kUdp, "", 10080}};
    if (has('s')) origin->health = OriginHealth::kSuspect;
    if (has('d')) origin->down = true;
    if (has('c')) origin->admin_state = AdminState::kCordoned;
    if (has('g')) origin->admin_state = AdminState::kDraining;
    snapshot.origins.push_back(std::move(origin));
  }
  snapshot.successors =
      std::make_shared<OriginSuccessors>(OriginSuccessors{{"old-a", "a"}, {"old-z", "z"}});
  return snapshot;
}

const StreamKey kKey{"example.com", "live", "cam"};

StreamMapping On(const char* origin, uint32_t publishers = 0, bool live = false) {
  StreamMapping mapping;
  mapping.key = kKey;
  mapping.origin_id = origin;
  mapping.version = 7;
  mapping.publishers = publishers;
  mapping.publisher_live = live;
  return mapping;
}
StreamMapping Published(const char* origin) { return On(origin, 1, true); }
StreamMapping Sibling(StreamMapping mapping) {
  mapping.key.vhost = "__defaultVhost__";
  return mapping;
}

class PlacementRulesTest : public testing::TestWithParam<Row> {};

TEST_P(PlacementRulesTest, Place) {
  const Row& row = GetParam();
  const PickRequest request{kKey, row.protocol, row.role, row.excluded};
  const OriginSnapshot snapshot = Snapshot(row.origins);
  const CandidateTable candidates(snapshot);
  const PlacementInputs inputs{request, snapshot, candidates, row.mapping, row.sibling};
  std::vector<std::string> steps;
  const PlacementDecision decision = DecidePlacement(inputs, &steps);
  const std::string why = testing::PrintToString(steps);
  EXPECT_EQ(decision.origin == nullptr ? "" : decision.origin->id, row.origin) << why;
  EXPECT_EQ(MessageOf(decision.refusal), row.refusal) << why;
  EXPECT_EQ(decision.refusal.ok(), decision.origin != nullptr);
  if (decision.origin != nullptr) {
    EXPECT_EQ(decision.reason, row.reason) << why;
    EXPECT_EQ(decision.replaces_version, row.replaces) << why;
    EXPECT_EQ(decision.follows, row.follows) << why;
  } else {
    EXPECT_EQ(decision.refusal.code(), absl::StatusCode::kUnavailable);
  }
}

constexpr auto kNoMapping = std::nullopt;
constexpr auto kMapped = PickReason::kMapped;
constexpr auto kSrt = Protocol::kSrt;
constexpr auto kRtmp = Protocol::kRtmp;
constexpr auto kViewer = Role::kViewer;
constexpr auto kPublisher = Role::kPublisher;

#define NONE_CAN "no origin can serve example.com/live/cam by rtmp: "
// The random number is 0: the first candidate of the best tier is chosen.
INSTANTIATE_TEST_SUITE_P(
    NewStreams, PlacementRulesTest,
    testing::Values(
        Row{.name = "healthy", .origins = {"a", "b"}, .origin = "a"},
        Row{.name = "healthy_before_suspect", .origins = {"a:s", "b"}, .origin = "b"},
        Row{.name = "suspect_before_down", .origins = {"a:d", "b:s"}, .origin = "b"},
        Row{.name = "suspect_and_down_is_down", .origins = {"a:sd", "b:s"}, .origin = "b"},
        Row{.name = "down_when_all_are", .origins = {"a:d", "b:d"}, .origin = "a"},
        Row{.name = "not_cordoned", .origins = {"a:c", "b:s"}, .origin = "b"},
        Row{.name = "not_draining", .origins = {"a:g", "b:d"}, .origin = "b"},
        Row{.name = "only_who_listens", .origins = {"a:r", "b:d"}, .protocol = kSrt, .origin = "b"},
        Row{.name = "not_tried_in_vain", .origins = {"a", "b:s"}, .excluded = {"a"}, .origin = "b"},
        Row{.name = "no_origin",
            .origins = {},
            .refusal = "no origin is registered with this proxy"},
        Row{.name = "all_cordoned",
            .origins = {"a:c", "b:g"},
            .refusal = NONE_CAN "2 cordoned or draining"},
        Row{.name = "all_tried",
            .origins = {"a", "b:c"},
            .excluded = {"a"},
            .refusal = NONE_CAN "1 cordoned or draining, 1 tried in vain by this session"},
        Row{.name = "none_listens",
            .origins = {"a:r"},
            .protocol = kSrt,
            .refusal = "no origin can serve example.com/live/cam by srt: "
                       "1 not listening for this protocol"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    MappedStreams, PlacementRulesTest,
    testing::Values(
        Row{.name = "stay",
            .origins = {"a", "b"},
            .mapping = On("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "stay_on_suspect",
            .origins = {"a", "b:s"},
            .mapping = On("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "stay_on_cordoned",
            .origins = {"a", "b:c"},
            .mapping = On("b"),
            .role = kPublisher,
            .origin = "b",
            .reason = kMapped},
        Row{.name = "lease_ended",
            .origins = {"a"},
            .mapping = On("gone"),
            .origin = "a",
            .replaces = 7},
        Row{.name = "lease_ended_and_no_other",
            .origins = {},
            .mapping = On("gone"),
            .refusal = "no origin is registered with this proxy"},
        Row{.name = "superseded",
            .origins = {"a", "b"},
            .mapping = On("old-a"),
            .origin = "a",
            .reason = kMapped,
            .replaces = 7,
            .follows = true},
        Row{.name = "superseded_by_one_that_has_gone",
            .origins = {"a"},
            .mapping = On("old-z"),
            .origin = "a",
            .replaces = 7},
        Row{.name = "superseded_by_one_that_is_down",
            .origins = {"a:d", "b"},
            .mapping = On("old-a"),
            .origin = "b",
            .replaces = 7},
        Row{.name = "down_and_publisher_gone",
            .origins = {"a", "b:d"},
            .mapping = On("b"),
            .origin = "a",
            .replaces = 7},
        Row{.name = "down_but_published",
            .origins = {"a", "b:d"},
            .mapping = Published("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "down_like_all_others",
            .origins = {"a:d", "b:d"},
            .mapping = On("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "down_and_no_other",
            .origins = {"b:d"},
            .mapping = On("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "down_and_others_cordoned",
            .origins = {"a:c", "b:d"},
            .mapping = On("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "tried_and_publisher_gone",
            .origins = {"a", "b"},
            .mapping = On("b"),
            .excluded = {"b"},
            .origin = "a",
            .replaces = 7},
        Row{.name = "tried_and_only_a_down_one_left",
            .origins = {"a:d", "b"},
            .mapping = On("b"),
            .excluded = {"b"},
            .origin = "a",
            .replaces = 7},
        Row{.name = "tried_but_published",
            .origins = {"a", "b"},
            .mapping = Published("b"),
            .excluded = {"b"},
            .refusal = "stream example.com/live/cam is published on origin b, which could not be "
                       "reached by this session"},
        Row{.name = "tried_while_a_publisher_connects",
            .origins = {"a", "b"},
            .mapping = On("b", 1),
            .excluded = {"b"},
            .refusal = "stream example.com/live/cam is published on origin b, which could not be "
                       "reached by this session"},
        Row{.name = "publisher_tried_while_another_connects",
            .origins = {"a", "b"},
            .mapping = On("b", 1),
            .excluded = {"b"},
            .role = kPublisher,
            .origin = "a",
            .replaces = 7},
        Row{.name = "all_tried",
            .origins = {"a", "b"},
            .mapping = On("b"),
            .excluded = {"a", "b"},
            .refusal = NONE_CAN "1 tried in vain by this session"},
        Row{.name = "does_not_listen",
            .origins = {"a", "b:r"},
            .mapping = On("b"),
            .protocol = kSrt,
            .origin = "a",
            .replaces = 7},
        Row{.name = "does_not_listen_but_published",
            .origins = {"a", "b:r"},
            .mapping = Published("b"),
            .protocol = kSrt,
            .refusal = "stream example.com/live/cam is published on origin b, which does not "
                       "listen for srt"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    OtherVhosts, PlacementRulesTest,
    testing::Values(
        Row{.name = "viewer",
            .origins = {"a", "b"},
            .sibling = Sibling(On("b")),
            .origin = "b",
            .reason = PickReason::kMappedByVhost},
        Row{.name = "publisher_is_placed_anew",
            .origins = {"a", "b"},
            .role = kPublisher,
            .sibling = Sibling(On("b")),
            .origin = "a"},
        Row{.name = "own_mapping_first",
            .origins = {"a", "b"},
            .mapping = On("a"),
            .sibling = Sibling(On("b")),
            .origin = "a",
            .reason = kMapped},
        Row{.name = "cordoned",
            .origins = {"a", "b:c"},
            .sibling = Sibling(Published("b")),
            .origin = "b",
            .reason = PickReason::kMappedByVhost},
        Row{.name = "superseded",
            .origins = {"a", "b"},
            .sibling = Sibling(On("old-a")),
            .origin = "a",
            .reason = PickReason::kMappedByVhost},
        Row{.name = "down", .origins = {"a", "b:d"}, .sibling = Sibling(On("b")), .origin = "a"},
        Row{.name = "down_but_published",
            .origins = {"a", "b:d"},
            .sibling = Sibling(Published("b")),
            .origin = "b",
            .reason = PickReason::kMappedByVhost},
        Row{.name = "gone", .origins = {"a"}, .sibling = Sibling(On("b")), .origin = "a"}),
    [](const auto& row) { return row.param.name; });

TEST(PlacementStepsTest, ReadLikeAnExplanation) {
  const PickRequest request{kKey, kRtmp, kViewer, {}};
  const OriginSnapshot snapshot = Snapshot({"a", "b:d", "c:c"});
  const CandidateTable candidates(snapshot);
  std::vector<std::string> steps;
  DecidePlacement({request, snapshot, candidates, On("b"), kNoMapping}, &steps);
  EXPECT_THAT(
      steps,
      ElementsAre("The stream is mapped to origin b (0 publishers and 0 viewers of this proxy).",
                  "It is down for this proxy and its publisher is gone: the stream may be placed "
                  "anew.",
                  "No candidates: 1 cordoned or draining.", "Of 1 healthy origins, a is chosen."));
  steps.clear();
  DecidePlacement({request, snapshot, candidates, kNoMapping, Sibling(On("a"))}, &steps);
  EXPECT_THAT(steps, ElementsAre("The stream has no mapping.",
                                 "The same live/cam of vhost __defaultVhost__ is mapped to origin "
                                 "a: viewers are placed there."));
}

}  // namespace
}  // namespace srsproxy
