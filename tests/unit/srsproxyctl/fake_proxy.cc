#include "tests/unit/srsproxyctl/fake_proxy.h"

#include <algorithm>
#include <utility>

namespace srsproxy::ctl {
namespace {

constexpr int64_t kFixedTime = 1'767'323'045;  // 2026-01-02T03:04:05Z

// Copies the page that `token` names from `all` to `page`; returns the token of the next.
template <typename Message>
std::string CopyPage(const std::vector<Message>& all, const std::string& token,
                     google::protobuf::RepeatedPtrField<Message>* page) {
  const size_t begin = token.empty() ? 0 : std::stoul(token);
  const size_t end = std::min(all.size(), begin + FakeProxy::kPageSize);
  page->Assign(all.begin() + begin, all.begin() + end);
  return end < all.size() ? std::to_string(end) : "";
}

// The first of several answers, which goes, unless it is the last.
template <typename Value>
Value Take(std::deque<Value>& values) {
  Value value = values.front();
  if (values.size() > 1) values.pop_front();
  return value;
}

grpc::Status WithDetails(grpc::StatusCode code, const std::string& message,
                         const v1::ErrorInfo& info) {
  v1::Status details;
  details.set_code(code);
  details.set_message(message);
  google::protobuf::Any& detail = *details.add_details();
  detail.set_type_url("type.googleapis.com/google.rpc.ErrorInfo");
  detail.set_value(info.SerializeAsString());
  return grpc::Status(code, message, details.SerializeAsString());
}

}  // namespace

v1::Origin MakeOrigin(const std::string& server, const std::string& ip) {
  v1::Origin origin;
  origin.set_id(server + "-run1-100");
  origin.set_generation(1);
  v1::OriginRegistration& registration = *origin.mutable_registration();
  registration.set_ip(ip);
  registration.set_server(server);
  registration.set_service("run1");
  registration.set_pid("100");
  registration.add_rtmp("tcp://1935");
  origin.set_health(v1::ORIGIN_HEALTH_HEALTHY);
  origin.set_admin_state(v1::ADMIN_STATE_ACTIVE);
  origin.set_weight(1);
  origin.mutable_register_time()->set_seconds(kFixedTime - 3600);
  origin.mutable_heartbeat_time()->set_seconds(kFixedTime);
  return origin;
}

v1::Stream MakeStream(const std::string& key, const std::string& origin_id) {
  v1::Stream stream;
  stream.set_key(key);
  stream.set_origin_id(origin_id);
  stream.set_version(1);
  stream.set_publisher_live(true);
  stream.set_publishers(1);
  stream.mutable_claim_time()->set_seconds(kFixedTime);
  return stream;
}

grpc::Status MakeFailure(grpc::StatusCode code, const std::string& message,
                         const std::string& reason) {
  v1::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("srsproxy");
  return WithDetails(code, message, info);
}

FakeProxy::FakeProxy(std::shared_ptr<grpc::ServerCredentials> credentials) {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", std::move(credentials), &port);
  builder.RegisterService(static_cast<v1::OriginService::Service*>(this));
  builder.RegisterService(static_cast<v1::StreamService::Service*>(this));
  builder.RegisterService(static_cast<v1::SessionService::Service*>(this));
  builder.RegisterService(static_cast<v1::RebalanceService::Service*>(this));
  builder.RegisterService(static_cast<v1::EventService::Service*>(this));
  builder.RegisterService(static_cast<v1::ProxyService::Service*>(this));
  server_ = builder.BuildAndStart();
  endpoint_ = "127.0.0.1:" + std::to_string(port);
}

FakeProxy::~FakeProxy() {
  ending_.Notify();
  server_->Shutdown();
  server_->Wait();
}

std::vector<std::string> FakeProxy::calls() const {
  absl::MutexLock lock(&mutex_);
  return calls_;
}

std::vector<std::string> FakeProxy::changes() const {
  std::vector<std::string> changes = calls();
  const auto reads = [](const std::string& call) {
    return call.starts_with("Get") || call.starts_with("List") || call.starts_with("Lookup") ||
           call.starts_with("Plan") || call.starts_with("Watch");
  };
  std::erase_if(changes, reads);
  return changes;
}

std::vector<std::string> FakeProxy::request_ids() const {
  absl::MutexLock lock(&mutex_);
  return request_ids_;
}

std::string FakeProxy::authorization() const {
  absl::MutexLock lock(&mutex_);
  return authorization_;
}

grpc::Status FakeProxy::Begin(const grpc::ServerContext& context, const std::string& call,
                              const google::protobuf::Message& request) {
  std::unique_ptr<google::protobuf::Message> shown(request.New());
  shown->CopyFrom(request);
  const auto* id = shown->GetDescriptor()->FindFieldByName("request_id");
  {
    absl::MutexLock lock(&mutex_);
    if (id != nullptr) {
      request_ids_.push_back(shown->GetReflection()->GetString(*shown, id));
      shown->GetReflection()->ClearField(shown.get(), id);
    }
    const std::string text = shown->ShortDebugString();
    calls_.push_back(call + (text.empty() ? "" : " " + text));
    const auto found = context.client_metadata().find("authorization");
    authorization_ = found == context.client_metadata().end()
                         ? ""
                         : std::string(found->second.data(), found->second.size());
  }
  if (silent) ending_.WaitForNotification();
  const bool first_page = request.ShortDebugString().find("page_token") == std::string::npos;
  return failing_page && first_page ? grpc::Status::OK : failure;
}

std::vector<v1::Stream> FakeProxy::Named(const std::string& stream) const {
  std::vector<v1::Stream> named;
  for (const v1::Stream& known : streams) {
    if (known.key().ends_with("/" + stream)) named.push_back(known);
  }
  if (named.empty()) named.push_back(MakeStream("__defaultVhost__/" + stream, ""));
  return named;
}

grpc::Status FakeProxy::RegisterOrigin(grpc::ServerContext* context,
                                       const v1::RegisterOriginRequest* request,
                                       v1::RegisterOriginResponse* response) {
  if (auto begun = Begin(*context, "RegisterOrigin", *request); !begun.ok()) return begun;
  if (request->validate_only()) return grpc::Status::OK;
  const v1::OriginRegistration& registration = request->registration();
  *response->mutable_origin() = MakeOrigin(registration.server(), registration.ip());
  response->set_lease_id("the-secret-lease");
  response->mutable_ttl()->set_seconds(300);
  if (!origins.empty()) response->add_superseded_origin_ids(origins.front().id());
  return grpc::Status::OK;
}

grpc::Status FakeProxy::DeregisterOrigin(grpc::ServerContext* context,
                                         const v1::DeregisterOriginRequest* request,
                                         v1::DeregisterOriginResponse* response) {
  if (auto begun = Begin(*context, "DeregisterOrigin", *request); !begun.ok()) return begun;
  response->set_origin_id(request->origin_id());
  response->set_warning(deregister_warning);
  response->set_leaving(deregister_leaves && !request->kick());
  response->set_sessions_ended(request->kick() ? 3 : 0);
  return grpc::Status::OK;
}

// The origin whose id or device_id begins so.
grpc::Status FakeProxy::GetOrigin(grpc::ServerContext* context, const v1::GetOriginRequest* request,
                                  v1::GetOriginResponse* response) {
  if (auto begun = Begin(*context, "GetOrigin", *request); !begun.ok()) return begun;
  std::string ids;
  for (const v1::Origin& origin : origins) {
    if (!origin.id().starts_with(request->origin()) &&
        !origin.registration().device_id().starts_with(request->origin())) {
      continue;
    }
    if (!response->has_origin()) *response->mutable_origin() = origin;
    ids += (ids.empty() ? "" : ", ") + origin.id();
  }
  if (!response->has_origin()) {
    return MakeFailure(grpc::StatusCode::NOT_FOUND, "no origin is '" + request->origin() + "'",
                       "ORIGIN_NOT_FOUND");
  }
  if (ids == response->origin().id()) return grpc::Status::OK;
  v1::ErrorInfo info;
  info.set_reason("AMBIGUOUS_ORIGIN");
  (*info.mutable_metadata())["origin"] = request->origin();
  (*info.mutable_metadata())["candidates"] = ids;
  return WithDetails(grpc::StatusCode::FAILED_PRECONDITION, "it may be any of them", info);
}

grpc::Status FakeProxy::ListOrigins(grpc::ServerContext* context,
                                    const v1::ListOriginsRequest* request,
                                    v1::ListOriginsResponse* response) {
  if (auto begun = Begin(*context, "ListOrigins", *request); !begun.ok()) return begun;
  if (request->page_token().empty()) {
    response->mutable_conflicts()->Assign(conflicts.begin(), conflicts.end());
    response->mutable_refusals()->Assign(refusals.begin(), refusals.end());
    if (!drains.empty()) *origins.front().mutable_drain() = Take(drains);
  }
  response->set_next_page_token(
      CopyPage(origins, request->page_token(), response->mutable_origins()));
  return grpc::Status::OK;
}

grpc::Status FakeProxy::UpdateOrigin(grpc::ServerContext* context,
                                     const v1::UpdateOriginRequest* request,
                                     v1::UpdateOriginResponse* response) {
  if (auto begun = Begin(*context, "UpdateOrigin", *request); !begun.ok()) return begun;
  response->set_server(request->origin());
  *response->mutable_settings() = request->settings();
  response->mutable_origins()->Assign(origins.begin(), origins.begin() + 1);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::DrainOrigin(grpc::ServerContext* context,
                                    const v1::DrainOriginRequest* request,
                                    v1::DrainOriginResponse* response) {
  if (auto begun = Begin(*context, "DrainOrigin", *request); !begun.ok()) return begun;
  response->set_server(request->origin());
  response->mutable_progress()->set_streams_left(3);
  response->mutable_progress()->set_publishers_left(2);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::LookupStream(grpc::ServerContext* context,
                                     const v1::LookupStreamRequest* request,
                                     v1::LookupStreamResponse* response) {
  if (auto begun = Begin(*context, "LookupStream", *request); !begun.ok()) return begun;
  const bool is_key = request->stream().find('/') != request->stream().rfind('/');
  response->set_key((is_key ? "" : "__defaultVhost__/") + request->stream());
  for (v1::Stream& stream : streams) {
    if (stream.key() != response->key()) continue;
    *response->mutable_stream() = stream;
    if (stream.has_pending_move()) {  // Done when it is looked at again.
      stream.set_origin_id(stream.pending_move().origin_id());
      stream.clear_pending_move();
    }
  }
  *response->mutable_pick() = pick;
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ListStreams(grpc::ServerContext* context,
                                    const v1::ListStreamsRequest* request,
                                    v1::ListStreamsResponse* response) {
  if (auto begun = Begin(*context, "ListStreams", *request); !begun.ok()) return begun;
  std::vector<v1::Stream> matching;
  for (const v1::Stream& stream : streams) {
    if (request->origin_id().empty() || stream.origin_id() == request->origin_id()) {
      matching.push_back(stream);
    }
  }
  response->set_next_page_token(
      CopyPage(matching, request->page_token(), response->mutable_streams()));
  return grpc::Status::OK;
}

grpc::Status FakeProxy::PinStream(grpc::ServerContext* context, const v1::PinStreamRequest* request,
                                  v1::PinStreamResponse* response) {
  if (auto begun = Begin(*context, "PinStream", *request); !begun.ok()) return begun;
  response->mutable_pin()->set_key("__defaultVhost__/" + request->stream());
  response->mutable_pin()->set_server(request->origin());
  return grpc::Status::OK;
}

grpc::Status FakeProxy::UnpinStream(grpc::ServerContext* context,
                                    const v1::UnpinStreamRequest* request,
                                    v1::UnpinStreamResponse* response) {
  if (auto begun = Begin(*context, "UnpinStream", *request); !begun.ok()) return begun;
  *response->mutable_pin() = pins.front();
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ListPins(grpc::ServerContext* context, const v1::ListPinsRequest* request,
                                 v1::ListPinsResponse* response) {
  if (auto begun = Begin(*context, "ListPins", *request); !begun.ok()) return begun;
  response->set_next_page_token(CopyPage(pins, request->page_token(), response->mutable_pins()));
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ReleaseStream(grpc::ServerContext* context,
                                      const v1::ReleaseStreamRequest* request,
                                      v1::ReleaseStreamResponse* response) {
  if (auto begun = Begin(*context, "ReleaseStream", *request); !begun.ok()) return begun;
  *response->mutable_stream() = Named(request->stream()).front();
  return grpc::Status::OK;
}

grpc::Status FakeProxy::MoveStream(grpc::ServerContext* context,
                                   const v1::MoveStreamRequest* request,
                                   v1::MoveStreamResponse* response) {
  if (auto begun = Begin(*context, "MoveStream", *request); !begun.ok()) return begun;
  *response->mutable_stream() = Named(request->stream()).front();
  response->set_sessions_to_end(request->kick() ? 4 : 0);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ListSessions(grpc::ServerContext* context,
                                     const v1::ListSessionsRequest* request,
                                     v1::ListSessionsResponse* response) {
  if (auto begun = Begin(*context, "ListSessions", *request); !begun.ok()) return begun;
  response->set_next_page_token(
      CopyPage(sessions, request->page_token(), response->mutable_sessions()));
  return grpc::Status::OK;
}

grpc::Status FakeProxy::KickSessions(grpc::ServerContext* context,
                                     const v1::KickSessionsRequest* request,
                                     v1::KickSessionsResponse* response) {
  if (auto begun = Begin(*context, "KickSessions", *request); !begun.ok()) return begun;
  const auto count = std::min<size_t>({sessions.size(), static_cast<size_t>(kPageSize),
                                       static_cast<size_t>(request->max_sessions())});
  response->mutable_sessions()->Assign(sessions.begin(), sessions.begin() + count);
  response->set_more(count < sessions.size());
  if (!request->validate_only()) sessions.erase(sessions.begin(), sessions.begin() + count);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::PlanRebalance(grpc::ServerContext* context,
                                      const v1::PlanRebalanceRequest* request,
                                      v1::PlanRebalanceResponse* response) {
  if (auto begun = Begin(*context, "PlanRebalance", *request); !begun.ok()) return begun;
  *response->mutable_plan() = plan;
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ApplyRebalance(grpc::ServerContext* context,
                                       const v1::ApplyRebalanceRequest* request,
                                       v1::ApplyRebalanceResponse* response) {
  if (auto begun = Begin(*context, "ApplyRebalance", *request); !begun.ok()) return begun;
  if (request->validate_only()) return grpc::Status::OK;
  v1::Rebalance& rebalance = *response->mutable_rebalance();
  rebalance.set_id(request->plan_id());
  rebalance.set_state(v1::REBALANCE_STATE_RUNNING);
  rebalance.set_moves_total(2);
  rebalance.mutable_start_time()->set_seconds(kFixedTime);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::GetRebalance(grpc::ServerContext* context,
                                     const v1::GetRebalanceRequest* request,
                                     v1::GetRebalanceResponse* response) {
  if (auto begun = Begin(*context, "GetRebalance", *request); !begun.ok()) return begun;
  *response->mutable_rebalance() = Take(rebalances);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::CancelRebalance(grpc::ServerContext* context,
                                        const v1::CancelRebalanceRequest* request,
                                        v1::CancelRebalanceResponse* response) {
  if (auto begun = Begin(*context, "CancelRebalance", *request); !begun.ok()) return begun;
  *response->mutable_rebalance() = rebalances.back();
  return grpc::Status::OK;
}

grpc::Status FakeProxy::Watch(grpc::ServerContext* context, const v1::WatchRequest* request,
                              grpc::ServerWriter<v1::WatchResponse>* writer) {
  if (auto begun = Begin(*context, "Watch", *request); !begun.ok()) return begun;
  if (watches.empty()) {
    return MakeFailure(grpc::StatusCode::PERMISSION_DENIED, "the end", "ROLE_DENIED");
  }
  const Watching watching = watches.front();
  watches.pop_front();
  for (const v1::WatchResponse& response : watching.responses) writer->Write(response);
  return watching.end;
}

grpc::Status FakeProxy::ListEvents(grpc::ServerContext* context,
                                   const v1::ListEventsRequest* request,
                                   v1::ListEventsResponse* response) {
  if (auto begun = Begin(*context, "ListEvents", *request); !begun.ok()) return begun;
  response->set_next_page_token(
      CopyPage(events, request->page_token(), response->mutable_events()));
  return grpc::Status::OK;
}

grpc::Status FakeProxy::GetProxy(grpc::ServerContext* context, const v1::GetProxyRequest* request,
                                 v1::GetProxyResponse* response) {
  if (auto begun = Begin(*context, "GetProxy", *request); !begun.ok()) return begun;
  if (!session_counts.empty()) proxy.set_sessions(Take(session_counts));
  *response->mutable_proxy() = proxy;
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ListProxies(grpc::ServerContext* context,
                                    const v1::ListProxiesRequest* request,
                                    v1::ListProxiesResponse* response) {
  if (auto begun = Begin(*context, "ListProxies", *request); !begun.ok()) return begun;
  *response->add_proxies() = proxy;
  response->mutable_unreachable_proxy_ids()->Assign(unreachable_proxies.begin(),
                                                    unreachable_proxies.end());
  // The next look finds that this much has happened.
  proxy.set_sessions_begun(proxy.sessions_begun() + 3);
  proxy.set_bytes_in(proxy.bytes_in() + 250'000);
  proxy.set_bytes_out(proxy.bytes_out() + 125'000'000);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::DrainProxy(grpc::ServerContext* context,
                                   const v1::DrainProxyRequest* request,
                                   v1::DrainProxyResponse* response) {
  if (auto begun = Begin(*context, "DrainProxy", *request); !begun.ok()) return begun;
  *response->mutable_proxy() = proxy;
  return grpc::Status::OK;
}

grpc::Status FakeProxy::GetConfig(grpc::ServerContext* context, const v1::GetConfigRequest* request,
                                  v1::GetConfigResponse* response) {
  if (auto begun = Begin(*context, "GetConfig", *request); !begun.ok()) return begun;
  response->mutable_values()->Assign(settings.begin(), settings.end());
  return grpc::Status::OK;
}

grpc::Status FakeProxy::UpdateConfig(grpc::ServerContext* context,
                                     const v1::UpdateConfigRequest* request,
                                     v1::UpdateConfigResponse* response) {
  if (auto begun = Begin(*context, "UpdateConfig", *request); !begun.ok()) return begun;
  response->mutable_changed()->Assign(settings.begin(), settings.begin() + 1);
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ReloadConfig(grpc::ServerContext* context,
                                     const v1::ReloadConfigRequest* request,
                                     v1::ReloadConfigResponse* response) {
  if (auto begun = Begin(*context, "ReloadConfig", *request); !begun.ok()) return begun;
  response->mutable_needs_restart()->Assign(needs_restart.begin(), needs_restart.end());
  return grpc::Status::OK;
}

}  // namespace srsproxy::ctl
