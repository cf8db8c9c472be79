// The connection to srsproxy's gRPC port.
#pragma once

#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>
#include <grpcpp/grpcpp.h>

namespace srsproxy::ctl {

inline constexpr char kDefaultEndpoint[] = "127.0.0.1:12026";

// Reads a comma list of `host`, `host:port` or `[ip6]:port`; the default port is 12026.
// INVALID_ARGUMENT names the part that is wrong.
absl::StatusOr<std::vector<std::string>> ParseEndpoints(std::string_view text);

// Talks to the first of several proxies that can be reached. One thread only.
class Client {
 public:
  // `timeout` bounds each endpoint's connecting and each call. `notes`, which must outlive the
  // client, is told when an endpoint is passed over.
  Client(std::vector<std::string> endpoints, absl::Duration timeout, std::ostream& notes);

  // Makes one call, connecting first if need be. A failure says what to do, and has the code of the
  // answer, or UNAVAILABLE or DEADLINE_EXCEEDED when there was none.
  template <typename Service, typename Request, typename Response>
  absl::StatusOr<Response> Call(grpc::Status (Service::StubInterface::*method)(grpc::ClientContext*,
                                                                               const Request&,
                                                                               Response*),
                                const Request& request) {
    if (absl::Status connected = Connect(); !connected.ok()) return connected;
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
    const std::unique_ptr<typename Service::Stub> stub = Service::NewStub(channel_);
    Response response;
    const grpc::Status status = ((*stub).*method)(&context, request, &response);
    if (!status.ok()) return Failure(status);
    return response;
  }

 private:
  absl::Status Connect();
  absl::Status Failure(const grpc::Status& status) const;

  const std::vector<std::string> endpoints_;
  const absl::Duration timeout_;
  std::ostream& notes_;
  std::string endpoint_;  // The one connected to.
  std::shared_ptr<grpc::Channel> channel_;
};

}  // namespace srsproxy::ctl
