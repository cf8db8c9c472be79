// All HeartbeatStream calls that run.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <absl/container/flat_hash_map.h>

#include "controlplane/services/heartbeat_stream.h"
#include "controlplane/services/heartbeats.h"
#include "controlplane/services/serve.h"
#include "dataplane/balance/origin_registry.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it. A thread of its own ends silent streams.
class HeartbeatStreams {
 public:
  static constexpr size_t kMaxStreams = 4'096;

  HeartbeatStreams(Heartbeats& heartbeats, const OriginRegistry& origins,
                   const CallObserver& observer, size_t max_streams = kMaxStreams);
  // No stream runs any more.
  ~HeartbeatStreams();

  // Serves a call. It ends with RESOURCE_EXHAUSTED and LIMIT_REACHED when too many run, with
  // UNAVAILABLE after Stop, with DEADLINE_EXCEEDED and IDLE_STREAM after a TTL without a message.
  HeartbeatStream* Open(grpc::CallbackServerContext& context);

  // Ends every stream with UNAVAILABLE and refuses new ones. Call it before the gRPC server's
  // Shutdown, which waits for what runs.
  void Stop();

 private:
  absl::Status Admit() const;  // With mutex_ held.
  void Forget(HeartbeatStream* stream);
  std::vector<std::shared_ptr<HeartbeatStream>> Running() const;
  void EndSilentOnes(const std::stop_token& stop);

  Heartbeats& heartbeats_;
  const OriginRegistry& origins_;
  const CallObserver& observer_;
  const size_t max_streams_;

  mutable std::mutex mutex_;  // Guards all below.
  std::condition_variable_any pause_;
  bool stopped_ = false;
  absl::flat_hash_map<HeartbeatStream*, std::shared_ptr<HeartbeatStream>> streams_;

  std::jthread watchman_;  // Last: it uses the others.
};

}  // namespace srsproxy::control
