#include "controlplane/services/serve.h"

#include <utility>

#include "controlplane/call_status.h"

namespace srsproxy::control {

ServedCall::ServedCall(const CallObserver& observer, std::string_view method,
                       const grpc::ServerContextBase& context,
                       const google::protobuf::Message* request)
    : observer_(observer), method_(method), started_(observer.clock.Now()) {
  Admit(observer.authorizer.Authorize(method, context, request), HostOfPeer(context.peer()));
}

ServedCall::ServedCall(const CallObserver& observer, std::string_view method, std::string caller,
                       const google::protobuf::Message& request)
    : observer_(observer), method_(method), started_(observer.clock.Now()) {
  Admit(observer.authorizer.AuthorizeSystemApi(method, caller, request), caller);
}

void ServedCall::Admit(absl::StatusOr<CallContext> admitted, std::string caller) {
  if (admitted.ok()) {
    context_ = *std::move(admitted);
  } else {
    context_.caller = std::move(caller);
    admitted_ = admitted.status();
  }
}

grpc::Status ServedCall::End(const absl::Status& status) const {
  const auto elapsed = absl::FromChrono(observer_.clock.Now() - started_);
  const auto code = CodeName(status);
  observer_.metrics.grpc_handled.Increment(method_, code);
  observer_.metrics.grpc_handling.Observe(method_, elapsed);
  const bool our_fault =
      status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown;
  const auto level = our_fault ? LogLevel::kError : LogLevel::kDebug;
  if (observer_.logger.Enabled(level)) {
    const std::string_view identity =
        context_.identity ? std::string_view(context_.identity->name) : std::string_view();
    observer_.logger.Log(level, "grpc call",
                         {{"method", method_},
                          {"caller", context_.caller},
                          {"identity", identity},
                          {"code", code},
                          {"message", MessageOf(status)},
                          {"seconds", absl::ToDoubleSeconds(elapsed)}});
  }
  return ToGrpc(status);
}

}  // namespace srsproxy::control
