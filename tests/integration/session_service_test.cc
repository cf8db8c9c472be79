// SessionService over a list of sessions, spoken to by a real client.

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/call_status.h"
#include "srsproxy/v1/session_service.grpc.pb.h"
#include "tests/integration/control_plane_fixture.h"

namespace srsproxy::control {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SessionInfo MakeSession(std::string id, std::string stream, Role role, std::string client) {
  SessionInfo session;
  session.id = std::move(id);
  session.key = {"__defaultVhost__", "live", std::move(stream)};
  session.role = role;
  session.client = std::move(client);
  session.origin_id = "o1";
  session.started_at = absl::FromUnixSeconds(1'000'000);
  session.bytes_in = 10;
  session.bytes_out = 20;
  session.media_flows = true;
  return session;
}

class SessionServiceTest : public ControlPlaneTest {
 protected:
  SessionServiceTest() {
    sessions_.Add(MakeSession("a", "one", Role::kPublisher, "10.0.0.1:5000"));
    sessions_.Add(MakeSession("b", "one", Role::kViewer, "10.0.0.2:5000"));
    sessions_.Add(MakeSession("c", "one", Role::kViewer, "[2001:db8::1]:5000"));
    sessions_.Add(MakeSession("d", "two", Role::kViewer, "10.0.0.2:6000"));
  }

