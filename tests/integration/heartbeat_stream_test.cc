// HeartbeatStream, spoken by a real client.

#include <chrono>
#include <cmath>
#include <functional>
#include <map>

#include <grpcpp/grpcpp.h>
#include <gtest/gtest.h>

#include "controlplane/access/call_authorizer.h"
#include "controlplane/call_status.h"
#include "controlplane/services/heartbeats.h"
#include "tests/integration/control_plane_fixture.h"
#include "tests/support/change_overrides.h"

namespace srsproxy::control {
namespace {

using Request = v1::HeartbeatStreamRequest;
using Response = v1::HeartbeatStreamResponse;

Request Beat(const std::string& lease_id, uint64_t sequence, int64_t streams = 0) {
  Request request;
  request.mutable_heartbeat()->set_lease_id(lease_id);
  request.mutable_heartbeat()->set_sequence(sequence);
  request.mutable_heartbeat()->mutable_load()->set_streams(streams);
  return request;
}

// One HeartbeatStream call. Reads and writes wait for at most half a minute.
class Stream {
 public:
  explicit Stream(const std::shared_ptr<grpc::Channel>& channel, const std::string& metadata = "")
      : stub_(v1::OriginService::NewStub(channel)) {
    if (!metadata.empty()) context_.AddMetadata(metadata, "x");
    context_.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(30));
    stream_ = stub_->HeartbeatStream(&context_);
  }

  void Write(const Request& request) { stream_->Write(request); }
  // The next answer; an empty one when the stream has ended.
  Response Read() {
    Response response;
    stream_->Read(&response);
    return response;
  }
  Response Exchange(const Request& request) {
    Write(request);
    return Read();
  }
  void WritesDone() { stream_->WritesDone(); }
  void Break() { context_.TryCancel(); }
  // Reads to the end.
  absl::Status End() {
    Response ignored;
    while (stream_->Read(&ignored)) {
    }
    return FromGrpc(stream_->Finish());
  }

