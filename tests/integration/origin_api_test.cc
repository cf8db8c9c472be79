// What operators and strangers do to origins, by real gRPC calls.

#include <cmath>
#include <functional>
#include <future>
#include <limits>

#include <gmock/gmock.h>
#include <google/protobuf/util/field_mask_util.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

using Origins = v1::OriginService::Stub;
using testing::HasSubstr;

class OriginApiTest : public ControlPlaneTest {
 protected:
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Origins::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const auto status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  absl::StatusOr<v1::UpdateOriginResponse> Update(const v1::UpdateOriginRequest& request) {
    return Call(&Origins::UpdateOrigin, request);
  }
  v1::Origin Get(const std::string& id) {
    v1::GetOriginRequest request;
    request.set_origin_id(id);
    return Call(&Origins::GetOrigin, request)->origin();
  }

  std::unique_ptr<Origins> stub_ = v1::OriginService::NewStub(Channel());
};

template <typename Response>
void ExpectFailure(const absl::StatusOr<Response>& response, absl::StatusCode code,
                   std::string_view reason) {
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.status().code(), code) << response.status();
  EXPECT_EQ(ErrorInfoOf(response.status()).reason(), reason);
}

v1::UpdateOriginRequest Change(const std::string& origin, const std::string& mask) {
  v1::UpdateOriginRequest request;
  request.set_origin(origin);
  google::protobuf::util::FieldMaskUtil::FromString(mask, request.mutable_update_mask());
  return request;
}

// DeregisterOrigin.

class DeregisterTest : public OriginApiTest {
 protected:
  DeregisterTest() {
    lease_id_ = Register("vid-1", 1935);
    Publish(key_);
  }
  absl::StatusOr<v1::DeregisterOriginResponse> ByOperator(bool kick = false) {
    v1::DeregisterOriginRequest request;
    request.set_origin_id(kId);
    request.set_kick(kick);
    return Call(&Origins::DeregisterOrigin, request);
  }
  bool IsKnown() { return origins_.CurrentSnapshot()->Find(kId) != nullptr; }
  // The publisher, as the sessions of the proxy show it.
  void AddSession(const std::string& id, Protocol protocol = Protocol::kRtmp) {
    SessionInfo session;
    session.id = id;
    session.key = key_;
    session.protocol = protocol;
    session.origin_id = kId;
    sessions_.Add(std::move(session));
  }

  static constexpr char kId[] = "vid-1-s1-42";
  const StreamKey key_{"v.com", "live", "cam"};
  std::string lease_id_;
};

TEST_F(DeregisterTest, AnOriginWithALiveStreamIsLeaving) {
  const auto left = ByOperator();
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_TRUE(left->leaving());
  EXPECT_THAT(left->warning(), HasSubstr("sessions are live on it"));
  EXPECT_THAT(left->warning(), HasSubstr("next heartbeat"));
  EXPECT_EQ(Get(kId).health(), v1::ORIGIN_HEALTH_LEAVING);
  v1::HeartbeatRequest beat;
  beat.set_lease_id(lease_id_);
  ExpectFailure(Call(&Origins::Heartbeat, beat), absl::StatusCode::kNotFound, "LEASE_EXPIRED");

  leases_.clear();
  origins_.Tick();
  EXPECT_FALSE(IsKnown());
}

TEST_F(DeregisterTest, AnOriginThatLeavesByItselfGetsItsLiveStreamsAlone) {
  v1::DeregisterOriginRequest request;
  request.set_lease_id(lease_id_);
  const auto left = Call(&Origins::DeregisterOrigin, request);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_TRUE(left->leaving());
  EXPECT_THAT(left->warning(), testing::Not(HasSubstr("next heartbeat")));
  Register("vid-1", 1935);
  EXPECT_EQ(Get(kId).health(), v1::ORIGIN_HEALTH_HEALTHY);
}

