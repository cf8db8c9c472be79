// StreamChanges: what operators change about where streams are, for StreamService.
#pragma once

#include <string_view>

#include "controlplane/access/call_context.h"
#include "controlplane/services/serve.h"
#include "dataplane/balance/origin_registry.h"
#include "dataplane/core/live_config.h"
#include "dataplane/core/session_control.h"
#include "dataplane/core/stream_directory.h"
#include "srsproxy/v1/stream_service.pb.h"

namespace srsproxy::control {

// Thread-safe. Requests and call contexts outlive their answers.
class StreamChanges {
 public:
  // All outlive it.
  struct Needs {
    StreamDirectory& streams;
    const OriginRegistry& origins;
    SessionControl& sessions;
    const LiveConfig& config;
    const CallObserver& observer;
  };

  explicit StreamChanges(const Needs& needs)
      : streams_(needs.streams),
        origins_(needs.origins),
        sessions_(needs.sessions),
        config_(needs.config),
        observer_(needs.observer) {}

  void Pin(const v1::PinStreamRequest& request, const CallContext& call,
           Done<v1::PinStreamResponse> done);
  void Unpin(const v1::UnpinStreamRequest& request, const CallContext& call,
             Done<v1::UnpinStreamResponse> done);
  // With `force`, the sessions that use the stream are ended before `done` is called.
  void Release(const v1::ReleaseStreamRequest& request, const CallContext& call,
               Done<v1::ReleaseStreamResponse> done);
  void Move(const v1::MoveStreamRequest& request, const CallContext& call,
            Done<v1::MoveStreamResponse> done);

 private:
  // NOT_FOUND with STREAM_NOT_FOUND.
  absl::StatusOr<StreamMapping> MappingOf(const StreamKey& key) const;
  absl::StatusOr<MoveRequest> MoveRequestOf(const v1::MoveStreamRequest& request,
                                            const StreamMapping& mapping) const;
  void LogChange(std::string_view what, const StreamKey& key, std::string_view origin,
                 const CallContext& call) const;

  StreamDirectory& streams_;
  const OriginRegistry& origins_;
  SessionControl& sessions_;
  const LiveConfig& config_;
  const CallObserver& observer_;
};

}  // namespace srsproxy::control
