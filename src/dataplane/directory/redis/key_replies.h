// Answers to commands that read a key.
#pragma once

#include <string_view>

#include "dataplane/core/status.h"
#include "dataplane/protocol/redis/reply.h"

namespace srsproxy::redis {

// Nothing is known of the key: Redis is away, the client stops, or too much is asked at once.
inline bool IsUnanswered(const absl::StatusOr<Reply>& reply) {
  const absl::Status status = reply.status();
  return absl::IsUnavailable(status) || absl::IsCancelled(status) ||
         absl::IsResourceExhausted(status);
}

inline absl::StatusOr<std::string_view> TextOf(const absl::StatusOr<Reply>& reply) {
  if (!reply.ok()) return reply.status();
  return reply->AsText();
}

}  // namespace srsproxy::redis
