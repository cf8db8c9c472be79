// One running HeartbeatStream call.
#pragma once

#include <functional>
#include <mutex>

#include <absl/time/time.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "controlplane/services/heartbeats.h"
#include "controlplane/services/serve.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Reads a message, answers it, reads the next: one message is held at a time, so a client that
// does not read its answers is not read any further. Its end, however it comes, ends no lease.
// It reads and writes bytes: gRPC would take a message that cannot be read for the end.
//
// Thread-safe. Its maker keeps it until `done` is called.
class HeartbeatStream final : public grpc::ServerBidiReactor<grpc::ByteBuffer, grpc::ByteBuffer> {
 public:
  // `heartbeats` and `clock` outlive the call. `done` is called when gRPC has let go of the stream.
  HeartbeatStream(ServedCall call, Heartbeats& heartbeats, const Clock& clock,
                  grpc::CallbackServerContext& context, std::function<void(HeartbeatStream*)> done);

  void Start();
  // Ends it with DEADLINE_EXCEEDED and IDLE_STREAM when no message has come for `limit`, or the
  // client has taken no answer for 30 s; when it takes not even that, the call is cancelled. To be
  // called each second or so.
  void EndIfSilent(absl::Duration limit);
  void End(const absl::Status& why);

 private:
  void OnReadDone(bool ok) override;
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // With mutex_ held.
  absl::Status Answer();
  void Finish(const absl::Status& why);

  const ServedCall call_;
  Heartbeats& heartbeats_;
  const Clock& clock_;
  std::function<void(HeartbeatStream*)> done_;

  std::mutex mutex_;  // Guards all below.
  grpc::ByteBuffer request_;
  grpc::ByteBuffer response_;
  grpc::CallbackServerContext* context_;  // Null when gRPC has let go of the call.
  MonotonicTime heard_;
  MonotonicTime said_;    // When the newest answer, or the status, was sent.
  bool writing_ = false;  // It has not been taken.
  bool ended_ = false;    // The status was sent.
};

}  // namespace srsproxy::control
