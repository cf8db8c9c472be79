// srsproxy.v1.StreamService over the stream directory and the balancer.
#pragma once

#include "controlplane/services/serve.h"
#include "controlplane/services/stream_changes.h"
#include "dataplane/balance/misplaced_streams.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/balancer.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_directory.h"
#include "srsproxy/v1/stream_service.grpc.pb.h"

namespace srsproxy::control {

// Thread-safe.
class StreamService final : public v1::StreamService::CallbackService {
 public:
  // The referred objects outlive the service.
  struct Dependencies {
    StreamDirectory& streams;
    const OriginRegistry& origins;
    const Balancer& balancer;
    const MisplacedStreams& misplaced;
    SessionControl& sessions;
    const LiveConfig& config;
  };

  StreamService(const Dependencies& dependencies, const CallObserver& observer)
      : streams_(dependencies.streams),
        balancer_(dependencies.balancer),
        misplaced_(dependencies.misplaced),
        config_(dependencies.config),
        observer_(observer),
        changes_({.streams = dependencies.streams,
                  .origins = dependencies.origins,
                  .sessions = dependencies.sessions,
                  .config = dependencies.config,
                  .observer = observer}) {}

  grpc::ServerUnaryReactor* LookupStream(grpc::CallbackServerContext* context,
                                         const v1::LookupStreamRequest* request,
                                         v1::LookupStreamResponse* response) override;
  grpc::ServerUnaryReactor* ListStreams(grpc::CallbackServerContext* context,
                                        const v1::ListStreamsRequest* request,
                                        v1::ListStreamsResponse* response) override;
  grpc::ServerUnaryReactor* PinStream(grpc::CallbackServerContext* context,
                                      const v1::PinStreamRequest* request,
                                      v1::PinStreamResponse* response) override;
  grpc::ServerUnaryReactor* UnpinStream(grpc::CallbackServerContext* context,
                                        const v1::UnpinStreamRequest* request,
                                        v1::UnpinStreamResponse* response) override;
  grpc::ServerUnaryReactor* ListPins(grpc::CallbackServerContext* context,
                                     const v1::ListPinsRequest* request,
                                     v1::ListPinsResponse* response) override;
  grpc::ServerUnaryReactor* ReleaseStream(grpc::CallbackServerContext* context,
                                          const v1::ReleaseStreamRequest* request,
                                          v1::ReleaseStreamResponse* response) override;
  grpc::ServerUnaryReactor* MoveStream(grpc::CallbackServerContext* context,
                                       const v1::MoveStreamRequest* request,
                                       v1::MoveStreamResponse* response) override;

 private:
  absl::StatusOr<v1::LookupStreamResponse> Lookup(const v1::LookupStreamRequest& request) const;
  absl::StatusOr<v1::ListStreamsResponse> List(const v1::ListStreamsRequest& request) const;
  absl::StatusOr<v1::ListPinsResponse> Pins(const v1::ListPinsRequest& request) const;

  const StreamView& streams_;
  const Balancer& balancer_;
  const MisplacedStreams& misplaced_;
  const LiveConfig& config_;
  const CallObserver& observer_;
  StreamChanges changes_;
};

}  // namespace srsproxy::control
