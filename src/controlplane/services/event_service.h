// srsproxy.v1.EventService over the event log, the registry and the stream directory.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include <absl/container/flat_hash_map.h>
#include <absl/time/time.h>

#include "controlplane/services/event_encoder.h"
#include "controlplane/services/recent_events.h"
#include "controlplane/services/serve.h"
#include "controlplane/services/watch_feed.h"
#include "controlplane/services/watch_stream.h"
#include "dataplane/core/live_config.h"
#include "srsproxy/v1/event_service.grpc.pb.h"

namespace srsproxy::control {

// Watch answers by bytes: what many watch is serialized once.
using EventServiceBase = v1::EventService::WithRawCallbackMethod_Watch<
    v1::EventService::WithCallbackMethod_ListEvents<v1::EventService::Service>>;

// Thread-safe. What it is given outlives it. A thread of its own notifies all watches of
// new events, at most 20 times a second: what happens meanwhile is sent together.
//
// A snapshot of 1,000,000 streams that is read over minutes does not have to fit between two
// overruns of the log: see WatchFeed.
class EventService final : public EventServiceBase {
 public:
  static constexpr size_t kMaxWatches = 2'000;

  EventService(const EventLog& log, const OriginRegistry& origins, const StreamView& streams,
               const LiveConfig& config, const CallObserver& observer,
               size_t max_watches = kMaxWatches);
  ~EventService() override;

  // Ends every watch with UNAVAILABLE and refuses new ones. Call it before the gRPC server's
  // Shutdown, which waits for what runs.
  void Stop();

  grpc::ServerWriteReactor<grpc::ByteBuffer>* Watch(grpc::CallbackServerContext* context,
                                                    const grpc::ByteBuffer* request) override;
  grpc::ServerUnaryReactor* ListEvents(grpc::CallbackServerContext* context,
                                       const v1::ListEventsRequest* request,
                                       v1::ListEventsResponse* response) override;

 private:
  using Streams = absl::flat_hash_map<WatchStream*, std::shared_ptr<WatchStream>>;

  absl::StatusOr<WatchFeed> Open(const v1::WatchRequest& request);
  // RESOURCE_EXHAUSTED with LIMIT_REACHED; UNAVAILABLE after Stop.
  absl::StatusOr<WatchStream*> Begin(const ServedCall& call, WatchFeed feed,
                                     grpc::CallbackServerContext& context);
  void Forget(WatchStream* stream);
  std::vector<std::shared_ptr<WatchStream>> Running() const;
  void NotifyWatches(const std::stop_token& stop);

  const EventLog& log_;
  const LiveConfig& config_;
  const CallObserver& observer_;
  const size_t max_watches_;
  EventEncoder encoder_;
  const WatchSources sources_;
  const RecentEvents recent_;

  mutable std::mutex mutex_;  // Guards all below.
  std::condition_variable_any pause_;
  bool stopped_ = false;
  Streams streams_;

  std::jthread news_;  // Last: it uses the others.
};

}  // namespace srsproxy::control
