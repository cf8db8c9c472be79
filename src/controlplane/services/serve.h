// How a call is served: a function answers, everything around it is done here once.
#pragma once

#include <memory>
#include <string_view>
#include <utility>

#include <absl/functional/any_invocable.h>
#include <google/protobuf/message.h>
#include <grpcpp/server_context.h>
#include <grpcpp/support/server_callback.h>

#include "controlplane/access/call_authorizer.h"
#include "controlplane/access/call_context.h"
#include "controlplane/call_status.h"
#include "controlplane/services/idempotency_cache.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"

namespace srsproxy::control {

// What every service needs to serve its calls. The referred objects outlive the gRPC server.
struct CallObserver {
  const Clock& clock;
  Metrics& metrics;
  const Logger& logger;
  IdempotencyCache& requests;
  const CallAuthorizer& authorizer;
};

// One call, from its authorization to its end. Serve and ServeAsync make one for each unary call;
// the reactor of a streaming call holds one itself:
//
//   Reactor(...) : call_(observer, "srsproxy.v1.EventService/Watch", *context, request) {
//     if (!call_.admitted().ok()) { Finish(call_.End(call_.admitted())); return; }
//   ...
//   Finish(call_.End(status));
class ServedCall {
 public:
  // Authorizes the call, or refuses it. `method` is `srsproxy.v1.Service/Call` and outlives the
  // call; `request` is null when messages follow later.
  ServedCall(const CallObserver& observer, std::string_view method,
             const grpc::ServerContextBase& context, const google::protobuf::Message* request);

  // One that the System API makes on behalf of its HTTP client `caller`.
  ServedCall(const CallObserver& observer, std::string_view method, std::string caller,
             const google::protobuf::Message& request);

  // Not OK: end the call with it.
  const absl::Status& admitted() const { return admitted_; }
  const CallContext& context() const { return context_; }

  // Counts and logs the call, once; returns what to finish it with. Any thread.
  grpc::Status End(const absl::Status& status) const;

 private:
  void Admit(absl::StatusOr<CallContext> admitted, std::string caller);

  const CallObserver& observer_;
  const std::string_view method_;
  const MonotonicTime started_;
  CallContext context_;
  absl::Status admitted_;
};

// How a call that ServeAsync serves is answered: once, on any thread.
template <typename Response>
using Done = absl::AnyInvocable<void(absl::StatusOr<Response>)>;

// Ends what IdempotencyCache::Begin began, for requests that can have a `request_id`. `response` is
// null when the call failed.
template <typename Request>
void Remember(const CallObserver& observer, std::string_view method, const ServedCall& call,
              const Request& request, const google::protobuf::Message* response) {
  if constexpr (requires { request.request_id(); }) {
    observer.requests.End(method, call.context().identity->name, request, response);
  }
}

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
  const auto call = std::make_shared<const ServedCall>(observer, method, *context, request);
  if (!call->admitted().ok()) {
    reactor->Finish(call->End(call->admitted()));
    return reactor;
  }
  if constexpr (requires { request->request_id(); }) {
    const auto remembered =
        observer.requests.Begin(method, call->context().identity->name, *request, *response);
    if (!remembered.ok()) {
      reactor->Finish(call->End(remembered.status()));
      return reactor;
    }
    if (*remembered) {
      reactor->Finish(call->End(absl::OkStatus()));
      return reactor;
    }
  }
  handler(*request, call->context(),
          [&observer, method, request, response, call, reactor](absl::StatusOr<Response> result) {
            const absl::Status status = result.status();
            if (status.ok()) *response = *std::move(result);
            Remember(observer, method, *call, *request, status.ok() ? response : nullptr);
            reactor->Finish(call->End(status));
          });
  return reactor;
}

// Serves a call that the System API makes on behalf of its HTTP client `caller`: as ServeAsync, but
// without gRPC. `done` gets what a client of gRPC would.
template <typename Request, typename Response, typename Handler>
void ServeSystemApi(const CallObserver& observer, std::string_view method, std::string caller,
                    Request request, Done<Response> done, Handler&& handler) {
  struct Served {
    Request request;
    ServedCall call;
    Done<Response> done;

    void End(absl::StatusOr<Response> result) {
      const absl::Status status = result.status();
      auto seen = FromGrpc(call.End(status));
      if (!seen.ok()) return done(std::move(seen));
      done(std::move(result));
    }
  };
  ServedCall call(observer, method, std::move(caller), request);
  auto served =
      std::make_shared<Served>(Served{std::move(request), std::move(call), std::move(done)});
  if (!served->call.admitted().ok()) return served->End(served->call.admitted());
  handler(served->request, served->call.context(),
          [served](absl::StatusOr<Response> response) { served->End(std::move(response)); });
}

// The same as ServeAsync for a `handler(const Request&, const CallContext&)` that returns
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
