// The enums that core and the API share: one table for each, read in both directions.
#pragma once

#include <iterator>
#include <optional>
#include <type_traits>
#include <utility>

#include "dataplane/balance/rebalancer.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/enum_names.h"
#include "dataplane/core/event_log.h"
#include "dataplane/core/origin.h"
#include "dataplane/core/protocol.h"
#include "srsproxy/v1/event.pb.h"
#include "srsproxy/v1/origin.pb.h"
#include "srsproxy/v1/rebalance.pb.h"
#include "srsproxy/v1/session.pb.h"
#include "srsproxy/v1/stream.pb.h"

namespace srsproxy::control {

// `kRows`: each value of core's enum with the API's.
template <typename Ours>
struct EnumTable;

template <>
struct EnumTable<Protocol> {
  static constexpr std::pair<Protocol, v1::Protocol> kRows[] = {
      {Protocol::kRtmp, v1::PROTOCOL_RTMP}, {Protocol::kHttpFlv, v1::PROTOCOL_HTTP_FLV},
      {Protocol::kHls, v1::PROTOCOL_HLS},   {Protocol::kWebRtc, v1::PROTOCOL_WEBRTC},
      {Protocol::kSrt, v1::PROTOCOL_SRT},
  };
};

template <>
struct EnumTable<Role> {
  static constexpr std::pair<Role, v1::Role> kRows[] = {
      {Role::kPublisher, v1::ROLE_PUBLISHER},
      {Role::kViewer, v1::ROLE_VIEWER},
  };
};

template <>
struct EnumTable<OriginHealth> {
  static constexpr std::pair<OriginHealth, v1::OriginHealth> kRows[] = {
      {OriginHealth::kHealthy, v1::ORIGIN_HEALTH_HEALTHY},
      {OriginHealth::kSuspect, v1::ORIGIN_HEALTH_SUSPECT},
      {OriginHealth::kDead, v1::ORIGIN_HEALTH_DEAD},
      {OriginHealth::kLeaving, v1::ORIGIN_HEALTH_LEAVING},
  };
};

template <>
struct EnumTable<AdminState> {
  static constexpr std::pair<AdminState, v1::AdminState> kRows[] = {
      {AdminState::kActive, v1::ADMIN_STATE_ACTIVE},
      {AdminState::kCordoned, v1::ADMIN_STATE_CORDONED},
      {AdminState::kDraining, v1::ADMIN_STATE_DRAINING},
  };
};

template <>
struct EnumTable<PickReason> {
  static constexpr std::pair<PickReason, v1::PickReason> kRows[] = {
      {PickReason::kMapped, v1::PICK_REASON_MAPPED},
      {PickReason::kMappedByVhost, v1::PICK_REASON_MAPPED_BY_VHOST},
      {PickReason::kClaimed, v1::PICK_REASON_CLAIMED},
      {PickReason::kLostRace, v1::PICK_REASON_LOST_RACE},
      {PickReason::kPinned, v1::PICK_REASON_PINNED},
  };
};

template <>
struct EnumTable<LoggedEvent::Kind> {
  using Kind = LoggedEvent::Kind;
  static constexpr std::pair<Kind, v1::EventKind> kRows[] = {
      {Kind::kOriginAdded, v1::EVENT_KIND_ORIGIN_ADDED},
      {Kind::kOriginChanged, v1::EVENT_KIND_ORIGIN_CHANGED},
      {Kind::kOriginRemoved, v1::EVENT_KIND_ORIGIN_REMOVED},
      {Kind::kOriginConflict, v1::EVENT_KIND_ORIGIN_CONFLICT},
      {Kind::kStreamAdded, v1::EVENT_KIND_STREAM_ADDED},
      {Kind::kStreamChanged, v1::EVENT_KIND_STREAM_CHANGED},
      {Kind::kStreamRemoved, v1::EVENT_KIND_STREAM_REMOVED},
  };
};

template <>
struct EnumTable<RebalanceProgress::State> {
  using State = RebalanceProgress::State;
  static constexpr std::pair<State, v1::RebalanceState> kRows[] = {
      {State::kRunning, v1::REBALANCE_STATE_RUNNING},
      {State::kDone, v1::REBALANCE_STATE_DONE},
      {State::kCancelled, v1::REBALANCE_STATE_CANCELLED},
  };
};

template <NamedEnum Ours>
constexpr bool kConvertsAll = std::size(EnumTable<Ours>::kRows) == kEnumSize<Ours>;
static_assert(kConvertsAll<Protocol> && kConvertsAll<Role> && kConvertsAll<OriginHealth> &&
              kConvertsAll<AdminState> && kConvertsAll<PickReason>);

// ..._UNSPECIFIED: the table lacks the value.
template <typename Ours>
constexpr auto EnumToProto(Ours value) {
  for (const auto& [ours, theirs] : EnumTable<Ours>::kRows) {
    if (ours == value) return theirs;
  }
  return std::remove_cvref_t<decltype(EnumTable<Ours>::kRows[0].second)>{};
}

// nullopt: UNSPECIFIED, or a value that this srsproxy does not know. `value`: the API's enum, or
// its number.
template <typename Ours>
constexpr std::optional<Ours> EnumFromProto(int value) {
  for (const auto& [ours, theirs] : EnumTable<Ours>::kRows) {
    if (theirs == value) return ours;
  }
  return std::nullopt;
}

}  // namespace srsproxy::control
