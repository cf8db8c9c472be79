// Calls that reach no handler: of a method that does not exist, or with a message that cannot be
// read. gRPC alone answers them by a bare UNIMPLEMENTED.
#pragma once

#include <memory>

#include <grpcpp/generic/async_generic_service.h>
#include <grpcpp/support/server_interceptor.h>

#include "dataplane/core/status.h"

namespace srsproxy::control {

// INVALID_ARGUMENT with INVALID_FIELD.
absl::Status UnreadableMessage();

// Answers every unknown method by UNIMPLEMENTED with UNKNOWN_METHOD. Thread-safe.
class UnknownMethodHandler final : public grpc::CallbackGenericService {
 public:
  grpc::ServerGenericBidiReactor* CreateReactor(
      grpc::GenericCallbackServerContext* context) override;
};

// Answers every call with one request that cannot be read by UnreadableMessage. Calls with a stream
// of requests see to that themselves.
std::unique_ptr<grpc::experimental::ServerInterceptorFactoryInterface> MakeUnreadableInterceptor();

}  // namespace srsproxy::control
