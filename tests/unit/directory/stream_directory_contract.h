// What every StreamDirectory has to keep, whatever it is made of: the fixture of the contract
// tests.
#pragma once

#include <functional>
#include <latch>
#include <memory>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "dataplane/core/stream_directory.h"
#include "dataplane/directory/memory_stream_directory.h"
#include "tests/support/fake_clock.h"

namespace srsproxy {

struct DirectoryImplementation {
  const char* name;
  std::function<std::unique_ptr<StreamDirectory>(const Clock&, size_t max_streams)> make;
};

inline auto AllDirectories() {
  return testing::Values(
      DirectoryImplementation{"memory", [](const Clock& clock, size_t max_streams) {
                                return std::make_unique<MemoryStreamDirectory>(clock, max_streams);
                              }});
}

class StreamDirectoryContractTest : public testing::TestWithParam<DirectoryImplementation> {
 protected:
  static constexpr size_t kCap = 100;

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
  absl::StatusOr<ClaimOutcome> TryClaim(ClaimRequest request) {
    return Wait<ClaimOutcome>(
        [&](auto done) { directory_->Claim(std::move(request), std::move(done)); });
  }
  ClaimOutcome Claim(const StreamKey& key, const std::string& origin, Role role = Role::kViewer,
                     uint64_t replaces = 0) {
    return TryClaim({key, origin, role, replaces}).value();
  }
  void EndViewer(const StreamKey& key) {
    directory_->SessionEnded(key, Role::kViewer, /*media_flowed=*/false);
  }
  void Publish(const StreamKey& key, const std::string& origin) {
    Claim(key, origin, Role::kPublisher);
    directory_->MediaFlows(key, Role::kPublisher);
  }
  void EndPublisher(const StreamKey& key) {
    directory_->SessionEnded(key, Role::kPublisher, /*media_flowed=*/true);
  }
  // Leaves an idle mapping behind.
  void PublishOnce(const StreamKey& key, const std::string& origin) {
    Publish(key, origin);
    EndPublisher(key);
  }

  FakeClock clock_;
  std::unique_ptr<StreamDirectory> directory_ = GetParam().make(clock_, kCap);
  const StreamKey key_{"example.com", "live", "cam"};
};

}  // namespace srsproxy
