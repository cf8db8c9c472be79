// srsproxy.v1.StreamService over the stream directory and the balancer.
#pragma once

#include "controlplane/serve.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/stream_directory.h"
#include "srsproxy/v1/stream_service.grpc.pb.h"

namespace srsproxy::control {

// Thread-safe. What it is given outlives it.
class StreamService final : public v1::StreamService::CallbackService {
 public:
  StreamService(const StreamDirectory& streams, const Balancer& balancer, const LiveConfig& config,
                const CallObserver& observer)
      : streams_(streams), balancer_(balancer), config_(config), observer_(observer) {}

  grpc::ServerUnaryReactor* LookupStream(grpc::CallbackServerContext* context,
                                         const v1::LookupStreamRequest* request,
                                         v1::LookupStreamResponse* response) override;
  grpc::ServerUnaryReactor* ListStreams(grpc::CallbackServerContext* context,
                                        const v1::ListStreamsRequest* request,
                                        v1::ListStreamsResponse* response) override;

 private:
  absl::StatusOr<v1::LookupStreamResponse> Lookup(const v1::LookupStreamRequest& request) const;
  absl::StatusOr<v1::ListStreamsResponse> List(const v1::ListStreamsRequest& request) const;

  const StreamDirectory& streams_;
  const Balancer& balancer_;
  const LiveConfig& config_;
  const CallObserver& observer_;
};

}  // namespace srsproxy::control
