#include "controlplane/services/event_service.h"

#include <utility>

#include <grpcpp/impl/codegen/proto_utils.h>

#include "controlplane/call_status.h"
#include "controlplane/services/watch_token.h"

namespace srsproxy::control {
namespace {

constexpr char kWatch[] = "srsproxy.v1.EventService/Watch";
constexpr absl::Duration kTick = absl::Seconds(1);
constexpr auto kNotifyPause = std::chrono::milliseconds(50);

absl::Status Stopping() {
  return CallError(absl::StatusCode::kUnavailable, v1::ERROR_REASON_UNAVAILABLE,
                   "this proxy stops; watch again, here or at another proxy");
}

// Ends a call that has not become a watch.
class RefusedWatch final : public grpc::ServerWriteReactor<grpc::ByteBuffer> {
 public:
  explicit RefusedWatch(const grpc::Status& why) { Finish(why); }
  void OnDone() override { delete this; }
};

}  // namespace

EventService::EventService(const EventLog& log, const OriginRegistry& origins,
                           const StreamView& streams, const LiveConfig& config,
                           const CallObserver& observer, size_t max_watches)
    : log_(log),
      config_(config),
      observer_(observer),
      max_watches_(max_watches),
      encoder_(config.Get()->id),
      sources_{log, origins, streams, encoder_},
      recent_(log, origins, encoder_),
      news_([this](const std::stop_token& stop) { NotifyWatches(stop); }) {}

EventService::~EventService() { Stop(); }

void EventService::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
  }
  news_.request_stop();
  for (const auto& stream : Running()) stream->End(Stopping());
}

grpc::ServerWriteReactor<grpc::ByteBuffer>* EventService::Watch(
    grpc::CallbackServerContext* context, const grpc::ByteBuffer* request) {
  v1::WatchRequest wanted;
  grpc::ByteBuffer bytes(*request);
  const auto read = grpc::SerializationTraits<v1::WatchRequest>::Deserialize(&bytes, &wanted);
  const ServedCall call(observer_, kWatch, *context, &wanted);
  const auto refuse = [&call](const absl::Status& why) { return new RefusedWatch(call.End(why)); };
  if (!call.admitted().ok()) return refuse(call.admitted());
  if (!read.ok()) return refuse(InvalidField("request", "is no WatchRequest"));
  auto feed = Open(wanted);
  if (!feed.ok()) return refuse(feed.status());
  const auto stream = Begin(call, *std::move(feed), *context);
  if (!stream.ok()) return refuse(stream.status());
  return *stream;
}

grpc::ServerUnaryReactor* EventService::ListEvents(grpc::CallbackServerContext* context,
                                                   const v1::ListEventsRequest* request,
                                                   v1::ListEventsResponse* response) {
  return Serve(observer_, "srsproxy.v1.EventService/ListEvents", context, request, response,
               [this](const auto& wanted, const CallContext&) {
                 return recent_.List(wanted, config_.Get()->vhosts);
               });
}

absl::StatusOr<WatchFeed> EventService::Open(const v1::WatchRequest& request) {
  auto filter = EventFilter::Of(request, config_.Get()->vhosts);
  if (!filter.ok()) return filter.status();
  if (request.resume_token().empty()) return WatchFeed(sources_, *std::move(filter), std::nullopt);

  const auto position = ParseWatchToken(request.resume_token());
  if (!position.ok()) return position.status();
  if (position->proxy_id != encoder_.proxy_id() || position->epoch != log_.epoch()) {
    return CallError(absl::StatusCode::kOutOfRange, v1::ERROR_REASON_WATCH_COMPACTED,
                     "the token is of another proxy, or of this one before it was restarted; "
                     "watch without a token");
  }
  if (position->sequence > log_.last_sequence()) {
    return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_WATCH_TOKEN,
                     "resume_token: this proxy has not come that far; watch without a token");
  }
  return WatchFeed(sources_, *std::move(filter), position->sequence);
}

absl::StatusOr<WatchStream*> EventService::Begin(const ServedCall& call, WatchFeed feed,
                                                 grpc::CallbackServerContext& context) {
  std::shared_ptr<WatchStream> stream;
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return Stopping();
    if (streams_.size() >= max_watches_) {
      return CallError(absl::StatusCode::kResourceExhausted, v1::ERROR_REASON_LIMIT_REACHED,
                       std::to_string(max_watches_) + " watch this proxy already; end one");
    }
    stream = std::make_shared<WatchStream>(call, std::move(feed), observer_.clock, context,
                                           [this](WatchStream* ended) { Forget(ended); });
    streams_.emplace(stream.get(), stream);
    observer_.metrics.watch_streams.Set(streams_.size());
  }
  stream->Start();
  return stream.get();
}

void EventService::Forget(WatchStream* stream) {
  std::shared_ptr<WatchStream> last;  // Destroyed without the lock.
  const std::lock_guard lock(mutex_);
  const auto at = streams_.find(stream);
  last = std::move(at->second);
  streams_.erase(at);
  observer_.metrics.watch_streams.Set(streams_.size());
}

std::vector<std::shared_ptr<WatchStream>> EventService::Running() const {
  std::vector<std::shared_ptr<WatchStream>> running;
  const std::lock_guard lock(mutex_);
  running.reserve(streams_.size());
  for (const auto& [key, stream] : streams_) running.push_back(stream);
  return running;
}

void EventService::NotifyWatches(const std::stop_token& stop) {
  uint64_t notified = 0;
  while (!stop.stop_requested()) {
    const bool news = log_.WaitAfter(notified, kTick, stop);
    if (news) notified = log_.last_sequence();
    for (const auto& stream : Running()) stream->Poke(news);
    std::unique_lock lock(mutex_);
    if (news) pause_.wait_for(lock, stop, kNotifyPause, [] { return false; });
  }
}

}  // namespace srsproxy::control
