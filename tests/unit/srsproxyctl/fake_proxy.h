// A gRPC server that answers as srsproxy does, from what a test puts into it: so that every kind of
// answer can be had at will.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <vector>

#include <absl/base/thread_annotations.h>
#include <absl/synchronization/mutex.h>
#include <absl/synchronization/notification.h>
#include <grpcpp/grpcpp.h>

#include "srsproxy/v1/errors.pb.h"
#include "srsproxy/v1/event_service.grpc.pb.h"
#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "srsproxy/v1/rebalance_service.grpc.pb.h"
#include "srsproxy/v1/session_service.grpc.pb.h"
#include "srsproxy/v1/stream_service.grpc.pb.h"

namespace srsproxy::ctl {

// An origin called `server` at `ip`, healthy, heard from at a fixed time.
v1::Origin MakeOrigin(const std::string& server, const std::string& ip);

// `key` on the origin `origin_id`, live, claimed at a fixed time.
v1::Stream MakeStream(const std::string& key, const std::string& origin_id);

// A failure as srsproxy tells it.
grpc::Status MakeFailure(grpc::StatusCode code, const std::string& message,
                         const std::string& reason);

// Listens on a free port of the loopback address while it lives. Set the members before the calls
// that read them.
class FakeProxy : public v1::OriginService::Service,
                  public v1::StreamService::Service,
                  public v1::SessionService::Service,
                  public v1::RebalanceService::Service,
                  public v1::EventService::Service,
                  public v1::ProxyService::Service {
 public:
  static constexpr int kPageSize = 2;  // Small, so that every list has pages.

  explicit FakeProxy(
      std::shared_ptr<grpc::ServerCredentials> credentials = grpc::InsecureServerCredentials());
  ~FakeProxy() override;

  const std::string& endpoint() const { return endpoint_; }

  // What there is.
  std::vector<v1::Origin> origins;
  std::vector<v1::OriginConflict> conflicts;
  std::vector<v1::OriginRefusal> refusals;
  std::vector<v1::Stream> streams;
  std::vector<v1::Pin> pins;
  std::vector<v1::Session> sessions;
  std::vector<v1::Event> events;
  v1::PickExplanation pick;
  v1::Proxy proxy;
  std::vector<std::string> unreachable_proxies;
  v1::RebalancePlan plan;
  std::deque<v1::Rebalance> rebalances;  // Each GetRebalance takes one, the last stays.
  std::vector<v1::SettingValue> settings;
  std::vector<std::string> needs_restart;
  std::deque<v1::DrainProgress> drains;  // Each ListOrigins gives the first origin one; as above.
  std::deque<int64_t> session_counts;    // Each GetProxy takes one; as above.
  std::string deregister_warning;
  bool deregister_leaves = false;

  // One Watch: what it sends, and how it ends. After the last, Watch is denied.
  struct Watching {
    std::vector<v1::WatchResponse> responses;
    grpc::Status end;
  };
  std::deque<Watching> watches;

  // How calls go wrong.
  grpc::Status failure;       // When not OK, calls end so …
  bool failing_page = false;  // … but of lists only those for a later page.
  bool silent = false;        // Calls are not answered before the fake ends.

  // What was received, in order: the call's name, and the request in one line without its
  // request_id.
  std::vector<std::string> calls() const;
  // Those that change something.
  std::vector<std::string> changes() const;
  // The request_id of each call that had one.
  std::vector<std::string> request_ids() const;
  // `authorization` of the last call.
  std::string authorization() const;

  grpc::Status RegisterOrigin(grpc::ServerContext*, const v1::RegisterOriginRequest*,
                              v1::RegisterOriginResponse*) override;
  grpc::Status DeregisterOrigin(grpc::ServerContext*, const v1::DeregisterOriginRequest*,
                                v1::DeregisterOriginResponse*) override;
  grpc::Status GetOrigin(grpc::ServerContext*, const v1::GetOriginRequest*,
                         v1::GetOriginResponse*) override;
  grpc::Status ListOrigins(grpc::ServerContext*, const v1::ListOriginsRequest*,
                           v1::ListOriginsResponse*) override;
  grpc::Status UpdateOrigin(grpc::ServerContext*, const v1::UpdateOriginRequest*,
                            v1::UpdateOriginResponse*) override;
  grpc::Status DrainOrigin(grpc::ServerContext*, const v1::DrainOriginRequest*,
                           v1::DrainOriginResponse*) override;
  grpc::Status LookupStream(grpc::ServerContext*, const v1::LookupStreamRequest*,
                            v1::LookupStreamResponse*) override;
  grpc::Status ListStreams(grpc::ServerContext*, const v1::ListStreamsRequest*,
                           v1::ListStreamsResponse*) override;
  grpc::Status PinStream(grpc::ServerContext*, const v1::PinStreamRequest*,
                         v1::PinStreamResponse*) override;
  grpc::Status UnpinStream(grpc::ServerContext*, const v1::UnpinStreamRequest*,
                           v1::UnpinStreamResponse*) override;
  grpc::Status ListPins(grpc::ServerContext*, const v1::ListPinsRequest*,
                        v1::ListPinsResponse*) override;
  grpc::Status ReleaseStream(grpc::ServerContext*, const v1::ReleaseStreamRequest*,
                             v1::ReleaseStreamResponse*) override;
  grpc::Status MoveStream(grpc::ServerContext*, const v1::MoveStreamRequest*,
                          v1::MoveStreamResponse*) override;
  grpc::Status ListSessions(grpc::ServerContext*, const v1::ListSessionsRequest*,
                            v1::ListSessionsResponse*) override;
  grpc::Status KickSessions(grpc::ServerContext*, const v1::KickSessionsRequest*,
                            v1::KickSessionsResponse*) override;
  grpc::Status PlanRebalance(grpc::ServerContext*, const v1::PlanRebalanceRequest*,
                             v1::PlanRebalanceResponse*) override;
  grpc::Status ApplyRebalance(grpc::ServerContext*, const v1::ApplyRebalanceRequest*,
                              v1::ApplyRebalanceResponse*) override;
  grpc::Status GetRebalance(grpc::ServerContext*, const v1::GetRebalanceRequest*,
                            v1::GetRebalanceResponse*) override;
  grpc::Status CancelRebalance(grpc::ServerContext*, const v1::CancelRebalanceRequest*,
                               v1::CancelRebalanceResponse*) override;
  grpc::Status Watch(grpc::ServerContext*, const v1::WatchRequest*,
                     grpc::ServerWriter<v1::WatchResponse>*) override;
  grpc::Status ListEvents(grpc::ServerContext*, const v1::ListEventsRequest*,
                          v1::ListEventsResponse*) override;
  grpc::Status GetProxy(grpc::ServerContext*, const v1::GetProxyRequest*,
                        v1::GetProxyResponse*) override;
  grpc::Status ListProxies(grpc::ServerContext*, const v1::ListProxiesRequest*,
                           v1::ListProxiesResponse*) override;
  grpc::Status DrainProxy(grpc::ServerContext*, const v1::DrainProxyRequest*,
                          v1::DrainProxyResponse*) override;
  grpc::Status GetConfig(grpc::ServerContext*, const v1::GetConfigRequest*,
                         v1::GetConfigResponse*) override;
  grpc::Status UpdateConfig(grpc::ServerContext*, const v1::UpdateConfigRequest*,
                            v1::UpdateConfigResponse*) override;
  grpc::Status ReloadConfig(grpc::ServerContext*, const v1::ReloadConfigRequest*,
                            v1::ReloadConfigResponse*) override;

 private:
  // Notes a call; its failure, when it shall fail.
  grpc::Status Begin(const grpc::ServerContext& context, const std::string& call,
                     const google::protobuf::Message& request);
  std::vector<v1::Stream> Named(const std::string& stream) const;

  std::string endpoint_;
  absl::Notification ending_;
  mutable absl::Mutex mutex_;
  std::vector<std::string> calls_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::string> request_ids_ ABSL_GUARDED_BY(mutex_);
  std::string authorization_ ABSL_GUARDED_BY(mutex_);
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace srsproxy::ctl
