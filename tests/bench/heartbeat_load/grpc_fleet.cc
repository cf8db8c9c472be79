#include "tests/bench/heartbeat_load/grpc_fleet.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <stdexcept>
#include <utility>

#include <grpcpp/grpcpp.h>

#include "srsproxy/v1/origin_service.grpc.pb.h"

namespace srsproxy::bench {

// A channel with a connection of its own, and one stream on it.
class GrpcFleet::Connection final
    : public grpc::ClientBidiReactor<v1::HeartbeatStreamRequest, v1::HeartbeatStreamResponse> {
 public:
  Connection(uint16_t port, int together, Tally& tally) : together_(together), tally_(tally) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    stub_ = v1::OriginService::NewStub(grpc::CreateCustomChannel(
        "127.0.0.1:" + std::to_string(port), grpc::InsecureChannelCredentials(), arguments));
  }

  ~Connection() override {
    if (!started_) return;
    context_.TryCancel();
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return done_; });
  }

  std::string Register(size_t index) {
    const FleetOrigin origin(index);
    v1::RegisterOriginRequest request;
    auto& registration = *request.mutable_registration();
    registration.set_ip(origin.ip);
    registration.set_server(origin.server);
    registration.set_service("bench");
    registration.set_pid("1");
    registration.add_rtmp("1935");
    grpc::ClientContext context;
    v1::RegisterOriginResponse response;
    const auto status = stub_->RegisterOrigin(&context, request, &response);
    if (!status.ok()) throw std::runtime_error("RegisterOrigin: " + status.error_message());
    return response.lease_id();
  }

  void Start() {
    started_ = true;
    stub_->async()->HeartbeatStream(&context_, this);
    StartRead(&response_);
    StartCall();
  }

  void Beat(v1::HeartbeatRequest heartbeat) {
    const std::lock_guard lock(mutex_);
    if (done_) return;
    tally_.Sent();
    unanswered_.push_back(std::chrono::steady_clock::now());
    if (together_ == 1) {
      *waiting_.emplace_back().mutable_heartbeat() = std::move(heartbeat);
    } else {
      *collected_.add_heartbeats() = std::move(heartbeat);
      if (collected_.heartbeats_size() < together_) return;
      waiting_.push_back(std::exchange(collected_, {}));
    }
    if (!writing_) WriteNext();
  }

 private:
  void OnWriteDone(bool ok) override {
    const std::lock_guard lock(mutex_);
    waiting_.pop_front();
    writing_ = false;
    if (ok && !waiting_.empty()) WriteNext();
  }

  void OnReadDone(bool ok) override {
    if (!ok) return;
    for (const auto& answer : response_.answers()) Count(answer);
    if (response_.has_heartbeat()) Count(response_);
    StartRead(&response_);
  }

  // Of one heartbeat: a HeartbeatAnswer or a HeartbeatStreamResponse.
  void Count(const auto& answer) {
    Tally::Time sent;
    {
      const std::lock_guard lock(mutex_);
      sent = unanswered_.front();
      unanswered_.pop_front();
    }
    tally_.Answered(sent, !answer.origin_id().empty() && !answer.heartbeat().ignored());
  }

  void OnDone(const grpc::Status& status) override {
    if (status.error_code() != grpc::StatusCode::CANCELLED) {
      std::fprintf(stderr, "a heartbeat stream ended: %s\n", status.error_message().c_str());
    }
    const std::lock_guard lock(mutex_);
    done_ = true;
    changed_.notify_all();
  }

  void WriteNext() {
    writing_ = true;
    StartWrite(&waiting_.front());
  }

  const int together_;
  Tally& tally_;
  std::unique_ptr<v1::OriginService::Stub> stub_;
  grpc::ClientContext context_;
  v1::HeartbeatStreamResponse response_;
  bool started_ = false;

  std::mutex mutex_;  // Guards all below.
  std::condition_variable changed_;
  v1::HeartbeatStreamRequest collected_;            // Not all of it is there yet.
  std::deque<v1::HeartbeatStreamRequest> waiting_;  // The first is being written.
  std::deque<Tally::Time> unanswered_;
  bool writing_ = false;
  bool done_ = false;
};

GrpcFleet::GrpcFleet(const FleetOptions& options, Tally& tally) : options_(options) {
  for (size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(options_.port, options_.together, tally));
  }
}

GrpcFleet::~GrpcFleet() = default;

void GrpcFleet::Register() {
  for (size_t i = 0; i < options_.origins; ++i) {
    leases_.push_back(connections_[i % connections_.size()]->Register(i));
  }
  for (const auto& connection : connections_) connection->Start();
}

void GrpcFleet::Beat(size_t origin) {
  v1::HeartbeatRequest heartbeat;
  heartbeat.set_lease_id(leases_[origin]);
  heartbeat.set_sequence(++sequence_);
  auto& load = *heartbeat.mutable_load();
  load.set_cpu_ratio(0.25);
  load.set_memory_ratio(0.5);
  load.set_connections(static_cast<int64_t>(sequence_ % 1000));
  load.set_streams(10);
  load.set_bits_per_second(100'000'000);
  connections_[origin % connections_.size()]->Beat(std::move(heartbeat));
}

}  // namespace srsproxy::bench
