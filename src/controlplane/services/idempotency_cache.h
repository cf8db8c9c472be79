// IdempotencyCache: calls and their answers, by request_id, so that a call which is repeated is not
// done twice.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <google/protobuf/message.h>

#include "controlplane/access/secret.h"
#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Thread-safe. Remembers for ten minutes, at most 10,000 calls and 64 MiB of their answers; the
// oldest leave first. Each caller's ids are its own: `caller` is the name of its identity.
class IdempotencyCache {
 public:
  // `clock` outlives it.
  explicit IdempotencyCache(const Clock& clock) : clock_(clock) {}

  // True: `request` was answered before, and `response` is that answer. False: it has no
  // request_id, or a new one: answer it, and call End. ABORTED with REQUEST_RUNNING: the same is
  // being answered. INVALID_ARGUMENT with REQUEST_ID_REUSED: its request_id belongs to another
  // request; with INVALID_FIELD: it is longer than 128 bytes.
  absl::StatusOr<bool> Begin(std::string_view method, std::string_view caller,
                             const google::protobuf::Message& request,
                             google::protobuf::Message& response);

  // `response` null: the call failed, and may be repeated. Does nothing for a request without a
  // request_id.
  void End(std::string_view method, std::string_view caller,
           const google::protobuf::Message& request, const google::protobuf::Message* response);

 private:
  struct Call {
    SecretDigest request;
    std::optional<std::string> response;  // Serialized. Absent: it is being answered.
    MonotonicTime at;
  };

  using Calls = absl::flat_hash_map<std::string, Call>;

  void Forget(Calls::iterator call);
  void ForgetOld();

  const Clock& clock_;
  std::mutex mutex_;
  Calls calls_;                                              // By method, request_id and caller.
  size_t bytes_ = 0;                                         // Of their responses.
  std::deque<std::pair<std::string, MonotonicTime>> order_;  // Their keys and times, oldest first.
};

}  // namespace srsproxy::control
