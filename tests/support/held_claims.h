// Claims of sessions that a test makes, each held until the test ends it.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/core/stream_directory.h"

namespace srsproxy {

// For stores that answer inline.
class HeldClaims {
 public:
  explicit HeldClaims(StreamClaims& streams) : streams_(streams) {}

  // The mapping that the session got.
  StreamMapping Claim(ClaimRequest request) {
    StreamMapping mapping;
    const StreamKey key = request.key;
    const Role role = request.role;
    streams_.Claim(std::move(request), [&](absl::StatusOr<ClaimOutcome> outcome) {
      ASSERT_TRUE(outcome.ok()) << outcome.status();
      mapping = std::move(outcome->mapping);
      holds_.push_back({key, role, std::move(outcome->hold)});
    });
    return mapping;
  }
  // Of the session that came last.
  void MarkLive(const StreamKey& key, Role role) {
    const auto at = std::find_if(holds_.rbegin(), holds_.rend(), [&](const Held& held) {
      return held.key == key && held.role == role;
    });
    ASSERT_NE(at, holds_.rend()) << key.ToString();
    at->hold->MarkLive();
  }
  void Publish(const StreamKey& key, const std::string& origin_id) {
    Claim({.key = key, .origin_id = origin_id, .role = Role::kPublisher});
    MarkLive(key, Role::kPublisher);
  }
  // The session that came first.
  void End(const StreamKey& key, Role role) {
    const auto at = std::find_if(holds_.begin(), holds_.end(), [&](const Held& held) {
      return held.key == key && held.role == role;
    });
    ASSERT_NE(at, holds_.end()) << key.ToString();
    holds_.erase(at);
  }
  // Leaves an idle mapping behind.
  void PublishOnce(const StreamKey& key, const std::string& origin_id) {
    Publish(key, origin_id);
    End(key, Role::kPublisher);
  }

 private:
  struct Held {
    StreamKey key;
    Role role;
    std::unique_ptr<StreamHold> hold;
  };

  StreamClaims& streams_;
  std::vector<Held> holds_;
};

}  // namespace srsproxy
