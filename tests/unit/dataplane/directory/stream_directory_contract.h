// What every StreamDirectory has to keep, whatever it is made of: the fixture of the contract
// tests.
#pragma once

#include <algorithm>
#include <functional>
#include <latch>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/delayed_streams.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_streams.h"

namespace srsproxy {

struct DirectoryImplementation {
  const char* name;
  std::function<std::unique_ptr<StreamDirectory>(const Clock&, size_t max_streams)> make;
};

inline auto AllDirectories() {
  const auto redis = [](const Clock& clock, size_t max_streams) {
    return std::make_unique<RedisStreams>(clock, max_streams);
  };
  const auto memory = [](const Clock& clock, size_t max_streams) {
    return std::make_unique<MemoryStreamDirectory>(clock, max_streams);
  };
  const auto delayed = [memory](const Clock& clock, size_t max_streams) {
    return std::make_unique<DelayedStreams>(memory(clock, max_streams));
  };
  return testing::Values(DirectoryImplementation{"memory", memory},
                         DirectoryImplementation{"delayed", delayed},
                         DirectoryImplementation{"redis", redis});
}

class StreamDirectoryContractTest : public testing::TestWithParam<DirectoryImplementation> {
 protected:
  static constexpr size_t kCap = 100;

  // A claim's outcome, but for its hold, which the fixture keeps.
  struct Claimed {
    StreamMapping mapping;
    bool granted = false;
  };

  // What `ask` answers by the callback that it is given; implementations answer on any thread.
  template <typename Answer, typename Ask>
  static absl::StatusOr<Answer> Wait(Ask ask) {
    std::latch answered(1);
    absl::StatusOr<Answer> answer = absl::UnknownError("not answered");
    ask([&](absl::StatusOr<Answer> given) {
      answer = std::move(given);
      answered.count_down();
    });
    answered.wait();
    return answer;
  }
  static absl::Status MarkLive(StreamHold& hold) {
    std::latch answered(1);
    absl::Status answer;
    hold.MarkLive([&](absl::Status given) {
      answer = std::move(given);
      answered.count_down();
    });
    answered.wait();
    return answer;
  }
  absl::StatusOr<ClaimOutcome> TryClaim(ClaimRequest request) {
    return Wait<ClaimOutcome>(
        [&](auto done) { directory_->Claim(std::move(request), std::move(done)); });
  }
  Claimed Claim(ClaimRequest request) {
    auto outcome = TryClaim(request).value();
    holds_.push_back({request.key, request.role, std::move(outcome.hold)});
    return {std::move(outcome.mapping), outcome.granted};
  }
  Claimed Claim(const StreamKey& key, const std::string& origin, Role role = Role::kViewer,
                uint64_t replaces = 0) {
    return Claim(
        ClaimRequest{.key = key, .origin_id = origin, .role = role, .replaces_version = replaces});
  }
  // Of the session that came last and has no media yet.
  absl::Status MarkLive(const StreamKey& key, Role role) {
    const auto at = std::find_if(holds_.rbegin(), holds_.rend(), [&](const Held& held) {
      return held.key == key && held.role == role && !held.live;
    });
    if (at == holds_.rend()) return absl::NotFoundError("no such session");
    at->live = true;
    return MarkLive(*at->hold);
  }
  // Of the session that came first.
  void End(const StreamKey& key, Role role, std::optional<bool> live = std::nullopt) {
    const auto at = std::find_if(holds_.begin(), holds_.end(), [&](const Held& held) {
      return held.key == key && held.role == role && (!live.has_value() || held.live == *live);
    });
    ASSERT_NE(at, holds_.end()) << "no such session";
    holds_.erase(at);
    Settle();
  }
  void EndViewer(const StreamKey& key) { End(key, Role::kViewer); }
  void Publish(const StreamKey& key, const std::string& origin) {
    Claim(key, origin, Role::kPublisher);
    EXPECT_TRUE(MarkLive(key, Role::kPublisher).ok());
  }
  void EndPublisher(const StreamKey& key) { End(key, Role::kPublisher, /*live=*/true); }
  // Leaves an idle mapping behind.
  void PublishOnce(const StreamKey& key, const std::string& origin) {
    Publish(key, origin);
    EndPublisher(key);
  }
  // As a store sees it that has a clock of its own, too.
  void ExpectNow(absl::Time time) const {
    if (dynamic_cast<RedisStreams*>(directory_.get()) == nullptr) {
      EXPECT_EQ(time, clock_.WallNow());
    } else {
      EXPECT_LT(absl::AbsDuration(absl::Now() - time), absl::Minutes(1));
    }
  }
  // Until what was done is seen.
  void Settle() {
    if (auto* delayed = dynamic_cast<DelayedStreams*>(directory_.get())) delayed->Settle();
    if (auto* redis = dynamic_cast<RedisStreams*>(directory_.get())) redis->Settle();
  }

  struct Held {
    StreamKey key;
    Role role;
    std::unique_ptr<StreamHold> hold;
    bool live = false;
  };

  FakeClock clock_;
  std::unique_ptr<StreamDirectory> directory_ = GetParam().make(clock_, kCap);
  std::vector<Held> holds_;
  const StreamKey key_{"example.com", "live", "cam"};
};

}  // namespace srsproxy