TEST_F(DeregisterTest, AKickEndsItsSessionsInTheSameCall) {
  AddSession("s1");
  AddSession("s2");
  AddSession("s3", Protocol::kHls);
  const auto left = ByOperator(/*kick=*/true);
  ASSERT_TRUE(left.ok()) << left.status();
  EXPECT_FALSE(left->leaving());
  EXPECT_EQ(left->sessions_ended(), 2);
  EXPECT_FALSE(IsKnown());
  ASSERT_EQ(sessions_.sessions().size(), 1u);
  EXPECT_EQ(sessions_.sessions()[0].id, "s3") << "the next request of HLS goes elsewhere by itself";
}

TEST_F(DeregisterTest, AKickTakesAlongWhoCameBeforeTheOriginWasSuperseded) {
  AddSession("s1");
  v1::RegisterOriginRequest again;
  auto& registration = *again.mutable_registration();
  registration.set_ip("10.0.0.7");
  registration.set_server("vid-1");
  registration.set_service("s2");
  registration.set_pid("43");
  registration.add_rtmp("1935");
  ASSERT_TRUE(Call(&Origins::RegisterOrigin, again).ok());
  v1::DeregisterOriginRequest request;
  request.set_origin_id("vid-1-s2-43");
  request.set_kick(true);
  EXPECT_EQ(Call(&Origins::DeregisterOrigin, request)->sessions_ended(), 1);
}

// UpdateOrigin.

TEST_F(OriginApiTest, AnOperatorsValuesWinUntilCleared) {
  Register("vid-1", 1935);
  auto request = Change("vid-1", "admin_state,weight,zone,labels,capacity");
  auto& settings = *request.mutable_settings();
  settings.set_admin_state(v1::ADMIN_STATE_CORDONED);
  settings.set_weight(2.5);
  settings.set_zone("west");
  (*settings.mutable_labels()->mutable_values())["gpu"] = "yes";
  settings.set_capacity(100);
  const auto updated = Update(request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->server(), "vid-1");
  EXPECT_EQ(updated->settings().SerializeAsString(), settings.SerializeAsString());
  ASSERT_EQ(updated->origins_size(), 1);

  for (const auto& origin : {updated->origins(0), Get("vid-1-s1-42")}) {
    EXPECT_EQ(origin.admin_state(), v1::ADMIN_STATE_CORDONED);
    EXPECT_EQ(origin.weight(), 2.5);
    EXPECT_EQ(origin.zone(), "west");
    EXPECT_EQ(origin.labels().at("gpu"), "yes");
    EXPECT_EQ(origin.capacity(), 100);
    EXPECT_EQ(origin.settings().SerializeAsString(), settings.SerializeAsString());
    EXPECT_EQ(origin.registration().weight(), 1) << "what it said of itself stays";
  }

  auto clear = Change("vid-1", "zone,weight");
  clear.mutable_settings()->set_zone("");
  const auto cleared = Update(clear);
  ASSERT_TRUE(cleared.ok()) << cleared.status();
  EXPECT_FALSE(cleared->settings().has_weight()) << "named and absent";
  EXPECT_TRUE(cleared->settings().has_zone()) << "an empty value is one";
  EXPECT_EQ(cleared->settings().capacity(), 100) << "not named";
  EXPECT_EQ(cleared->origins(0).weight(), 1);

  const auto all = Update(Change("vid-1", "admin_state,weight,zone,labels,capacity"));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_FALSE(Get("vid-1-s1-42").has_settings());
}

TEST_F(OriginApiTest, LabelsAreReplacedAsAWhole) {
  Register("vid-1", 1935);
  auto request = Change("vid-1", "labels");
  (*request.mutable_settings()->mutable_labels()->mutable_values())["a"] = "1";
  ASSERT_TRUE(Update(request).ok());
  request.mutable_settings()->mutable_labels()->clear_values();
  (*request.mutable_settings()->mutable_labels()->mutable_values())["b"] = "2";
  const auto updated = Update(request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->settings().labels().values_size(), 1);
  EXPECT_EQ(updated->settings().labels().values().at("b"), "2");
}

TEST_F(OriginApiTest, ValidateOnlyAnswersWhatWouldBe) {
  Register("vid-1", 1935);
  auto request = Change("vid-1", "weight");
  request.mutable_settings()->set_weight(7);
  request.set_validate_only(true);
  const auto checked = Update(request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->settings().weight(), 7);
  EXPECT_EQ(checked->origins(0).weight(), 7);
  EXPECT_EQ(Get("vid-1-s1-42").weight(), 1);
}