 private:
  std::unique_ptr<v1::OriginService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<Request, Response>> stream_;
};

void ExpectFailure(const absl::Status& status, absl::StatusCode code, std::string_view reason) {
  EXPECT_EQ(status.code(), code) << status;
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(ErrorInfoOf(status).reason(), reason);
}

class HeartbeatStreamTest : public ControlPlaneTest {
 protected:
  std::shared_ptr<const Origin> Find(std::string_view id) {
    return origins_.CurrentSnapshot()->Find(id);
  }
};

TEST_F(HeartbeatStreamTest, EachMessageIsAnsweredInOrder) {
  const auto lease_id = Register("vid-1", 1935);
  Stream stream(Channel());
  constexpr uint64_t kBeats = 200;
  for (uint64_t i = 1; i <= kBeats; ++i) {
    stream.Write(Beat(lease_id, i, static_cast<int64_t>(i)));
  }
  for (uint64_t i = 1; i <= kBeats; ++i) {
    const auto response = stream.Read();
    ASSERT_EQ(response.sequence(), i);
    EXPECT_EQ(response.origin_id(), "vid-1-s1-42");
    EXPECT_EQ(response.heartbeat().heartbeat_interval().seconds(), 10);
    EXPECT_EQ(response.heartbeat().ttl().seconds(), 300);
    EXPECT_EQ(response.heartbeat().directives_size(), 0);
    EXPECT_FALSE(response.heartbeat().ignored());
  }
  EXPECT_EQ(Find("vid-1-s1-42")->load.streams, static_cast<int64_t>(kBeats));
  stream.WritesDone();
  EXPECT_EQ(stream.End(), absl::OkStatus());
  EXPECT_NE(Find("vid-1-s1-42"), nullptr) << "the lease goes on";
}

TEST_F(HeartbeatStreamTest, OneStreamCarriesManyLeases) {
  std::map<std::string, std::string> leases;  // By origin id.
  for (uint16_t i = 0; i < 20; ++i) {
    const auto server = "vid-" + std::to_string(i);
    leases[server + "-s1-42"] = Register(server, static_cast<uint16_t>(2000 + i));
  }
  Stream stream(Channel());
  for (const uint64_t sequence : {1U, 2U}) {
    for (const auto& [origin_id, lease_id] : leases) stream.Write(Beat(lease_id, sequence));
    for (const auto& [origin_id, lease_id] : leases) {
      const auto response = stream.Read();
      EXPECT_EQ(response.origin_id(), origin_id);
      EXPECT_EQ(response.sequence(), sequence);
      EXPECT_FALSE(response.heartbeat().ignored()) << "each lease counts by itself";
    }
  }
}

TEST_F(HeartbeatStreamTest, OneMessageCarriesManyHeartbeats) {
  Request request;
  for (uint16_t i = 0; i < 20; ++i) {
    const auto lease_id = Register("vid-" + std::to_string(i), static_cast<uint16_t>(2000 + i));
    *request.add_heartbeats() = Beat(lease_id, 1, i).heartbeat();
  }
  *request.add_heartbeats() = Beat("forged", 7).heartbeat();
  *request.add_heartbeats() = request.heartbeats(3);
  Stream stream(Channel());
  const auto response = stream.Exchange(request);
  ASSERT_EQ(response.answers_size(), 22);
  EXPECT_FALSE(response.has_heartbeat());
  for (int i = 0; i < 20; ++i) {
    const auto id = "vid-" + std::to_string(i) + "-s1-42";
    EXPECT_EQ(response.answers(i).origin_id(), id);
    EXPECT_EQ(response.answers(i).sequence(), 1U);
    EXPECT_FALSE(response.answers(i).heartbeat().ignored());
    EXPECT_EQ(Find(id)->load.streams, i);
  }
  EXPECT_EQ(response.answers(20).origin_id(), "");
  EXPECT_EQ(response.answers(20).heartbeat().directives(0).kind(), v1::DIRECTIVE_KIND_REREGISTER);
  EXPECT_TRUE(response.answers(21).heartbeat().ignored()) << "a repetition";
}

TEST_F(HeartbeatStreamTest, OneWrongHeartbeatOfSeveralSpoilsTheMessage) {
  const auto lease_id = Register("vid-1", 1935);
  Request negative;
  *negative.add_heartbeats() = Beat(lease_id, 1, 5).heartbeat();
  *negative.add_heartbeats() = Beat(lease_id, 2, -5).heartbeat();
  Request too_many;
  for (int i = 0; i <= Heartbeats::kMaxHeartbeatsAtOnce; ++i) {
    *too_many.add_heartbeats() = Beat(lease_id, 1, 5).heartbeat();
  }
  Request both = Beat(lease_id, 1, 5);
  *both.add_heartbeats() = both.heartbeat();
  for (const auto& request : {negative, too_many, both}) {
    Stream stream(Channel());
    stream.Write(request);
    ExpectFailure(stream.End(), absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
    EXPECT_EQ(Find("vid-1-s1-42")->load.streams, std::nullopt) << "nothing was done";
  }
}

TEST_F(HeartbeatStreamTest, AnUnknownLeaseIsDirectedToRegisterAndTheStreamGoesOn) {
  const auto lease_id = Register("vid-1", 1935);
  Stream stream(Channel());
  for (const std::string forged : {"forged", "vid-1-s1-42", "00000000000000000000000000000000"}) {
    const auto response = stream.Exchange(Beat(forged, 7));
    EXPECT_EQ(response.sequence(), 7U);
    EXPECT_EQ(response.origin_id(), "");
    ASSERT_EQ(response.heartbeat().directives_size(), 1);
    const auto& again = response.heartbeat().directives(0);
    EXPECT_EQ(again.kind(), v1::DIRECTIVE_KIND_REREGISTER);
    EXPECT_GE(again.delay().seconds(), 0);
    EXPECT_LT(again.delay().seconds(), 10) << "within one interval";
    EXPECT_NE(again.message(), "");
    EXPECT_EQ(response.heartbeat().heartbeat_interval().seconds(), 10);
    EXPECT_EQ(response.heartbeat().ttl().seconds(), 300);
  }
  EXPECT_EQ(stream.Exchange(Beat(lease_id, 1)).origin_id(), "vid-1-s1-42");
  EXPECT_EQ(Metric("srsproxy_heartbeats_total{result=\"unknown_lease\"}"), 3);
  EXPECT_EQ(Metric("srsproxy_heartbeats_total{result=\"accepted\"}"), 1);
}

TEST_F(HeartbeatStreamTest, ALateOrRepeatedMessageIsAnsweredAndIgnored) {
  const auto lease_id = Register("vid-1", 1935);
  Stream stream(Channel());
  EXPECT_FALSE(stream.Exchange(Beat(lease_id, 5, 1)).heartbeat().ignored());
  for (const uint64_t sequence : {5U, 4U}) {
    const auto response = stream.Exchange(Beat(lease_id, sequence, 2));
    EXPECT_TRUE(response.heartbeat().ignored());
    EXPECT_EQ(response.sequence(), sequence);
    EXPECT_EQ(response.origin_id(), "vid-1-s1-42");
  }
  EXPECT_EQ(Find("vid-1-s1-42")->load.streams, 1);
}

TEST_F(HeartbeatStreamTest, ADrainedServerLearnsOfIt) {
  const auto lease_id = Register("vid-1", 1935);
  Stream stream(Channel());
  const auto set_state = [this](AdminState state) {
    ASSERT_TRUE(UpdateOverrides(origins_, "vid-1", [&](OriginOverrides& overrides) {
                  overrides.admin_state = state;
                }).ok());
  };
  set_state(AdminState::kDraining);
  const auto response = stream.Exchange(Beat(lease_id, 1));
  ASSERT_EQ(response.heartbeat().directives_size(), 1);
  EXPECT_EQ(response.heartbeat().directives(0).kind(), v1::DIRECTIVE_KIND_DRAIN);
  set_state(AdminState::kActive);
  EXPECT_EQ(stream.Exchange(Beat(lease_id, 2)).heartbeat().directives_size(), 0);
}

TEST_F(HeartbeatStreamTest, AStreamThatBreaksEndsNoLease) {
  const auto lease_id = Register("vid-1", 1935);
  {
    Stream stream(Channel());
    EXPECT_EQ(stream.Exchange(Beat(lease_id, 1)).origin_id(), "vid-1-s1-42");
    stream.Break();
    EXPECT_EQ(stream.End().code(), absl::StatusCode::kCancelled);
  }
  ASSERT_NE(Find("vid-1-s1-42"), nullptr);
  Stream another(Channel());
  EXPECT_FALSE(another.Exchange(Beat(lease_id, 2)).heartbeat().ignored());
}

TEST_F(HeartbeatStreamTest, AStreamThatIsSilentForTheTtlIsEnded) {
  const auto lease_id = Register("vid-1", 1935);
  Stream stream(Channel());
  EXPECT_EQ(stream.Exchange(Beat(lease_id, 1)).origin_id(), "vid-1-s1-42");
  origins_.SetTtl(absl::Milliseconds(1));
  ExpectFailure(stream.End(), absl::StatusCode::kDeadlineExceeded, "IDLE_STREAM");
}

TEST_F(HeartbeatStreamTest, AStoppingProxyEndsItsStreams) {
  const auto lease_id = Register("vid-1", 1935);
  Stream stream(Channel());
  EXPECT_EQ(stream.Exchange(Beat(lease_id, 1)).origin_id(), "vid-1-s1-42");
  control_->Stop(absl::Seconds(30));
  ExpectFailure(stream.End(), absl::StatusCode::kUnavailable, "UNAVAILABLE");
}

TEST_F(HeartbeatStreamTest, ACallerThatIsNotAdmittedGetsTheReason) {
  Stream stream(Channel(), kCallerMetadata);
  ExpectFailure(stream.End(), absl::StatusCode::kPermissionDenied, "RESERVED_METADATA");
}

TEST_F(HeartbeatStreamTest, StreamsAreCountedAsOneCall) {
  const auto lease_id = Register("vid-1", 1935);
  {
    Stream stream(Channel());
    stream.Exchange(Beat(lease_id, 1));
    stream.Exchange(Beat(lease_id, 2));
    stream.WritesDone();
    EXPECT_TRUE(stream.End().ok());
  }
  EXPECT_EQ(Metric("srsproxy_grpc_server_handled_total{code=\"OK\","
                   "method=\"srsproxy.v1.OriginService/HeartbeatStream\"}"),
            1);
}

// Messages that are wrong end the stream.

struct WrongMessage {
  const char* name;
  Request request;
};

class WrongHeartbeatTest : public HeartbeatStreamTest,
                           public testing::WithParamInterface<WrongMessage> {};

TEST_P(WrongHeartbeatTest, EndsTheStreamAndChangesNothing) {
  const auto lease_id = Register("vid-1", 1935);
  auto request = GetParam().request;
  if (request.heartbeat().lease_id() == "its own")
    request.mutable_heartbeat()->set_lease_id(lease_id);
  Stream stream(Channel());
  stream.Write(request);
  ExpectFailure(stream.End(), absl::StatusCode::kInvalidArgument, "INVALID_FIELD");
  EXPECT_EQ(Find("vid-1-s1-42")->load.streams, std::nullopt);
}

Request WithLoad(const std::function<void(v1::LoadReport&)>& change) {
  auto request = Beat("its own", 1, 3);
  change(*request.mutable_heartbeat()->mutable_load());
  return request;
}

INSTANTIATE_TEST_SUITE_P(
    Messages, WrongHeartbeatTest,
    testing::Values(
        WrongMessage{"Empty", Request()}, WrongMessage{"NoLease", Beat("", 1)},
        WrongMessage{"NegativeCpu", WithLoad([](auto& load) { load.set_cpu_ratio(-0.1); })},
        WrongMessage{"HugeCpu", WithLoad([](auto& load) { load.set_cpu_ratio(1e308); })},
        WrongMessage{"CpuIsNoNumber",
                     WithLoad([](auto& load) { load.set_cpu_ratio(std::nan("")); })},
        WrongMessage{"NegativeMemory", WithLoad([](auto& load) { load.set_memory_ratio(-1); })},
        WrongMessage{"NegativeConnections", WithLoad([](auto& load) { load.set_connections(-1); })},
        WrongMessage{"NegativeStreams", WithLoad([](auto& load) { load.set_streams(-1); })},
        WrongMessage{"NegativeBitrate",
                     WithLoad([](auto& load) { load.set_bits_per_second(-1); })}),
    [](const auto& row) { return std::string(row.param.name); });

// A limit that a test can reach.

TEST_F(HeartbeatStreamTest, TooManyStreamsAreRefused) {
  Heartbeats heartbeats(origins_, metrics_);
  RefusalLog denials("call", clock_, logger_);
  IdempotencyCache requests(clock_);
  const CallAuthorizer authorizer(nullptr, denials, metrics_);
  const CallObserver observer{clock_, metrics_, logger_, requests, authorizer};
  HeartbeatStreams streams(heartbeats, origins_, observer, /*max_streams=*/2);
  class Service final : public v1::OriginService::WithRawCallbackMethod_HeartbeatStream<
                            v1::OriginService::Service> {
   public:
    explicit Service(HeartbeatStreams& its_streams) : streams_(its_streams) {}
    grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer>* HeartbeatStream(
        grpc::CallbackServerContext* context) override {
      return streams_.Open(*context);
    }

   private:
    HeartbeatStreams& streams_;
  } service(streams);
  grpc::ServerBuilder builder;
  builder.RegisterService(&service);
  const auto server = builder.BuildAndStart();
  const auto channel = server->InProcessChannel(grpc::ChannelArguments());
  {
    Stream first(channel);
    Stream second(channel);
    EXPECT_EQ(first.Exchange(Beat("none", 1)).sequence(), 1U);
    EXPECT_EQ(second.Exchange(Beat("none", 2)).sequence(), 2U);
    ExpectFailure(Stream(channel).End(), absl::StatusCode::kResourceExhausted, "LIMIT_REACHED");
    EXPECT_EQ(first.Exchange(Beat("none", 3)).sequence(), 3U) << "those that run are not touched";
    first.WritesDone();
    EXPECT_TRUE(first.End().ok());
    // There is room again as soon as the server has let go of the first.
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (Stream(channel).Exchange(Beat("none", 4)).sequence() != 4U) {
      ASSERT_LT(std::chrono::steady_clock::now(), deadline);
    }
  }
  streams.Stop();
  ExpectFailure(Stream(channel).End(), absl::StatusCode::kUnavailable, "UNAVAILABLE");
  server->Shutdown();
}

}  // namespace
}  // namespace srsproxy::control
