// The connection to srsproxy's gRPC port.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <google/protobuf/message.h>
#include <grpcpp/grpcpp.h>
#include <grpcpp/support/sync_stream.h>

#include "tools/srsproxyctl/client/access.h"

namespace srsproxy::ctl {

// Talks to one of several proxies: the first that can be reached, until it cannot. One thread only.
//
// A proxy that is UNAVAILABLE is passed over for the next. A call that changes something and may
// have been done already is not made again at another proxy, unless it carries a request_id and
// concerns the whole fleet: settings, the end of a proxy and its plans are one proxy's own.
class Client {
 public:
  // `timeout` bounds each endpoint's connecting and each call. `notes`, which must outlive the
  // client, gets a note when an endpoint is passed over.
  Client(std::vector<std::string> endpoints, Access access, absl::Duration timeout,
         std::ostream& notes);

  // Makes one call, connecting first if need be. A request that has the field `request_id` gets a
  // random one. A failure says what to do, and has the code of the answer, or UNAVAILABLE or
  // DEADLINE_EXCEEDED when there was none.
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Service::StubInterface::*method)(grpc::ClientContext*,
                                                                               const Request&,
                                                                               Response*),
                                Request request) {
    GiveRequestId(request);
    Response response;
    const auto attempt = [&](grpc::ClientContext& context) {
      response.Clear();
      return ((*Service::NewStub(channel_)).*method)(&context, request, &response);
    };
    absl::Status done = Try(KindOf(request), timeout_, attempt);
    if (!done.ok()) return done;
    return response;
  }

  // Makes one call that answers by a stream, and gives each message to `consume`, until that
  // returns false (OK) or the stream ends: then as Call, or OK when the proxy ended it in peace.
  // There is no deadline; a peer that is gone is noticed by keepalive.
  template <typename Service, typename Request, typename Response, typename Consume>
  absl::Status Stream(std::unique_ptr<grpc::ClientReaderInterface<Response>> (
                          Service::StubInterface::*method)(grpc::ClientContext*, const Request&),
                      const Request& request, Consume consume) {
    bool enough = false;
    const auto attempt = [&](grpc::ClientContext& context) {
      const auto stub = Service::NewStub(channel_);
      const auto reader = ((*stub).*method)(&context, request);
      Response response;
      while (!enough && reader->Read(&response)) enough = !consume(response);
      if (enough) context.TryCancel();
      return reader->Finish();
    };
    absl::Status ended = Try(CallKind(), absl::InfiniteDuration(), attempt);
    return enough ? absl::OkStatus() : ended;
  }

  // Forgets the connection: the next call makes another, to the same endpoint first.
  void Disconnect() { channel_.reset(); }

 private:
  using Attempt = std::function<grpc::Status(grpc::ClientContext&)>;
  struct CallKind {
    bool repeatable = false;  // Requesting the same from another proxy is harmless.
    bool changes = false;     // Something may be different after it.
  };

  absl::Status Try(CallKind kind, absl::Duration timeout, const Attempt& attempt);
  absl::Status Connect();
  void PassOver();
  absl::Status Failure(const grpc::Status& status, CallKind kind) const;
  const std::string& endpoint() const { return endpoints_[current_]; }

  static void GiveRequestId(google::protobuf::Message& request);
  static CallKind KindOf(const google::protobuf::Message& request);

  const std::vector<std::string> endpoints_;
  const Access access_;
  const absl::Duration timeout_;
  std::ostream& notes_;
  size_t current_ = 0;                      // Index of the endpoint in use.
  std::shared_ptr<grpc::Channel> channel_;  // To it; null: not connected.
};

}  // namespace srsproxy::ctl