  absl::StatusOr<v1::ListSessionsResponse> List(const v1::ListSessionsRequest& request) {
    grpc::ClientContext context;
    v1::ListSessionsResponse response;
    const auto status = stub_->ListSessions(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }
  absl::StatusOr<v1::KickSessionsResponse> Kick(const v1::KickSessionsRequest& request) {
    grpc::ClientContext context;
    v1::KickSessionsResponse response;
    const auto status = stub_->KickSessions(&context, request, &response);
    if (!status.ok()) return FromGrpc(status);
    return response;
  }

  template <typename Response>
  static std::vector<std::string> Ids(const absl::StatusOr<Response>& response) {
    std::vector<std::string> ids;
    EXPECT_TRUE(response.ok()) << response.status();
    if (!response.ok()) return ids;
    for (const auto& session : response->sessions()) ids.push_back(session.id());
    return ids;
  }
  std::vector<std::string> Left() const {
    std::vector<std::string> ids;
    for (const auto& session : sessions_.sessions()) ids.push_back(session.id);
    return ids;
  }

  std::unique_ptr<v1::SessionService::Stub> stub_ = v1::SessionService::NewStub(Channel());
};

TEST_F(SessionServiceTest, ListsEverythingOfASession) {
  v1::ListSessionsRequest request;
  request.mutable_filter()->add_session_ids("a");
  const auto response = List(request);
  ASSERT_THAT(Ids(response), ElementsAre("a"));
  const auto& session = response->sessions(0);
  EXPECT_EQ(session.protocol(), v1::PROTOCOL_RTMP);
  EXPECT_EQ(session.role(), v1::ROLE_PUBLISHER);
  EXPECT_EQ(session.stream(), "__defaultVhost__/live/one");
  EXPECT_EQ(session.origin_id(), "o1");
  EXPECT_EQ(session.client(), "10.0.0.1:5000");
  EXPECT_EQ(session.start_time().seconds(), 1'000'000);
  EXPECT_EQ(session.bytes_in(), 10);
  EXPECT_EQ(session.bytes_out(), 20);
  EXPECT_TRUE(session.media_flows());
}

TEST_F(SessionServiceTest, ListsInPages) {
  v1::ListSessionsRequest request;
  request.set_page_size(3);
  const auto first = List(request);
  EXPECT_THAT(Ids(first), ElementsAre("a", "b", "c"));
  request.set_page_token(first->next_page_token());
  const auto second = List(request);
  EXPECT_THAT(Ids(second), ElementsAre("d"));
  EXPECT_EQ(second->next_page_token(), "");
}

TEST_F(SessionServiceTest, FiltersByEveryField) {
  struct Case {
    std::string name;
    std::function<void(v1::SessionFilter&)> set;
    std::vector<std::string> ids;
  };
  const std::vector<Case> cases = {
      {"stream", [](auto& f) { f.set_stream("live/two"); }, {"d"}},
      {"stream as URL", [](auto& f) { f.set_stream("rtmp://10.0.0.9/live/two"); }, {"d"}},
      {"origin", [](auto& f) { f.set_origin_id("o2"); }, {}},
      {"client", [](auto& f) { f.set_client("10.0.0.2"); }, {"b", "d"}},
      {"IPv6 client", [](auto& f) { f.set_client("2001:db8::1"); }, {"c"}},
      {"role", [](auto& f) { f.set_role(v1::ROLE_PUBLISHER); }, {"a"}},
      {"protocol", [](auto& f) { f.set_protocol(v1::PROTOCOL_SRT); }, {}},
      {"role and stream",
       [](auto& f) {
         f.set_role(v1::ROLE_VIEWER);
         f.set_stream("live/one");
       },
       {"b", "c"}},
  };
  for (const auto& [name, set, ids] : cases) {
    SCOPED_TRACE(name);
    v1::ListSessionsRequest request;
    set(*request.mutable_filter());
    EXPECT_EQ(Ids(List(request)), ids);
  }
}

TEST_F(SessionServiceTest, KicksWhomTheFilterMeans) {
  v1::KickSessionsRequest request;
  request.mutable_filter()->set_stream("live/one");
  request.mutable_filter()->set_role(v1::ROLE_VIEWER);
  EXPECT_THAT(Ids(Kick(request)), ElementsAre("b", "c"));
  EXPECT_THAT(Left(), ElementsAre("a", "d"));
}

TEST_F(SessionServiceTest, KicksNoMoreThanAsked) {
  v1::KickSessionsRequest request;
  request.mutable_filter()->set_stream("live/one");
  request.set_max_sessions(2);
  const auto response = Kick(request);
  EXPECT_THAT(Ids(response), ElementsAre("a", "b"));
  EXPECT_TRUE(response->more());
}

TEST_F(SessionServiceTest, NamedSessionsAreFoundAlsoBeyondTheLimit) {
  v1::KickSessionsRequest request;
  for (const char* id : {"a", "b", "c"}) request.mutable_filter()->add_session_ids(id);
  request.set_max_sessions(1);
  request.set_validate_only(true);
  EXPECT_THAT(Ids(Kick(request)), ElementsAre("a"));
  request.set_validate_only(false);
  EXPECT_THAT(Ids(Kick(request)), ElementsAre("a"));
  EXPECT_THAT(Left(), ElementsAre("b", "c", "d"));
}

TEST_F(SessionServiceTest, ADryRunEndsNobody) {
  v1::KickSessionsRequest request;
  request.mutable_filter()->set_client("10.0.0.2");
  request.set_validate_only(true);
  EXPECT_THAT(Ids(Kick(request)), ElementsAre("b", "d"));
  EXPECT_EQ(Left().size(), 4);
}

TEST_F(SessionServiceTest, ARepeatedRequestIsNotDoneTwice) {
  v1::KickSessionsRequest request;
  request.mutable_filter()->set_stream("live/two");
  request.set_request_id("first");
  EXPECT_THAT(Ids(Kick(request)), ElementsAre("d"));
  sessions_.Add(MakeSession("e", "two", Role::kViewer, "10.0.0.3:1"));
  EXPECT_THAT(Ids(Kick(request)), ElementsAre("d"));
  EXPECT_THAT(Left(), testing::Contains("e"));

  request.mutable_filter()->set_stream("live/one");
  const auto other = Kick(request);
  EXPECT_EQ(ErrorInfoOf(other.status()).reason(), "REQUEST_ID_REUSED");
  EXPECT_EQ(Left().size(), 4);
}

TEST_F(SessionServiceTest, RefusesWhatIsWrong) {
  struct Case {
    std::string name;
    std::function<void(v1::KickSessionsRequest&)> set;
    absl::StatusCode code;
    std::string reason;
  };
  const std::vector<Case> cases = {
      {"no filter", [](auto&) {}, absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {"empty filter", [](auto& r) { r.mutable_filter(); }, absl::StatusCode::kInvalidArgument,
       "INVALID_FIELD"},
      {"negative maximum",
       [](auto& r) {
         r.mutable_filter()->set_stream("live/one");
         r.set_max_sessions(-1);
       },
       absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {"no stream name", [](auto& r) { r.mutable_filter()->set_stream("one"); },
       absl::StatusCode::kInvalidArgument, "INVALID_STREAM_NAME"},
      {"wrong role", [](auto& r) { r.mutable_filter()->set_role(static_cast<v1::Role>(77)); },
       absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {"wrong protocol",
       [](auto& r) { r.mutable_filter()->set_protocol(static_cast<v1::Protocol>(77)); },
       absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {"long message",
       [](auto& r) {
         r.mutable_filter()->set_stream("live/one");
         r.set_message(std::string(257, 'x'));
       },
       absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
      {"unknown session",
       [](auto& r) {
         r.mutable_filter()->add_session_ids("a");
         r.mutable_filter()->add_session_ids("z");
       },
       absl::StatusCode::kNotFound, "SESSION_NOT_FOUND"},
      {"too many ids",
       [](auto& r) {
         for (int i = 0; i < 1001; ++i) r.mutable_filter()->add_session_ids("a");
       },
       absl::StatusCode::kInvalidArgument, "INVALID_FIELD"},
  };
  for (const auto& [name, set, code, reason] : cases) {
    SCOPED_TRACE(name);
    v1::KickSessionsRequest request;
    set(request);
    const auto response = Kick(request);
    EXPECT_EQ(response.status().code(), code);
    EXPECT_EQ(ErrorInfoOf(response.status()).reason(), reason);
    EXPECT_EQ(Left().size(), 4);
  }
}

}  // namespace
}  // namespace srsproxy::control
