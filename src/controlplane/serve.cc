#include "controlplane/serve.h"

namespace srsproxy::control {

void CallObserver::CallEnded(std::string_view method, const std::string& caller,
                             const absl::Status& status, absl::Duration elapsed) const {
  const auto code = CodeName(status);
  metrics.ObserveGrpc(method, code, elapsed);
  const bool our_fault =
      status.code() == absl::StatusCode::kInternal || status.code() == absl::StatusCode::kUnknown;
  const auto level = our_fault ? LogLevel::kError : LogLevel::kDebug;
  if (!logger.Enabled(level)) return;
  logger.Log(level, "grpc call",
             {{"method", method},
              {"caller", caller},
              {"code", code},
              {"message", MessageOf(status)},
              {"seconds", absl::ToDoubleSeconds(elapsed)}});
}

}  // namespace srsproxy::control
