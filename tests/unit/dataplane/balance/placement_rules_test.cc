#include "dataplane/balance/placement_rules.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy {
namespace {

using testing::ElementsAre;

// One origin of a row: "a" for a healthy one, with letters after a ':' for what else it is.
//   s suspect, x dead, v leaving (it was silent), w leaving (it was deregistered)
//   d down, c cordoned, g draining, r without SRT (listens for RTMP only)
//   z in the zone eu-1, l with the label disk=ssd, f full
// Its server is "s-" and its id.
struct Row {
  const char* name;
  std::vector<const char*> origins;
  std::optional<StreamMapping> mapping = std::nullopt;
  std::vector<std::string> excluded = {};
  Protocol protocol = Protocol::kRtmp;
  Role role = Role::kViewer;
  std::optional<StreamMapping> sibling = std::nullopt;
  const char* zone = "";
  std::vector<const char*> rules = {};
  std::optional<std::string> pinned = std::nullopt;
  const char* leaving = "";

  // Expected: the origin, or why none.
  std::string origin = "";
  std::string refusal = "";
  PickReason reason = PickReason::kClaimed;
  uint64_t replaces = 0;
  bool inherits = false;
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
    origin->registration.server = "s-" + origin->id;
    origin->registration.rtmp = {{Transport::kTcp, "", 1935}};
    if (!has('r')) origin->registration.srt = {{Transport::kUdp, "", 10080}};
    if (has('s')) origin->health = OriginHealth::kSuspect;
    if (has('x')) origin->health = OriginHealth::kDead;
    if (has('v')) origin->health = OriginHealth::kLeaving;
    if (has('w')) {
      origin->health = OriginHealth::kLeaving;
      origin->deregistered = true;
    }
    if (has('d')) origin->down = true;
    if (has('c')) origin->admin_state = AdminState::kCordoned;
    if (has('g')) origin->admin_state = AdminState::kDraining;
    if (has('z')) origin->zone = "eu-1";
    if (has('l')) origin->labels = {{"disk", "ssd"}};
    origin->capacity = 10;
    origin->load.connections = has('f') ? 10 : 9;
    snapshot.origins.push_back(std::move(origin));
  }
  snapshot.successors =
      std::make_shared<OriginSuccessors>(OriginSuccessors{{"old-a", {"a"}}, {"old-z", {"z"}}});
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
// By viewers alone, whose media has flowed.
StreamMapping Viewed(const char* origin) {
  StreamMapping mapping = On(origin);
  mapping.viewers = 2;
  return mapping;
}
StreamMapping Sibling(StreamMapping mapping) {
  mapping.key.vhost = "__defaultVhost__";
  return mapping;
}
StreamMapping Awaited(const char* origin, uint32_t publishers = 0) {
  StreamMapping mapping = Sibling(On(origin, publishers));
  mapping.viewers = 2;
  return mapping;
}

class PlacementRulesTest : public testing::TestWithParam<Row> {};

TEST_P(PlacementRulesTest, Place) {
  const Row& row = GetParam();
  const PickRequest request{kKey, row.protocol, row.role, row.excluded};
  const OriginSnapshot snapshot = Snapshot(row.origins);
  PlacementOptions options;
  options.zone = row.zone;
  for (const char* rule : row.rules) options.rules.push_back(PlacementRule::Parse(rule).value());
  const CandidateTable candidates(snapshot, options, StreamCounts());
  const auto pinned = [&] { return row.pinned; };
  const auto sibling = [&] { return row.sibling; };
  const PlacementInputs inputs{request,     snapshot, candidates, options,
                               row.mapping, sibling,  pinned,     row.leaving};
  std::vector<std::string> steps;
  const PlacementDecision decision = DecidePlacement(inputs, &steps);
  const std::string why = testing::PrintToString(steps);
  EXPECT_EQ(decision.origin == nullptr ? "" : decision.origin->id, row.origin) << why;
  EXPECT_EQ(MessageOf(decision.refusal), row.refusal) << why;
  EXPECT_EQ(decision.refusal.ok(), decision.origin != nullptr);
  if (decision.origin != nullptr) {
    EXPECT_EQ(decision.reason, row.reason) << why;
    EXPECT_EQ(decision.replaces_version, row.replaces) << why;
    EXPECT_EQ(decision.inherits, row.inherits) << why;
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
            .inherits = true},
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
            .refusal = NONE_CAN "2 tried in vain by this session"},
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
    EndedLeases, PlacementRulesTest,
    testing::Values(
        Row{.name = "suspect_before_dead", .origins = {"a:x", "b:s"}, .origin = "b"},
        Row{.name = "down_before_dead", .origins = {"a:x", "b:d"}, .origin = "b"},
        Row{.name = "dead_when_the_down_one_was_tried",
            .origins = {"a:x", "b:d"},
            .excluded = {"b"},
            .origin = "a"},
        Row{.name = "dead_and_down_last", .origins = {"a:xd", "b:x"}, .origin = "b"},
        Row{.name = "dead_as_the_last_resort", .origins = {"a:x", "b:c"}, .origin = "a"},
        Row{.name = "silent_with_sessions_is_a_last_resort_too", .origins = {"a:v"}, .origin = "a"},
        Row{.name = "silent_with_sessions_gets_nothing_else",
            .origins = {"a:v", "b:s"},
            .origin = "b"},
        Row{.name = "deregistered_gets_no_new_stream",
            .origins = {"a:w"},
            .refusal = NONE_CAN "1 deregistered"},
        Row{.name = "published_on_a_leaving_one_stays",
            .origins = {"a", "b:v"},
            .mapping = Published("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "published_on_a_deregistered_one_stays",
            .origins = {"a", "b:w"},
            .mapping = Published("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "published_there_and_down_stays",
            .origins = {"a", "b:wd"},
            .mapping = Published("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "viewers_follow_viewers_there",
            .origins = {"a", "b:w"},
            .mapping = Viewed("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "a_publisher_does_not",
            .origins = {"a", "b:w"},
            .mapping = Viewed("b"),
            .role = kPublisher,
            .origin = "a",
            .replaces = 7},
        Row{.name = "viewers_of_a_dead_one_move",
            .origins = {"a", "b:x"},
            .mapping = Viewed("b"),
            .origin = "a",
            .replaces = 7},
        Row{.name = "what_is_not_live_moves",
            .origins = {"a", "b:v"},
            .mapping = On("b"),
            .origin = "a",
            .replaces = 7},
        Row{.name = "to_a_down_one_too",
            .origins = {"a:d", "b:x"},
            .mapping = On("b"),
            .origin = "a",
            .replaces = 7},
        Row{.name = "or_stays_when_there_is_no_other",
            .origins = {"a:c", "b:x"},
            .mapping = On("b"),
            .role = kPublisher,
            .origin = "b",
            .reason = kMapped},
        Row{.name = "or_among_the_dead",
            .origins = {"a:x", "b:x"},
            .mapping = On("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "from_a_deregistered_one_to_a_dead_one",
            .origins = {"a:x", "b:w"},
            .mapping = On("b"),
            .origin = "a",
            .replaces = 7},
        Row{.name = "or_nowhere",
            .origins = {"b:w"},
            .mapping = On("b"),
            .refusal = NONE_CAN "1 deregistered"},
        Row{.name = "from_a_down_one_to_no_dead_one",
            .origins = {"a:x", "b:d"},
            .mapping = On("b"),
            .origin = "b",
            .reason = kMapped},
        Row{.name = "but_when_it_was_tried",
            .origins = {"a:x", "b:d"},
            .mapping = On("b"),
            .excluded = {"b"},
            .origin = "a",
            .replaces = 7},
        Row{.name = "sibling_on_a_leaving_one",
            .origins = {"a", "b:w"},
            .sibling = Sibling(Published("b")),
            .origin = "b",
            .reason = PickReason::kMappedByVhost},
        Row{.name = "sibling_on_a_dead_one",
            .origins = {"a", "b:x"},
            .sibling = Sibling(On("b")),
            .origin = "a"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    OtherVhosts, PlacementRulesTest,
    testing::Values(
        Row{.name = "viewer",
            .origins = {"a", "b"},
            .sibling = Sibling(On("b")),
            .origin = "b",
            .reason = PickReason::kMappedByVhost},
        Row{.name = "publisher_where_nobody_waits",
            .origins = {"a", "b"},
            .role = kPublisher,
            .sibling = Sibling(On("b")),
            .origin = "a"},
        Row{.name = "publisher_where_viewers_wait",
            .origins = {"a", "b"},
            .role = kPublisher,
            .sibling = Awaited("b"),
            .origin = "b",
            .reason = PickReason::kMappedByVhost},
        Row{.name = "publisher_where_viewers_have_another",
            .origins = {"a", "b"},
            .role = kPublisher,
            .sibling = Awaited("b", 1),
            .origin = "a"},
        Row{.name = "publisher_where_viewers_wait_in_vain",
            .origins = {"a", "b:d"},
            .role = kPublisher,
            .sibling = Awaited("b"),
            .origin = "a"},
        Row{.name = "publisher_that_tried_there",
            .origins = {"a", "b"},
            .excluded = {"b"},
            .role = kPublisher,
            .sibling = Awaited("b"),
            .origin = "a"},
        Row{.name = "publisher_whose_own_origin_is_gone",
            .origins = {"a", "b"},
            .mapping = On("gone"),
            .role = kPublisher,
            .sibling = Awaited("b"),
            .origin = "b",
            .reason = PickReason::kMappedByVhost,
            .replaces = 7},
        Row{.name = "viewer_whose_own_origin_is_down",
            .origins = {"a", "b", "c:d"},
            .mapping = On("c"),
            .sibling = Sibling(Published("b")),
            .origin = "b",
            .reason = PickReason::kMappedByVhost,
            .replaces = 7},
        Row{.name = "left_with_the_server_it_leaves",
            .origins = {"a", "b"},
            .role = kPublisher,
            .sibling = Awaited("b"),
            .leaving = "s-b",
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

INSTANTIATE_TEST_SUITE_P(
    Zones, PlacementRulesTest,
    testing::Values(
        Row{.name = "own_first", .origins = {"a", "b:z"}, .zone = "eu-1", .origin = "b"},
        Row{.name = "healthy_elsewhere_before_suspect_here",
            .origins = {"a", "b:sz"},
            .zone = "eu-1",
            .origin = "a"},
        Row{.name = "suspect_here_before_suspect_elsewhere",
            .origins = {"a:s", "b:sz"},
            .zone = "eu-1",
            .origin = "b"},
        Row{.name = "suspect_elsewhere_before_down_here",
            .origins = {"a:dz", "b:s"},
            .zone = "eu-1",
            .origin = "b"},
        Row{.name = "down_here_before_down_elsewhere",
            .origins = {"a:d", "b:dz"},
            .zone = "eu-1",
            .origin = "b"},
        Row{.name = "no_zone_of_its_own", .origins = {"a", "b:z"}, .origin = "a"},
        Row{.name = "nothing_in_the_zone", .origins = {"a", "b"}, .zone = "us-1", .origin = "a"}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Capacity, PlacementRulesTest,
    testing::Values(Row{.name = "not_the_full_one", .origins = {"a:f", "b"}, .origin = "b"},
                    Row{.name = "full_when_all_are", .origins = {"a:f", "b:f"}, .origin = "a"},
                    Row{.name = "full_before_suspect", .origins = {"a:f", "b:s"}, .origin = "a"},
                    Row{.name = "mapped_to_the_full_one",
                        .origins = {"a", "b:f"},
                        .mapping = On("b"),
                        .origin = "b",
                        .reason = kMapped}),
    [](const auto& row) { return row.param.name; });

constexpr auto kPinned = PickReason::kPinned;
constexpr const char* kSsdRule = "example.com/* -> disk=ssd";
#define PINNED "stream example.com/live/cam is pinned to server s-b, of which no origin can serve "
#define RULED "the placement rule 'example.com/* -> disk=ssd' selects no origin that can serve "
INSTANTIATE_TEST_SUITE_P(
    PinsAndRules, PlacementRulesTest,
    testing::Values(
        Row{.name = "pin",
            .origins = {"a", "b", "c"},
            .pinned = "s-b",
            .origin = "b",
            .reason = kPinned},
        Row{.name = "pin_to_a_down_one",
            .origins = {"a", "b:d"},
            .pinned = "s-b",
            .origin = "b",
            .reason = kPinned},
        Row{.name = "pin_to_a_cordoned_one",
            .origins = {"a", "b:c"},
            .pinned = "s-b",
            .refusal = PINNED "it by rtmp: 1 cordoned or draining"},
        Row{.name = "pin_to_an_unknown_one",
            .origins = {"a"},
            .pinned = "s-b",
            .refusal = PINNED "it by rtmp: there is none"},
        Row{.name = "pin_to_one_tried_in_vain",
            .origins = {"a", "b"},
            .excluded = {"b"},
            .pinned = "s-b",
            .refusal = PINNED "it by rtmp: 1 tried in vain by this session"},
        Row{.name = "a_mapping_wins_over_a_pin",
            .origins = {"a", "b"},
            .mapping = On("a"),
            .pinned = "s-b",
            .origin = "a",
            .reason = kMapped},
        Row{.name = "pin_when_placed_anew",
            .origins = {"a", "b", "c"},
            .mapping = On("gone"),
            .pinned = "s-b",
            .origin = "b",
            .reason = kPinned,
            .replaces = 7},
        Row{.name = "stays_on_its_pinned_one_though_down",
            .origins = {"a", "b:d"},
            .mapping = On("b"),
            .pinned = "s-b",
            .origin = "b",
            .reason = kMapped},
        Row{.name = "pin_before_other_vhosts",
            .origins = {"a", "b"},
            .sibling = Sibling(On("a")),
            .pinned = "s-b",
            .origin = "b",
            .reason = kPinned},
        Row{.name = "pin_before_rules",
            .origins = {"a:l", "b"},
            .rules = {kSsdRule},
            .pinned = "s-b",
            .origin = "b",
            .reason = kPinned},
        Row{.name = "rule", .origins = {"a", "b:l"}, .rules = {kSsdRule}, .origin = "b"},
        Row{.name = "rule_before_health",
            .origins = {"a", "b:dl"},
            .rules = {kSsdRule},
            .origin = "b"},
        Row{.name = "rule_before_zone",
            .origins = {"a:z", "b:l"},
            .zone = "eu-1",
            .rules = {kSsdRule},
            .origin = "b"},
        Row{.name = "first_rule_that_fits",
            .origins = {"a:z", "b:l"},
            .rules = {"other.com/* -> zone=none", kSsdRule, "* -> zone=eu-1"},
            .origin = "b"},
        Row{.name = "no_rule_fits",
            .origins = {"a", "b:l"},
            .rules = {"other.com/* -> disk=ssd"},
            .origin = "a"},
        Row{.name = "rule_selects_none",
            .origins = {"a", "b"},
            .rules = {kSsdRule},
            .refusal = RULED "example.com/live/cam by rtmp: there is none"},
        Row{.name = "rule_selects_none_that_serves",
            .origins = {"a", "b:lg"},
            .rules = {kSsdRule, "* -> zone=eu-1"},
            .refusal = RULED "example.com/live/cam by rtmp: 1 cordoned or draining"},
        Row{.name = "a_mapping_wins_over_a_rule",
            .origins = {"a", "b:l"},
            .mapping = On("a"),
            .rules = {kSsdRule},
            .origin = "a",
            .reason = kMapped},
        Row{.name = "other_vhosts_before_rules",
            .origins = {"a", "b:l"},
            .sibling = Sibling(On("a")),
            .rules = {kSsdRule},
            .origin = "a",
            .reason = PickReason::kMappedByVhost}),
    [](const auto& row) { return row.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Leaving, PlacementRulesTest,
    testing::Values(
        Row{.name = "another_server", .origins = {"a", "b"}, .leaving = "s-a", .origin = "b"},
        Row{.name = "no_other_server",
            .origins = {"a"},
            .leaving = "s-a",
            .refusal = NONE_CAN "1 of the server that it leaves"},
        Row{.name = "pinned_to_it",
            .origins = {"a", "b"},
            .pinned = "s-b",
            .leaving = "s-b",
            .refusal = PINNED "it by rtmp: 1 of the server that it leaves"}),
    [](const auto& row) { return row.param.name; });

class PlacementStepsTest : public testing::Test {
 protected:
  std::vector<std::string> Steps(const std::vector<const char*>& origins,
                                 const PlacementOptions& options,
                                 std::optional<StreamMapping> mapping = std::nullopt,
                                 const std::optional<StreamMapping>& of_sibling = std::nullopt,
                                 const std::optional<std::string>& pinned = std::nullopt) {
    const PickRequest request{kKey, kRtmp, kViewer, {}};
    const OriginSnapshot snapshot = Snapshot(origins);
    const CandidateTable candidates(snapshot, options, StreamCounts());
    const auto pin = [&] { return pinned; };
    const auto sibling = [&] { return of_sibling; };
    std::vector<std::string> steps;
    DecidePlacement(
        {request, snapshot, candidates, options, std::move(mapping), sibling, pin, /*leaving=*/{}},
        &steps);
    return steps;
  }
};

TEST_F(PlacementStepsTest, ReadLikeAnExplanation) {
  EXPECT_THAT(
      Steps({"a", "b:d", "c:c"}, {}, On("b")),
      ElementsAre("The stream is mapped to origin b (0 publishers and 0 viewers of this proxy).",
                  "It is down for this proxy and its publisher is gone: the stream may be placed "
                  "anew.",
                  "No candidates: 1 cordoned or draining.",
                  "Of 1 healthy origins, a is chosen (random)."));
  EXPECT_THAT(Steps({"a"}, {}, kNoMapping, Sibling(On("a"))),
              ElementsAre("The stream has no mapping.",
                          "The same live/cam of vhost __defaultVhost__ is mapped to origin "
                          "a: viewers are placed there."));
}

TEST_F(PlacementStepsTest, NamePinRuleZoneTierAndStrategy) {
  EXPECT_THAT(Steps({"a", "b"}, {}, kNoMapping, kNoMapping, "s-b"),
              ElementsAre("The stream has no mapping.", "It is pinned to server s-b.",
                          "Of 1 healthy origins, b is chosen (random)."));
  PlacementOptions options;
  options.strategy = LoadBalancerStrategy::kLeastStreams;
  options.zone = "eu-1";
  options.rules = {PlacementRule::Parse("example.com/* -> disk=ssd").value()};
  EXPECT_THAT(Steps({"a:z", "b:ls", "c:lf"}, options),
              ElementsAre("The stream has no mapping.",
                          "The placement rule 'example.com/* -> disk=ssd' fits it.",
                          "Of these, 1 have reached their capacity.",
                          "Of 1 healthy origins outside zone eu-1, c is chosen (least_streams)."));
  options.rules = {PlacementRule::Parse("other.com/* -> disk=ssd").value()};
  EXPECT_THAT(Steps({"a:z", "b"}, options),
              ElementsAre("The stream has no mapping.", "No placement rule fits it.",
                          "Of 1 healthy origins of zone eu-1, a is chosen (least_streams)."));
}

}  // namespace
}  // namespace srsproxy
