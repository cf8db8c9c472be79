// Pins, releases and moves over gRPC, spoken to by a real client.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "tests/integration/control_plane_fixture.h"
#include "tests/support/change_overrides.h"

namespace srsproxy::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Streams = v1::StreamService::Stub;

const char kStream[] = "live/cam";
const char kA[] = "a-s1-42";
const char kB[] = "b-s1-42";

class StreamServiceTest : public ControlPlaneTest {
 protected:
  template <typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Streams::*method)(grpc::ClientContext*,
                                                                const Request&, Response*),
                                const Request& request) {
    grpc::ClientContext context;
    Response response;
    const auto status = (stub_.get()->*method)(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  // A client on origin `a`, the only one until now.
  void Connect(Role role) {
    if (origins_.snapshot()->origins.empty()) Register("a", 1001);
    balancer_.Pick({.key = key_, .role = role, .excluded = {}},
                   [this](absl::StatusOr<Placement> placement) {
                     ASSERT_TRUE(placement.ok()) << placement.status();
                     placement->lease->MarkLive();
                     leases_.push_back(std::move(placement->lease));
                   });
    SessionInfo session;
    session.id = "s" + std::to_string(leases_.size());
    session.key = key_;
    session.role = role;
    session.origin_id = kA;
    sessions_.Add(session);
  }
  void SetState(const std::string& server, AdminState state) {
    const auto set = UpdateOverrides(
        origins_, server, [state](OriginOverrides& overrides) { overrides.admin_state = state; });
    ASSERT_TRUE(set.ok()) << set.status();
  }

  static v1::MoveStreamRequest MoveTo(const std::string& origin) {
    v1::MoveStreamRequest request;
    request.set_stream(kStream);
    request.set_origin(origin);
    return request;
  }
  absl::StatusOr<v1::MoveStreamResponse> Move(const v1::MoveStreamRequest& request) {
    return Call(&Streams::MoveStream, request);
  }
  absl::StatusOr<v1::ReleaseStreamResponse> Release(bool force, bool validate_only = false) {
    v1::ReleaseStreamRequest request;
    request.set_stream(kStream);
    request.set_force(force);
    request.set_validate_only(validate_only);
    return Call(&Streams::ReleaseStream, request);
  }
  absl::StatusOr<v1::PinStreamResponse> Pin(const std::string& stream, const std::string& origin,
                                            bool validate_only = false) {
    v1::PinStreamRequest request;
    request.set_stream(stream);
    request.set_origin(origin);
    request.set_validate_only(validate_only);
    return Call(&Streams::PinStream, request);
  }
  absl::StatusOr<v1::UnpinStreamResponse> Unpin(bool validate_only = false) {
    v1::UnpinStreamRequest request;
    request.set_stream(kStream);
    request.set_validate_only(validate_only);
    return Call(&Streams::UnpinStream, request);
  }
  v1::LookupStreamResponse Lookup() {
    v1::LookupStreamRequest request;
    request.set_stream(kStream);
    return Call(&Streams::LookupStream, request).value();
  }

  // As GetProxy reports it.
  int64_t Misplaced() {
    grpc::ClientContext context;
    v1::GetProxyResponse response;
    const auto stub = v1::ProxyService::NewStub(Channel());
    EXPECT_TRUE(stub->GetProxy(&context, {}, &response).ok());
    return response.proxy().misplaced_streams();
  }

  // After the stream was placed anew.
  void LookForPublisher() {
    StreamEvent placed_anew;
    placed_anew.kind = StreamEvent::Kind::kChanged;
    placed_anew.mapping = *streams_->Find(key_);
    migrations_.OnStreamEvent(placed_anew);
    for (int i = 0; i < 2; ++i) migrations_.Tick();
  }

  template <typename Response>
  static std::string ReasonOf(const absl::StatusOr<Response>& response) {
    EXPECT_FALSE(response.ok());
    return response.ok() ? "" : ErrorInfoOf(response.status()).reason();
  }

  std::unique_ptr<Streams> stub_ = v1::StreamService::NewStub(Channel());
  const StreamKey key_{std::string(kDefaultVhost), "live", "cam"};
};

// ---- Lookups

TEST_F(StreamServiceTest, ExplainsThatAStreamIsBeingBroughtTogether) {
  Connect(Role::kPublisher);
  Register("b", 1002);
  streams_->Claim({key_, kB, Role::kViewer, streams_->Find(key_)->version}, [](auto) {});
  ASSERT_EQ(Lookup().stream().origin_id(), kB);
  EXPECT_EQ(Misplaced(), 0);
  LookForPublisher();
  const auto lookup = Lookup();
  EXPECT_EQ(lookup.stream().origin_id(), kA);
  EXPECT_THAT(lookup.pick().steps(),
              testing::Contains("The stream is being brought together on origin a-s1-42, where its "
                                "publisher is live: viewers elsewhere are ended."));
  EXPECT_EQ(Misplaced(), 1);
}

TEST_F(StreamServiceTest, ExplainsThatAPublisherIsEndedBecauseItsOriginIsGone) {
  Connect(Role::kPublisher);
  Register("b", 1002);
  origins_.Evict([](const OriginRegistration& origin) {
    return origin.server == "b" ? absl::OkStatus() : absl::PermissionDeniedError("elsewhere");
  });
  streams_->Claim({key_, kB, Role::kViewer, streams_->Find(key_)->version}, [](auto) {});
  LookForPublisher();
  EXPECT_THAT(Lookup().pick().steps(),
              testing::Contains("The stream's publisher is live on origin a-s1-42, whose "
                                "registration has ended: it is ended, to come back where the "
                                "stream is."));
  EXPECT_EQ(Misplaced(), 1);
}

// ---- Moves

TEST_F(StreamServiceTest, MovesNothingToAnOriginWithoutALease) {
  Connect(Role::kViewer);
  Register("b", 1002);
  const auto in_use = origins_.traffic().Begin(kB, Role::kPublisher);
  ASSERT_TRUE(origins_.DeregisterOrigin(kB)->leaving);
  const auto refused = Move(MoveTo("b"));
  EXPECT_EQ(ReasonOf(refused), "ORIGIN_UNUSABLE");
  EXPECT_THAT(MessageOf(refused.status()), testing::HasSubstr("leaving"));
}

TEST_F(StreamServiceTest, MovesAStreamWithoutAPublisherAtOnce) {
  Connect(Role::kViewer);
  Register("b", 1002);
  const auto moved = Move(MoveTo("b"));
  ASSERT_TRUE(moved.ok()) << moved.status();
  EXPECT_EQ(moved->stream().origin_id(), kB);
  EXPECT_FALSE(moved->stream().has_pending_move());
  EXPECT_EQ(moved->sessions_to_end(), 1u);
  EXPECT_EQ(Lookup().stream().origin_id(), kB);
}

TEST_F(StreamServiceTest, AMoveWaitsForTheLivePublisher) {
  Connect(Role::kPublisher);
  Register("b", 1002);
  auto request = MoveTo(kB);
  request.mutable_deadline()->set_seconds(60);
  const auto before = absl::Now();
  const auto accepted = Move(request);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_EQ(accepted->stream().origin_id(), kA);
  EXPECT_EQ(accepted->sessions_to_end(), 0u);
  for (const v1::Stream& stream : {accepted->stream(), Lookup().stream()}) {
    EXPECT_EQ(stream.pending_move().origin_id(), kB);
    const auto deadline = absl::FromUnixSeconds(stream.pending_move().deadline_time().seconds());
    EXPECT_GE(deadline, before + absl::Seconds(59));
    EXPECT_LE(deadline, absl::Now() + absl::Seconds(60));
  }
  leases_.clear();
  EXPECT_EQ(Lookup().stream().origin_id(), kB);
  EXPECT_FALSE(Lookup().stream().has_pending_move());
}

TEST_F(StreamServiceTest, AMoveWithoutADeadlineShowsNone) {
  Connect(Role::kPublisher);
  Register("b", 1002);
  EXPECT_FALSE(Move(MoveTo("b"))->stream().pending_move().has_deadline_time());
}

TEST_F(StreamServiceTest, AKickEndsThePublisherNow) {
  Connect(Role::kPublisher);
  Connect(Role::kViewer);
  Register("b", 1002);
  auto request = MoveTo("b");
  request.set_kick(true);
  const auto accepted = Move(request);
  ASSERT_TRUE(accepted.ok()) << accepted.status();
  EXPECT_EQ(accepted->sessions_to_end(), 2u);
  const auto deadline = accepted->stream().pending_move().deadline_time();
  EXPECT_LE(absl::FromUnixSeconds(deadline.seconds()), absl::Now());
}

TEST_F(StreamServiceTest, MovingItToWhereItIsTakesAMoveBack) {
  Connect(Role::kPublisher);
  Register("b", 1002);
  ASSERT_TRUE(Move(MoveTo("b"))->stream().has_pending_move());
  SetState("a", AdminState::kCordoned);
  const auto back = Move(MoveTo("a"));
  ASSERT_TRUE(back.ok()) << back.status();
  EXPECT_FALSE(back->stream().has_pending_move());
}

TEST_F(StreamServiceTest, OfAServersOriginsTheBestIsTaken) {
  Connect(Role::kViewer);
  Register("b", 1002);
  OriginRegistration second = origins_.snapshot()->Find(kB)->registration;
  second.ip = "10.0.0.8";
  second.service = "s0";
  ASSERT_TRUE(origins_.Register(second, "10.0.0.8").ok());
  origins_.ReportConnect("b-s0-42", ConnectOutcome::kRefused);
  EXPECT_EQ(Move(MoveTo("b"))->stream().origin_id(), kB);
}

TEST_F(StreamServiceTest, RefusesMovesThatCannotBe) {
  Connect(Role::kViewer);
  Register("b", 1002);
  Register("cordoned", 1004);
  Register("down", 1005);
  SetState("cordoned", AdminState::kCordoned);
  origins_.ReportConnect("down-s1-42", ConnectOutcome::kRefused);
  SetState("away", AdminState::kActive);
  struct Case {
    const char* name;
    std::function<void(v1::MoveStreamRequest&)> change;
    absl::StatusCode code;
    const char* reason;
  };
  const std::vector<Case> cases = {
      {"no stream", [](auto& r) { r.set_stream(""); }, absl::StatusCode::kInvalidArgument,
       "INVALID_FIELD"},
      {"no stream name", [](auto& r) { r.set_stream("cam"); }, absl::StatusCode::kInvalidArgument,
       "INVALID_STREAM_NAME"},
      {"no mapping", [](auto& r) { r.set_stream("live/other"); }, absl::StatusCode::kNotFound,
       "STREAM_NOT_FOUND"},
      {"no origin", [](auto& r) { r.set_origin(""); }, absl::StatusCode::kInvalidArgument,
       "INVALID_FIELD"},
      {"unknown origin", [](auto& r) { r.set_origin("x"); }, absl::StatusCode::kNotFound,
       "ORIGIN_NOT_FOUND"},
      {"cordoned", [](auto& r) { r.set_origin("cordoned"); }, absl::StatusCode::kFailedPrecondition,
       "ORIGIN_UNUSABLE"},
      {"down", [](auto& r) { r.set_origin("down"); }, absl::StatusCode::kFailedPrecondition,
       "ORIGIN_UNUSABLE"},
      {"not registered", [](auto& r) { r.set_origin("away"); },
       absl::StatusCode::kFailedPrecondition, "ORIGIN_UNUSABLE"},
      {"negative deadline", [](auto& r) { r.mutable_deadline()->set_seconds(-1); },
       absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {"huge deadline", [](auto& r) { r.mutable_deadline()->set_seconds(300'000'000'000); },
       absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {"another version", [](auto& r) { r.set_expected_version(987654321); },
       absl::StatusCode::kAborted, "PLACEMENT_CHANGED"},
  };
  for (const auto& [name, change, code, reason] : cases) {
    for (const bool validate_only : {true, false}) {
      SCOPED_TRACE(testing::Message() << name << (validate_only ? ", only validated" : ""));
      auto request = MoveTo("b");
      request.set_validate_only(validate_only);
      change(request);
      const auto refused = Move(request);
      EXPECT_EQ(refused.status().code(), code) << refused.status();
      EXPECT_EQ(ReasonOf(refused), reason);
      EXPECT_EQ(streams_->Find(key_)->origin_id, kA);
    }
  }
}

TEST_F(StreamServiceTest, AnAmbiguousOriginIsRefused) {
  Connect(Role::kViewer);
  Register("b1", 1002);
  Register("b2", 1003);
  EXPECT_EQ(ReasonOf(Move(MoveTo("b"))), "AMBIGUOUS_ORIGIN");
  EXPECT_EQ(ReasonOf(Pin(kStream, "b")), "AMBIGUOUS_ORIGIN");
}

TEST_F(StreamServiceTest, AValidatedMoveAnswersWhatWouldBe) {
  Connect(Role::kViewer);
  Register("b", 1002);
  auto request = MoveTo("b");
  request.set_validate_only(true);
  request.set_expected_version(streams_->Find(key_)->version);
  EXPECT_EQ(Move(request)->stream().origin_id(), kB);
  EXPECT_EQ(Move(request)->sessions_to_end(), 1u);
  EXPECT_EQ(streams_->Find(key_)->origin_id, kA);

  Connect(Role::kPublisher);
  EXPECT_EQ(Move(request)->stream().pending_move().origin_id(), kB);
  EXPECT_EQ(streams_->Find(key_)->pending, std::nullopt);
}

TEST_F(StreamServiceTest, ARepeatedMoveIsDoneOnce) {
  Connect(Role::kViewer);
  Register("b", 1002);
  auto request = MoveTo("b");
  request.set_request_id("one");
  request.set_expected_version(streams_->Find(key_)->version);
  const auto first = Move(request);
  const auto again = Move(request);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->SerializeAsString(), first->SerializeAsString());
}

// ---- Releases

TEST_F(StreamServiceTest, ReleasesAStreamThatNobodyUses) {
  Connect(Role::kPublisher);
  leases_.clear();
  EXPECT_EQ(Release(false, /*validate_only=*/true)->stream().origin_id(), kA);
  EXPECT_TRUE(Lookup().has_stream());
  EXPECT_EQ(Release(false)->stream().origin_id(), kA);
  EXPECT_FALSE(Lookup().has_stream());
  EXPECT_EQ(sessions_.sessions().size(), 1u) << "without force nobody is ended";
  EXPECT_EQ(ReasonOf(Release(false)), "STREAM_NOT_FOUND");
}

TEST_F(StreamServiceTest, ReleasesAStreamInUseByForceAlone) {
  Connect(Role::kPublisher);
  Connect(Role::kViewer);
  for (const bool validate_only : {true, false}) {
    const auto refused = Release(false, validate_only);
    EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
    EXPECT_EQ(ReasonOf(refused), "STREAM_LIVE");
  }
  EXPECT_EQ(sessions_.sessions().size(), 2u);
  const auto released = Release(true);
  ASSERT_TRUE(released.ok()) << released.status();
  EXPECT_EQ(released->stream().publishers(), 1u);
  EXPECT_FALSE(Lookup().has_stream());
  EXPECT_THAT(sessions_.sessions(), IsEmpty()) << "they are ended";
}

// ---- Pins

TEST_F(StreamServiceTest, APinHoldsForTheNextPlacement) {
  for (const char* server : {"a", "b", "c", "d"}) {
    Register(server, static_cast<uint16_t>(1000 + server[0]));
  }
  EXPECT_EQ(Pin(kStream, "c", /*validate_only=*/true)->pin().server(), "c");
  EXPECT_EQ(streams_->PinnedServer(key_), std::nullopt);
  const auto pinned = Pin("rtmp://127.0.0.1/live/cam", "c-s1");
  ASSERT_TRUE(pinned.ok()) << pinned.status();
  EXPECT_EQ(pinned->pin().key(), "__defaultVhost__/live/cam");
  EXPECT_EQ(pinned->pin().server(), "c");
  EXPECT_EQ(Lookup().pick().origin_id(), "c-s1-42");
  EXPECT_EQ(Lookup().pick().reason(), v1::PICK_REASON_PINNED);
  Publish(key_);
  EXPECT_EQ(Lookup().stream().origin_id(), "c-s1-42");
  EXPECT_EQ(Lookup().stream().pinned_server(), "c");
  const auto listed = Call(&Streams::ListStreams, v1::ListStreamsRequest());
  ASSERT_EQ(listed->streams_size(), 1);
  EXPECT_EQ(listed->streams(0).pinned_server(), "c");

  EXPECT_EQ(Unpin(/*validate_only=*/true)->pin().server(), "c");
  EXPECT_EQ(Unpin()->pin().server(), "c");
  EXPECT_EQ(Lookup().stream().pinned_server(), "");
  for (const bool validate_only : {true, false}) {
    const auto none = Unpin(validate_only);
    EXPECT_EQ(none.status().code(), absl::StatusCode::kNotFound);
    EXPECT_EQ(ReasonOf(none), "PIN_NOT_FOUND");
  }
}

TEST_F(StreamServiceTest, RefusesPinsThatMeanNothing) {
  Register("a", 1001);
  EXPECT_EQ(ReasonOf(Pin("", "a")), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Pin("cam", "a")), "INVALID_STREAM_NAME");
  EXPECT_EQ(ReasonOf(Pin(kStream, "")), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf(Pin(kStream, "x")), "ORIGIN_NOT_FOUND");
}

TEST_F(StreamServiceTest, PinsAreListedPageByPage) {
  Register("a", 1001);
  for (const char* stream : {"live/c", "live/a", "live/b"}) ASSERT_TRUE(Pin(stream, "a").ok());
  std::vector<std::string> keys;
  v1::ListPinsRequest request;
  request.set_page_size(2);
  do {
    const auto page = Call(&Streams::ListPins, request);
    ASSERT_TRUE(page.ok()) << page.status();
    for (const v1::Pin& pin : page->pins()) keys.push_back(pin.key());
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  EXPECT_THAT(keys, ElementsAre("__defaultVhost__/live/a", "__defaultVhost__/live/b",
                                "__defaultVhost__/live/c"));
  request.set_page_token("none of ours");
  EXPECT_EQ(ReasonOf(Call(&Streams::ListPins, request)), "INVALID_PAGE_TOKEN");
  request.set_page_token("");
  request.set_page_size(-1);
  EXPECT_EQ(ReasonOf(Call(&Streams::ListPins, request)), "INVALID_FIELD");
}

}  // namespace
}  // namespace srsproxy::control
