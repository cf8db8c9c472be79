// A gRPC server that answers as srsproxy does, from what a test puts into it: so that every kind of
// answer can be had at will.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <absl/synchronization/notification.h>
#include <grpcpp/grpcpp.h>

#include "srsproxy/v1/origin_service.grpc.pb.h"
#include "srsproxy/v1/proxy_service.grpc.pb.h"
#include "srsproxy/v1/stream_service.grpc.pb.h"

namespace srsproxy::ctl {

// An origin called `server` at `ip`, healthy, heard from at a fixed time.
v1::Origin MakeOrigin(const std::string& server, const std::string& ip);

// `key` on the origin `origin_id`, live, claimed at a fixed time.
v1::Stream MakeStream(const std::string& key, const std::string& origin_id);

// Listens on a free port of the loopback address while it lives. Set the members before the calls
// that read them.
class FakeProxy : public v1::OriginService::Service,
                  public v1::StreamService::Service,
                  public v1::ProxyService::Service {
 public:
  static constexpr int kPageSize = 2;  // Small, so that every list has pages.

  FakeProxy();
  ~FakeProxy() override;

  const std::string& endpoint() const { return endpoint_; }

  std::vector<v1::Origin> origins;
  std::vector<v1::OriginConflict> conflicts;
  std::vector<v1::OriginRefusal> refusals;
  std::vector<v1::Stream> streams;
  v1::PickExplanation pick;
  v1::Proxy proxy;
  grpc::Status failure;  // When not OK, every call ends so.
  bool silent = false;   // Calls are not answered before the fake ends.

  // What was received.
  std::vector<v1::RegisterOriginRequest> registered;
  std::vector<v1::DeregisterOriginRequest> deregistered;
  std::vector<v1::LookupStreamRequest> lookups;
  int list_calls = 0;

  grpc::Status RegisterOrigin(grpc::ServerContext*, const v1::RegisterOriginRequest* request,
                              v1::RegisterOriginResponse* response) override;
  grpc::Status DeregisterOrigin(grpc::ServerContext*, const v1::DeregisterOriginRequest* request,
                                v1::DeregisterOriginResponse* response) override;
  grpc::Status ListOrigins(grpc::ServerContext*, const v1::ListOriginsRequest* request,
                           v1::ListOriginsResponse* response) override;
  grpc::Status LookupStream(grpc::ServerContext*, const v1::LookupStreamRequest* request,
                            v1::LookupStreamResponse* response) override;
  grpc::Status ListStreams(grpc::ServerContext*, const v1::ListStreamsRequest* request,
                           v1::ListStreamsResponse* response) override;
  grpc::Status GetProxy(grpc::ServerContext*, const v1::GetProxyRequest* request,
                        v1::GetProxyResponse* response) override;

 private:
  grpc::Status Begin();

  std::string endpoint_;
  absl::Notification ending_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace srsproxy::ctl
