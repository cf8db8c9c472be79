// Answers that were given, by request_id, so that a call which is repeated is not done twice.
#pragma once

#include <deque>
#include <mutex>
#include <string>
#include <string_view>

#include <absl/container/flat_hash_map.h>
#include <google/protobuf/message.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"

namespace srsproxy::control {

// Thread-safe. Remembers for ten minutes, at most 10,000 answers; the oldest leave first.
class RequestMemory {
 public:
  // `clock` outlives it.
  explicit RequestMemory(const Clock& clock) : clock_(clock) {}

  // True: `request` was answered before, and `response` is that answer. False: it has no
  // request_id, or a new one. INVALID_ARGUMENT with REQUEST_ID_REUSED: its request_id belongs to
  // another request; with INVALID_FIELD: it is longer than 128 bytes.
  absl::StatusOr<bool> Find(std::string_view method, const google::protobuf::Message& request,
                            google::protobuf::Message& response);

  // Does nothing for a request without a request_id.
  void Remember(std::string_view method, const google::protobuf::Message& request,
                const google::protobuf::Message& response);

 private:
  struct Answer {
    std::string request;  // Serialized.
    std::string response;
    MonotonicTime at;
  };

  void ForgetOld();

  const Clock& clock_;
  std::mutex mutex_;
  absl::flat_hash_map<std::string, Answer> answers_;  // By method and request_id.
  std::deque<std::string> order_;                     // Keys of answers_, oldest first.
};

}  // namespace srsproxy::control