TEST_F(OriginApiTest, AServerThatNobodyKnowsIsTakenWhenAllowed) {
  auto request = Change("vid-9", "weight");
  request.mutable_settings()->set_weight(7);
  ExpectFailure(Update(request), absl::StatusCode::kNotFound, "ORIGIN_NOT_FOUND");
  request.set_allow_missing(true);
  const auto updated = Update(request);
  ASSERT_TRUE(updated.ok()) << updated.status();
  EXPECT_EQ(updated->server(), "vid-9");
  EXPECT_EQ(updated->origins_size(), 0);
  EXPECT_TRUE(Update(Change("vid-9", "zone")).ok()) << "it is known now";
  Register("vid-9", 1935);
  EXPECT_EQ(Get("vid-9-s1-42").weight(), 7);
}

TEST_F(OriginApiTest, AServerGivenInFullIsNoBeginningOfAnother) {
  Register("vid-10", 1935);
  auto request = Change("vid-1", "weight");
  request.mutable_settings()->set_weight(7);
  request.set_allow_missing(true);
  EXPECT_EQ(Update(request)->server(), "vid-1");
  EXPECT_EQ(Get("vid-10-s1-42").weight(), 1);
}

TEST_F(OriginApiTest, OriginsAreNamedByAnyUniqueBeginning) {
  Register("vid-1", 1935);
  Register("vid-2", 1936);
  for (const char* name : {"vid-1", "vid-1-s1-42", "vid-1-"}) {
    EXPECT_EQ(Update(Change(name, "zone"))->server(), "vid-1") << name;
  }
  const auto ambiguous = Update(Change("vi", "zone"));
  ExpectFailure(ambiguous, absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_ORIGIN");
  const auto info = ErrorInfoOf(ambiguous.status());
  EXPECT_EQ(info.metadata().at("origin"), "vi");
  EXPECT_EQ(info.metadata().at("candidates"), "vid-1, vid-2");
}

TEST_F(OriginApiTest, CandidatesAreListedWholeAndTheRestIsCounted) {
  const std::string server = "vid-" + std::string(60, 'x');
  for (int i = 0; i < 5; ++i) {
    Register(server + std::to_string(i), static_cast<uint16_t>(1935 + i));
  }
  const auto ambiguous = Update(Change("vid-", "zone"));
  ExpectFailure(ambiguous, absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_ORIGIN");
  EXPECT_EQ(ErrorInfoOf(ambiguous.status()).metadata().at("candidates"),
            server + "0, " + server + "1, " + server + "2, and 2 more");
}

TEST_F(OriginApiTest, ATextIsOneRegisteredOrigin) {
  Register("vid-1", 1935);
  Register("vid-2", 1936);
  auto known = Change("vid-3", "zone");
  known.set_allow_missing(true);
  ASSERT_TRUE(Update(known).ok());
  const auto get = [this](const std::string& origin, const std::string& id = "") {
    v1::GetOriginRequest request;
    request.set_origin(origin);
    request.set_origin_id(id);
    return Call(&Origins::GetOrigin, request);
  };
  for (const char* name : {"vid-1", "vid-1-s1-42", "vid-1-"}) {
    EXPECT_EQ(get(name)->origin().id(), "vid-1-s1-42") << name;
  }
  const auto ambiguous = get("vi");
  ExpectFailure(ambiguous, absl::StatusCode::kFailedPrecondition, "AMBIGUOUS_ORIGIN");
  EXPECT_EQ(ErrorInfoOf(ambiguous.status()).metadata().at("candidates"),
            "vid-1-s1-42, vid-2-s1-42");
  ExpectFailure(get("vid-3"), absl::StatusCode::kNotFound, "ORIGIN_NOT_FOUND");
  ExpectFailure(get("nobody"), absl::StatusCode::kNotFound, "ORIGIN_NOT_FOUND");
  ExpectFailure(get(""), absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
  ExpectFailure(get("vid-1", "vid-1-s1-42"), absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
}

TEST_F(OriginApiTest, OfAServerWithTwoOriginsNoneIsTheOne) {
  Register("vid-1", 1935);
  OriginRegistration second = origins_.snapshot()->origins.front()->registration;
  second.pid = "43";
  second.ip = "10.0.0.9";
  ASSERT_TRUE(origins_.Register(second, second.ip).ok());
  v1::GetOriginRequest request;
  request.set_origin("vid-1");
  ExpectFailure(Call(&Origins::GetOrigin, request), absl::StatusCode::kFailedPrecondition,
                "AMBIGUOUS_ORIGIN");
}

TEST_F(OriginApiTest, ARepeatedRequestIsDoneOnce) {
  Register("vid-1", 1935);
  auto request = Change("vid-1", "weight");
  request.mutable_settings()->set_weight(7);
  request.set_request_id("once");
  ASSERT_TRUE(Update(request).ok());
  ASSERT_TRUE(Update(Change("vid-1", "weight")).ok());
  EXPECT_EQ(Update(request)->settings().weight(), 7) << "the first answer again";
  EXPECT_EQ(Get("vid-1-s1-42").weight(), 1) << "and nothing done";
}

struct WrongUpdate {
  const char* name;
  std::function<void(v1::UpdateOriginRequest&)> make_wrong;
  const char* field;  // ErrorInfo's metadata.
};

TEST_F(OriginApiTest, DecisionsOfTwoOperatorsAtOnceAreBothInForce) {
  Register("vid-1", 1935);
  store_.Hold(true);
  auto zone = Change("vid-1", "zone");
  zone.mutable_settings()->set_zone("west");
  auto weight = Change("vid-1", "weight");
  weight.mutable_settings()->set_weight(2);
  auto first = std::async(std::launch::async, [&] { return Update(zone); });
  auto second = std::async(std::launch::async, [&] { return Update(weight); });
  store_.AwaitOpen(2);
  EXPECT_EQ(Get("vid-1-s1-42").zone(), "") << "nothing is decided yet";
  store_.Hold(false);
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
  EXPECT_EQ(Get("vid-1-s1-42").zone(), "west");
  EXPECT_EQ(Get("vid-1-s1-42").weight(), 2);
}

TEST_F(OriginApiTest, AStoreThatStopsEndsTheCallsThatWait) {
  Register("vid-1", 1935);
  store_.Hold(true);
  auto request = Change("vid-1", "zone");
  request.mutable_settings()->set_zone("west");
  auto waiting = std::async(std::launch::async, [&] { return Update(request); });
  store_.AwaitOpen(1);
  store_.Stop();
  EXPECT_TRUE(absl::IsCancelled(waiting.get().status()));
}

class WrongUpdateTest : public OriginApiTest, public testing::WithParamInterface<WrongUpdate> {};

TEST_P(WrongUpdateTest, IsRefusedAndChangesNothing) {
  Register("vid-1", 1935);
  auto request = Change("vid-1", "admin_state,weight,zone,labels,capacity");
  request.mutable_settings()->set_zone("west");
  GetParam().make_wrong(request);
  const auto refused = Update(request);
  ExpectFailure(refused, absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
  EXPECT_EQ(ErrorInfoOf(refused.status()).metadata().at("field"), GetParam().field);
  EXPECT_FALSE(Get("vid-1-s1-42").has_settings());
}

constexpr double kInfinity = std::numeric_limits<double>::infinity();
const std::string kLong(1000, 'x');

INSTANTIATE_TEST_SUITE_P(
    Requests, WrongUpdateTest,
    testing::Values(
        WrongUpdate{"NoOrigin", [](auto& r) { r.clear_origin(); }, "origin"},
        WrongUpdate{"ControlCharacters", [](auto& r) { r.set_origin("a\nb"); }, "origin"},
        WrongUpdate{"NoMask", [](auto& r) { r.clear_update_mask(); }, "update_mask"},
        WrongUpdate{"UnknownPath", [](auto& r) { r.mutable_update_mask()->add_paths("color"); },
                    "update_mask"},
        WrongUpdate{"PathWithin",
                    [](auto& r) { r.mutable_update_mask()->add_paths("labels.values"); },
                    "update_mask"},
        WrongUpdate{
            "UnspecifiedState",
            [](auto& r) { r.mutable_settings()->set_admin_state(v1::ADMIN_STATE_UNSPECIFIED); },
            "settings.admin_state"},
        WrongUpdate{
            "UnknownState",
            [](auto& r) { r.mutable_settings()->set_admin_state(static_cast<v1::AdminState>(99)); },
            "settings.admin_state"},
        WrongUpdate{"ZeroWeight", [](auto& r) { r.mutable_settings()->set_weight(0); }, "weight"},
        WrongUpdate{"NegativeWeight", [](auto& r) { r.mutable_settings()->set_weight(-1); },
                    "weight"},
        WrongUpdate{"HugeWeight", [](auto& r) { r.mutable_settings()->set_weight(1e7); }, "weight"},
        WrongUpdate{"InfiniteWeight", [](auto& r) { r.mutable_settings()->set_weight(kInfinity); },
                    "weight"},
        WrongUpdate{"WeightIsNoNumber",
                    [](auto& r) { r.mutable_settings()->set_weight(std::nan("")); }, "weight"},
        WrongUpdate{"LongZone", [](auto& r) { r.mutable_settings()->set_zone(kLong); }, "zone"},
        WrongUpdate{"NegativeCapacity", [](auto& r) { r.mutable_settings()->set_capacity(-1); },
                    "capacity"},
        WrongUpdate{
            "NamelessLabel",
            [](auto& r) { (*r.mutable_settings()->mutable_labels()->mutable_values())[""] = "x"; },
            "labels"},
        WrongUpdate{
            "TooManyLabels",
            [](auto& r) {
              for (int i = 0; i < 100; ++i) {
                (*r.mutable_settings()->mutable_labels()->mutable_values())[std::to_string(i)] =
                    "x";
              }
            },
            "labels"},
        WrongUpdate{"LongServer",
                    [](auto& r) {
                      r.set_origin(kLong);
                      r.set_allow_missing(true);
                    },
                    "server"},
        WrongUpdate{"LongRequestId", [](auto& r) { r.set_request_id(kLong); }, "request_id"}),
    [](const auto& row) { return std::string(row.param.name); });

// At a proxy that does not drive the fleet.

class NotDrivingTest : public OriginApiTest {
 protected:
  NotDrivingTest() {
    Register("vid-1", 1935);
    fleet_.driving = false;
  }
  absl::StatusOr<v1::DrainOriginResponse> Drain(bool validate_only = false) {
    v1::DrainOriginRequest request;
    request.set_origin("vid-1");
    request.set_validate_only(validate_only);
    return Call(&Origins::DrainOrigin, request);
  }
  absl::StatusOr<v1::UpdateOriginResponse> SetState(v1::AdminState state,
                                                    bool validate_only = false) {
    auto request = Change("vid-1", "admin_state");
    request.mutable_settings()->set_admin_state(state);
    request.set_validate_only(validate_only);
    return Update(request);
  }
  v1::AdminState State() { return Get("vid-1-s1-42").admin_state(); }
};

TEST_F(NotDrivingTest, ADrainIsRefusedWithTheDriversName) {
  for (const bool validate_only : {true, false}) {
    for (const auto& refused : {Drain(validate_only).status(),
                                SetState(v1::ADMIN_STATE_DRAINING, validate_only).status()}) {
      EXPECT_EQ(refused.code(), absl::StatusCode::kFailedPrecondition);
      EXPECT_THAT(MessageOf(refused), HasSubstr("proxy proxy-2 drives the fleet"));
      EXPECT_EQ(ErrorInfoOf(refused).reason(), "NOT_DRIVING");
      EXPECT_EQ(ErrorInfoOf(refused).metadata().at("proxy_id"), "proxy-2");
    }
  }
  EXPECT_EQ(State(), v1::ADMIN_STATE_ACTIVE);

  fleet_.vacant = true;
  EXPECT_THAT(MessageOf(Drain().status()), HasSubstr("no proxy drives the fleet"));
  EXPECT_EQ(ErrorInfoOf(Drain().status()).metadata().at("proxy_id"), "");

  fleet_.driving = true;
  EXPECT_TRUE(Drain().ok());
  EXPECT_EQ(State(), v1::ADMIN_STATE_DRAINING);
}

TEST_F(NotDrivingTest, WhatStartsNoDrainIsDecidedAnywhere) {
  EXPECT_TRUE(SetState(v1::ADMIN_STATE_CORDONED).ok());
  EXPECT_EQ(State(), v1::ADMIN_STATE_CORDONED);
  EXPECT_TRUE(SetState(v1::ADMIN_STATE_ACTIVE).ok());
}

TEST_F(NotDrivingTest, ADrainThatGoesOnStaysAndCanBeEnded) {
  fleet_.driving = true;
  ASSERT_TRUE(Drain().ok());
  fleet_.driving = false;
  auto weight = Change("vid-1", "weight");
  weight.mutable_settings()->set_weight(3);
  EXPECT_TRUE(Update(weight).ok());
  EXPECT_EQ(State(), v1::ADMIN_STATE_DRAINING);
  EXPECT_FALSE(Drain().ok()) << "another deadline is the driver's matter, too";

  EXPECT_TRUE(Update(Change("vid-1", "admin_state")).ok());
  EXPECT_EQ(State(), v1::ADMIN_STATE_ACTIVE);
}

// DrainOrigin.

TEST_F(OriginApiTest, ADrainHasATimeAndEndsWithAnotherState) {
  Register("vid-1", 1935);
  Publish({std::string(kDefaultVhost), "live", "camera"});
  v1::DrainOriginRequest request;
  request.set_origin("vid-1");
  request.set_validate_only(true);
  const auto checked = Call(&Origins::DrainOrigin, request);
  ASSERT_TRUE(checked.ok()) << checked.status();
  EXPECT_EQ(checked->progress().streams_left(), 1);
  EXPECT_EQ(Get("vid-1-s1-42").admin_state(), v1::ADMIN_STATE_ACTIVE);

  request.set_validate_only(false);
  const auto begun = Call(&Origins::DrainOrigin, request);
  ASSERT_TRUE(begun.ok()) << begun.status();
  EXPECT_EQ(begun->server(), "vid-1");
  EXPECT_TRUE(begun->progress().has_start_time());
  EXPECT_FALSE(begun->progress().has_deadline_time());
  EXPECT_EQ(begun->progress().streams_left(), 1);
  EXPECT_EQ(begun->progress().publishers_left(), 1);
  const auto origin = Get("vid-1-s1-42");
  EXPECT_EQ(origin.admin_state(), v1::ADMIN_STATE_DRAINING);
  EXPECT_EQ(origin.drain().start_time().nanos(), begun->progress().start_time().nanos());
  EXPECT_EQ(origin.streams(), 1);

  request.mutable_deadline()->set_seconds(60);
  const auto again = Call(&Origins::DrainOrigin, request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_TRUE(again->progress().has_deadline_time());
  EXPECT_EQ(again->progress().start_time().nanos(), begun->progress().start_time().nanos());

  auto activate = Change("vid-1", "admin_state");
  activate.mutable_settings()->set_admin_state(v1::ADMIN_STATE_ACTIVE);
  ASSERT_TRUE(Update(activate).ok());
  EXPECT_FALSE(Get("vid-1-s1-42").has_drain());
}

TEST_F(OriginApiTest, AWrongDrainIsRefused) {
  Register("vid-1", 1935);
  v1::DrainOriginRequest request;
  ExpectFailure(Call(&Origins::DrainOrigin, request), absl::StatusCode::kInvalidArgument,
                "INVALID_FIELD");
  request.set_origin("nobody");
  ExpectFailure(Call(&Origins::DrainOrigin, request), absl::StatusCode::kNotFound,
                "ORIGIN_NOT_FOUND");
  // More than fits into an error as it is.
  std::string huge;
  while (huge.size() < 20'000) huge += "\u20ac";
  request.set_origin(huge);
  ExpectFailure(Call(&Origins::DrainOrigin, request), absl::StatusCode::kNotFound,
                "ORIGIN_NOT_FOUND");
  request.set_origin("vid-1");
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  constexpr std::pair<int64_t, int32_t> kWrong[] = {{-1, 0},          {0, -1},   {0, 1'000'000'000},
                                                    {8760 * 3600, 1}, {kMax, 0}, {-kMax, 0}};
  for (const auto& [seconds, nanos] : kWrong) {
    request.mutable_deadline()->set_seconds(seconds);
    request.mutable_deadline()->set_nanos(nanos);
    ExpectFailure(Call(&Origins::DrainOrigin, request), absl::StatusCode::kInvalidArgument,
                  "INVALID_FIELD");
  }
  EXPECT_EQ(Get("vid-1-s1-42").admin_state(), v1::ADMIN_STATE_ACTIVE);
}

// Leases.

TEST_F(OriginApiTest, AnUnknownLeaseLearnsWhenToComeBack) {
  v1::HeartbeatRequest request;
  request.set_lease_id("forged");
  const auto refused = Call(&Origins::Heartbeat, request);
  ExpectFailure(refused, absl::StatusCode::kNotFound, "LEASE_EXPIRED");
  const int delay_ms = std::stoi(ErrorInfoOf(refused.status()).metadata().at("retry_delay_ms"));
  EXPECT_GE(delay_ms, 0);
  EXPECT_LT(delay_ms, 10'000);

  v1::DeregisterOriginRequest leave;
  leave.set_lease_id("forged");
  ExpectFailure(Call(&Origins::DeregisterOrigin, leave), absl::StatusCode::kNotFound,
                "LEASE_EXPIRED");
}

TEST_F(OriginApiTest, RepeatedAndLateHeartbeatsAreIgnored) {
  v1::HeartbeatRequest request;
  request.set_lease_id(Register("vid-1", 1935));
  const auto beat = [&](uint64_t sequence) {
    request.set_sequence(sequence);
    return Call(&Origins::Heartbeat, request)->ignored();
  };
  EXPECT_FALSE(beat(1));
  EXPECT_TRUE(beat(1));
  EXPECT_FALSE(beat(std::numeric_limits<uint64_t>::max()));
  EXPECT_TRUE(beat(2));
  Register("vid-1", 1935);
  EXPECT_FALSE(beat(1)) << "counted anew";
}

TEST_F(OriginApiTest, WhoDeregistersALiveOriginIsWarned) {
  v1::DeregisterOriginRequest request;
  Register("vid-1", 1935);
  request.set_origin_id("vid-1-s1-42");
  EXPECT_THAT(Call(&Origins::DeregisterOrigin, request)->warning(), HasSubstr("next heartbeat"));
  request.set_lease_id(Register("vid-1", 1935));
  EXPECT_EQ(Call(&Origins::DeregisterOrigin, request)->warning(), "") << "it does so itself";
}

// Registrations.

struct WrongRegistration {
  const char* name;
  std::function<void(v1::OriginRegistration&)> make_wrong;
  const char* field;
};

class WrongRegistrationTest : public OriginApiTest,
                              public testing::WithParamInterface<WrongRegistration> {};

TEST_P(WrongRegistrationTest, IsRefusedWithItsField) {
  v1::RegisterOriginRequest request;
  auto& registration = *request.mutable_registration();
  registration.set_ip("10.0.0.7");
  registration.set_server("vid-1");
  registration.set_service("s1");
  registration.set_pid("42");
  registration.add_rtmp("1935");
  GetParam().make_wrong(registration);
  const auto refused = Call(&Origins::RegisterOrigin, request);
  ExpectFailure(refused, absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
  EXPECT_EQ(ErrorInfoOf(refused.status()).metadata().at("field"), GetParam().field);
  EXPECT_TRUE(origins_.snapshot()->origins.empty());
}

using R = v1::OriginRegistration;

INSTANTIATE_TEST_SUITE_P(
    Fields, WrongRegistrationTest,
    testing::Values(
        WrongRegistration{"NoIp", [](R& r) { r.clear_ip(); }, "ip"},
        WrongRegistration{"WildcardIp", [](R& r) { r.set_ip("0.0.0.0"); }, "ip"},
        WrongRegistration{"LongIp", [](R& r) { r.set_ip(kLong); }, "ip"},
        WrongRegistration{"IpIsNoHost", [](R& r) { r.set_ip("no host"); }, "ip"},
        WrongRegistration{"NoServer", [](R& r) { r.clear_server(); }, "server"},
        WrongRegistration{"LongServer", [](R& r) { r.set_server(kLong); }, "server"},
        WrongRegistration{"ServerOfTwoLines", [](R& r) { r.set_server("a\nb"); }, "server"},
        WrongRegistration{"NoService", [](R& r) { r.clear_service(); }, "service"},
        WrongRegistration{"LongService", [](R& r) { r.set_service(kLong); }, "service"},
        WrongRegistration{"NoPid", [](R& r) { r.clear_pid(); }, "pid"},
        WrongRegistration{"LongPid", [](R& r) { r.set_pid(kLong); }, "pid"},
        WrongRegistration{"LongDevice", [](R& r) { r.set_device_id(kLong); }, "device_id"},
        WrongRegistration{"NoRtmp", [](R& r) { r.clear_rtmp(); }, "rtmp"},
        WrongRegistration{"EmptyRtmp", [](R& r) { r.add_rtmp(""); }, "rtmp[1]"},
        WrongRegistration{"RtmpPortZero", [](R& r) { r.add_rtmp("0"); }, "rtmp[1]"},
        WrongRegistration{"HugeRtmpPort", [](R& r) { r.add_rtmp("99999999999999999999"); },
                          "rtmp[1]"},
        WrongRegistration{"NegativeHttpPort", [](R& r) { r.add_http("-1"); }, "http[0]"},
        WrongRegistration{"LongApi", [](R& r) { r.add_api(kLong); }, "api[0]"},
        WrongRegistration{"TooManySrt",
                          [](R& r) {
                            for (int i = 0; i < 1000; ++i) r.add_srt("10080");
                          },
                          "srt"},
        WrongRegistration{"ZeroWeight", [](R& r) { r.set_weight(0); }, "weight"},
        WrongRegistration{"NegativeWeight", [](R& r) { r.set_weight(-1); }, "weight"},
        WrongRegistration{"HugeWeight", [](R& r) { r.set_weight(1e300); }, "weight"},
        WrongRegistration{"WeightIsNoNumber", [](R& r) { r.set_weight(std::nan("")); }, "weight"},
        WrongRegistration{"LongZone", [](R& r) { r.set_zone(kLong); }, "zone"},
        WrongRegistration{"NegativeCapacity", [](R& r) { r.set_capacity(-1); }, "capacity"},
        WrongRegistration{"NamelessLabel", [](R& r) { (*r.mutable_labels())[""] = "x"; }, "labels"},
        WrongRegistration{"LongLabel", [](R& r) { (*r.mutable_labels())["x"] = kLong; },
                          "labels[x]"},
        WrongRegistration{"ZeroInterval", [](R& r) { r.mutable_heartbeat_interval(); },
                          "heartbeat_interval"},
        WrongRegistration{"NegativeInterval",
                          [](R& r) { r.mutable_heartbeat_interval()->set_seconds(-1); },
                          "heartbeat_interval"},
        WrongRegistration{"NegativeNanos",
                          [](R& r) { r.mutable_heartbeat_interval()->set_nanos(-1); },
                          "heartbeat_interval"}),
    [](const auto& row) { return std::string(row.param.name); });

TEST_F(OriginApiTest, HugeButPossibleValuesAreTaken) {
  v1::RegisterOriginRequest request;
  auto& registration = *request.mutable_registration();
  registration.set_ip("10.0.0.7");
  registration.set_server(std::string(128, 's'));
  registration.set_service("s1");
  registration.set_pid("42");
  registration.add_rtmp("65535");
  registration.set_weight(1e6);
  registration.set_capacity(std::numeric_limits<int64_t>::max());
  registration.mutable_heartbeat_interval()->set_seconds(10'000LL * 365 * 24 * 3600);
  const auto registered = Call(&Origins::RegisterOrigin, request);
  ASSERT_TRUE(registered.ok()) << registered.status();
  EXPECT_EQ(registered->heartbeat_interval().seconds(), 100) << "three fit into a TTL";
  EXPECT_EQ(registered->origin().capacity(), std::numeric_limits<int64_t>::max());
}

}  // namespace
}  // namespace srsproxy::control
