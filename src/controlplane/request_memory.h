// Calls and their answers, by request_id, so that a call which is repeated is not done twice.
#pragma once

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include <absl/container/flat_hash_map.h>
#include <google/protobuf/message.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Thread-safe. Remembers for ten minutes, at most 10,000 calls; the oldest leave first.
class RequestMemory {
 public:
  // `clock` outlives it.
  explicit RequestMemory(const Clock& clock) : clock_(clock) {}

  // True: `request` was answered before, and `response` is that answer. False: it has no
  // request_id, or a new one: answer it, and call End. ABORTED with REQUEST_RUNNING: the same is
  // being answered. INVALID_ARGUMENT with REQUEST_ID_REUSED: its request_id belongs to another
  // request; with INVALID_FIELD: it is longer than 128 bytes.
  absl::StatusOr<bool> Begin(std::string_view method, const google::protobuf::Message& request,
                             google::protobuf::Message& response);

  // `response` null: the call failed, and may be repeated. Does nothing for a request without a
  // request_id.
  void End(std::string_view method, const google::protobuf::Message& request,
           const google::protobuf::Message* response);

 private:
  struct Call {
    std::string request;                  // Serialized; so is the response.
    std::optional<std::string> response;  // Absent: it is being answered.
    MonotonicTime at;
  };

  void ForgetOld();

  const Clock& clock_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Call> calls_;             // By method and request_id.
  std::deque<std::pair<std::string, MonotonicTime>> order_;  // Their keys and times, oldest first.
};

}  // namespace srsproxy::control
