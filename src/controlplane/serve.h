// How a unary call is served: a plain function answers, everything around it is done here once.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include <absl/time/time.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "controlplane/call_context.h"
#include "controlplane/call_status.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"

namespace srsproxy::control {

// What every service reports its calls to. The referred objects outlive the gRPC server.
struct CallObserver {
  const Clock& clock;
  Metrics& metrics;
  const Logger& logger;

  void CallEnded(std::string_view method, const std::string& caller, const absl::Status& status,
                 absl::Duration elapsed) const;
};

// Answers one call by `handler(const Request&, const CallContext&)`, which returns
// absl::StatusOr<Response> and must not block. It runs on a gRPC thread. `method` is
// `srsproxy.v1.Service/Call`.
template <typename Request, typename Response, typename Handler>
grpc::ServerUnaryReactor* Serve(const CallObserver& observer, std::string_view method,
                                grpc::CallbackServerContext* context, const Request* request,
                                Response* response, Handler&& handler) {
  const auto started = observer.clock.Now();
  auto call = IdentifyCaller(*context);
  absl::Status status = call.status();
  if (call.ok()) {
    absl::StatusOr<Response> answer = std::forward<Handler>(handler)(*request, *call);
    status = answer.status();
    if (answer.ok()) *response = *std::move(answer);
  }
  observer.CallEnded(method, call.ok() ? call->caller : context->peer(), status,
                     absl::FromChrono(observer.clock.Now() - started));
  auto* reactor = context->DefaultReactor();
  reactor->Finish(ToGrpc(status));
  return reactor;
}

}  // namespace srsproxy::control
