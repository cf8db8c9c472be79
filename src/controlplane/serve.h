// How a unary call is served: a function answers, everything around it is done here once.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <absl/time/time.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "controlplane/call_context.h"
#include "controlplane/call_status.h"
#include "controlplane/request_memory.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"

namespace srsproxy::control {

// What every service reports its calls to. The referred objects outlive the gRPC server.
struct CallObserver {
  const Clock& clock;
  Metrics& metrics;
  const Logger& logger;
  RequestMemory& requests;

  void CallEnded(std::string_view method, const std::string& caller, const absl::Status& status,
                 absl::Duration elapsed) const;
};

// Answers one call by `handler(const Request&, const CallContext&, done)`, which must not block and
// calls `done(absl::StatusOr<Response>)` once, on any thread; until then the request and the call
// context stay. It starts on a gRPC thread. `method` is `srsproxy.v1.Service/Call`.
//
// A request with a `request_id` that was answered before gets that answer again.
template <typename Request, typename Response, typename Handler>
grpc::ServerUnaryReactor* ServeAsync(const CallObserver& observer, std::string_view method,
                                     grpc::CallbackServerContext* context, const Request* request,
                                     Response* response, Handler&& handler) {
  auto* reactor = context->DefaultReactor();
  const auto started = observer.clock.Now();
  const auto finish = [&observer, method, started, reactor](const std::string& caller,
                                                            const absl::Status& status) {
    observer.CallEnded(method, caller, status, absl::FromChrono(observer.clock.Now() - started));
    reactor->Finish(ToGrpc(status));
  };
  auto identified = IdentifyCaller(*context);
  if (!identified.ok()) {
    finish(context->peer(), identified.status());
    return reactor;
  }
  const auto call = std::make_shared<const CallContext>(*std::move(identified));
  if constexpr (requires { request->request_id(); }) {
    const auto remembered = observer.requests.Find(method, *request, *response);
    if (!remembered.ok() || *remembered) {
      finish(call->caller, remembered.status());
      return reactor;
    }
  }
  handler(*request, *call,
          [&observer, method, request, response, call, finish](absl::StatusOr<Response> answer) {
            if (answer.ok()) {
              *response = *std::move(answer);
              if constexpr (requires { request->request_id(); }) {
                observer.requests.Remember(method, *request, *response);
              }
              finish(call->caller, absl::OkStatus());
            } else {
              finish(call->caller, answer.status());
            }
          });
  return reactor;
}

// The same for a `handler(const Request&, const CallContext&)` that returns
// absl::StatusOr<Response>.
template <typename Request, typename Response, typename Handler>
grpc::ServerUnaryReactor* Serve(const CallObserver& observer, std::string_view method,
                                grpc::CallbackServerContext* context, const Request* request,
                                Response* response, Handler&& handler) {
  return ServeAsync(observer, method, context, request, response,
                    [&handler](const Request& wanted, const CallContext& call, const auto& done) {
                      done(handler(wanted, call));
                    });
}

}  // namespace srsproxy::control
