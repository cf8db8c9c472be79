// What an operator reads about a call that failed.
#pragma once

#include <string_view>

#include <absl/status/status.h>
#include <grpcpp/support/status.h>

namespace srsproxy::ctl {

// The failure that srsproxy answered: its words, its reason in brackets, and, where srsproxyctl
// knows one, a command that helps. The code is the call's, save that a text that names several
// origins is INVALID_ARGUMENT.
absl::Status AnsweredFailure(const grpc::Status& status);

}  // namespace srsproxy::ctl
