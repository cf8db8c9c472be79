// Answers heartbeats, whichever call brings them.
#pragma once

#include <mutex>
#include <random>
#include <string>

#include <absl/time/time.h>

#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "srsproxy/v1/origin_service.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it.
class Heartbeats {
 public:
  Heartbeats(OriginRegistry& origins, Metrics& metrics) : origins_(origins), metrics_(metrics) {}

  // INVALID_ARGUMENT with INVALID_FIELD. NOT_FOUND with LEASE_EXPIRED, and how long to wait.
  absl::StatusOr<v1::HeartbeatResponse> Answer(const v1::HeartbeatRequest& request);

  static constexpr int kMaxHeartbeatsAtOnce = 1000;

  // The same on a stream, where an unknown lease is no error but a directive. When one of several
  // heartbeats is wrong, none of them counts.
  absl::StatusOr<v1::HeartbeatStreamResponse> Answer(const v1::HeartbeatStreamRequest& request);

  // `why`, a NOT_FOUND of the registry's about a lease, with LEASE_EXPIRED and how long to wait.
  absl::Status LeaseExpired(const absl::Status& why);

 private:
  // INVALID_ARGUMENT with INVALID_FIELD.
  absl::StatusOr<OriginHeartbeat> Read(const v1::HeartbeatRequest& request);
  // NOT_FOUND: an unknown lease.
  absl::StatusOr<HeartbeatReply> Beat(const std::string& lease_id,
                                      const OriginHeartbeat& heartbeat);
  // `entry`: a HeartbeatStreamResponse or a HeartbeatAnswer.
  void AnswerOnStream(const std::string& lease_id, const OriginHeartbeat& heartbeat, auto& entry);
  absl::StatusOr<v1::HeartbeatStreamResponse> AnswerAll(const v1::HeartbeatStreamRequest& request);
  // A random part of the heartbeat interval: a fleet that lost its leases at once comes back
  // spread over it.
  absl::Duration RetryDelay();

  OriginRegistry& origins_;
  Metrics& metrics_;
  std::mutex mutex_;  // Guards random_.
  std::mt19937_64 random_{std::random_device()()};
};

}  // namespace srsproxy::control
