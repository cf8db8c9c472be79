#include "controlplane/services/unknown_method_handler.h"

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

namespace experimental = grpc::experimental;

class UnreadableInterceptor final : public experimental::Interceptor {
 public:
  void Intercept(experimental::InterceptorBatchMethods* methods) override {
    using Point = experimental::InterceptionHookPoints;
    if (methods->QueryInterceptionHookPoint(Point::POST_RECV_MESSAGE)) {
      unreadable_ = methods->GetRecvMessage() == nullptr;
    }
    if (unreadable_ && methods->QueryInterceptionHookPoint(Point::PRE_SEND_STATUS)) {
      methods->ModifySendStatus(ToGrpc(UnreadableMessage()));
    }
    methods->Proceed();
  }

 private:
  bool unreadable_ = false;
};

class UnreadableInterceptors final : public experimental::ServerInterceptorFactoryInterface {
 public:
  experimental::Interceptor* CreateServerInterceptor(experimental::ServerRpcInfo* call) override {
    using Type = experimental::ServerRpcInfo::Type;
    const bool one_request = call->type() == Type::UNARY || call->type() == Type::SERVER_STREAMING;
    return one_request ? new UnreadableInterceptor : nullptr;  // gRPC owns it.
  }
};

class RefusedCall final : public grpc::ServerGenericBidiReactor {
 public:
  explicit RefusedCall(const absl::Status& why) { Finish(ToGrpc(why)); }
  void OnDone() override { delete this; }
};

}  // namespace

absl::Status UnreadableMessage() {
  return CallError(absl::StatusCode::kInvalidArgument, v1::ERROR_REASON_INVALID_FIELD,
                   "the message cannot be read: it is not of the call's type, or a text in it is "
                   "not UTF-8");
}

grpc::ServerGenericBidiReactor* UnknownMethodHandler::CreateReactor(
    grpc::GenericCallbackServerContext* /*context*/) {
  return new RefusedCall(CallError(absl::StatusCode::kUnimplemented,
                                   v1::ERROR_REASON_UNKNOWN_METHOD,
                                   "this proxy has no such method; the client may be newer"));
}

std::unique_ptr<experimental::ServerInterceptorFactoryInterface> MakeUnreadableInterceptor() {
  return std::make_unique<UnreadableInterceptors>();
}

}  // namespace srsproxy::control
