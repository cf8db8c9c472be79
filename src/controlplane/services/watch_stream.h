// One running Watch call.
#pragma once

#include <functional>
#include <mutex>

#include <grpcpp/server_context.h>
#include <grpcpp/support/byte_buffer.h>
#include <grpcpp/support/server_callback.h>

#include "controlplane/services/serve.h"
#include "controlplane/services/watch_feed.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Writes what its feed returns, one message at a time, so a reader that is slow or never reads
// holds one message and nothing else. A message that is not taken for 30 s ends the watch with
// WATCH_COMPACTED and the token to go on from; an empty message each 10 s finds the dead.
//
// Thread-safe. Its maker keeps it until `done` is called.
class WatchStream final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  // `clock` and `context` outlive the call. `done` is called when gRPC has let go of the stream.
  WatchStream(ServedCall call, WatchFeed feed, const Clock& clock,
              grpc::CallbackServerContext& context, std::function<void(WatchStream*)> done);

  void Start();
  // Once a second, and when there are new events (`news`).
  void Poke(bool news);
  void End(const absl::Status& why);

 private:
  void OnWriteDone(bool ok) override;
  void OnCancel() override;
  void OnDone() override;

  // With mutex_ held.
  // `anyway`: also when there is nothing to send.
  void WriteNext(bool anyway);
  void Finish(const absl::Status& why);

  const ServedCall call_;
  const Clock& clock_;
  std::function<void(WatchStream*)> done_;

  std::mutex mutex_;                      // Guards all below.
  grpc::CallbackServerContext* context_;  // Null once gRPC has let go.
  WatchFeed feed_;
  grpc::ByteBuffer message_;  // Being written.
  bool writing_ = false;
  bool more_ = false;    // The feed has more for when the message is written.
  bool ended_ = false;   // The status was sent.
  MonotonicTime acted_;  // When the last write or the end began.
};

}  // namespace srsproxy::control
