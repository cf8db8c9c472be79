#include "tests/unit/srsproxyctl/fake_proxy.h"

#include <algorithm>

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

FakeProxy::FakeProxy() {
  int port = 0;
  grpc::ServerBuilder builder;
  builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port);
  builder.RegisterService(static_cast<v1::OriginService::Service*>(this));
  builder.RegisterService(static_cast<v1::StreamService::Service*>(this));
  builder.RegisterService(static_cast<v1::ProxyService::Service*>(this));
  server_ = builder.BuildAndStart();
  endpoint_ = "127.0.0.1:" + std::to_string(port);
}

FakeProxy::~FakeProxy() {
  ending_.Notify();
  server_->Shutdown();
  server_->Wait();
}

grpc::Status FakeProxy::Begin() {
  if (silent) ending_.WaitForNotification();
  return failure;
}

grpc::Status FakeProxy::RegisterOrigin(grpc::ServerContext*,
                                       const v1::RegisterOriginRequest* request,
                                       v1::RegisterOriginResponse* response) {
  registered.push_back(*request);
  if (grpc::Status begun = Begin(); !begun.ok()) return begun;
  if (request->validate_only()) return grpc::Status::OK;
  const v1::OriginRegistration& registration = request->registration();
  *response->mutable_origin() = MakeOrigin(registration.server(), registration.ip());
  response->set_lease_id("the-secret-lease");
  response->mutable_ttl()->set_seconds(300);
  if (!origins.empty()) response->add_superseded_origin_ids(origins.front().id());
  return grpc::Status::OK;
}

grpc::Status FakeProxy::DeregisterOrigin(grpc::ServerContext*,
                                         const v1::DeregisterOriginRequest* request,
                                         v1::DeregisterOriginResponse* response) {
  deregistered.push_back(*request);
  if (grpc::Status begun = Begin(); !begun.ok()) return begun;
  response->set_origin_id(request->origin_id());
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ListOrigins(grpc::ServerContext*, const v1::ListOriginsRequest* request,
                                    v1::ListOriginsResponse* response) {
  ++list_calls;
  if (grpc::Status begun = Begin(); !begun.ok()) return begun;
  if (request->page_token().empty()) {
    response->mutable_conflicts()->Assign(conflicts.begin(), conflicts.end());
    response->mutable_refusals()->Assign(refusals.begin(), refusals.end());
  }
  response->set_next_page_token(
      CopyPage(origins, request->page_token(), response->mutable_origins()));
  return grpc::Status::OK;
}

grpc::Status FakeProxy::LookupStream(grpc::ServerContext*, const v1::LookupStreamRequest* request,
                                     v1::LookupStreamResponse* response) {
  lookups.push_back(*request);
  if (grpc::Status begun = Begin(); !begun.ok()) return begun;
  response->set_key("__defaultVhost__/" + request->stream());
  for (const v1::Stream& stream : streams) {
    if (stream.key() == response->key()) *response->mutable_stream() = stream;
  }
  *response->mutable_pick() = pick;
  return grpc::Status::OK;
}

grpc::Status FakeProxy::ListStreams(grpc::ServerContext*, const v1::ListStreamsRequest* request,
                                    v1::ListStreamsResponse* response) {
  ++list_calls;
  if (grpc::Status begun = Begin(); !begun.ok()) return begun;
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

grpc::Status FakeProxy::GetProxy(grpc::ServerContext*, const v1::GetProxyRequest*,
                                 v1::GetProxyResponse* response) {
  if (grpc::Status begun = Begin(); !begun.ok()) return begun;
  *response->mutable_proxy() = proxy;
  return grpc::Status::OK;
}

}  // namespace srsproxy::ctl
