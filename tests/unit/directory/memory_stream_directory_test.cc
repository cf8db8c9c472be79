#include "dataplane/directory/memory_stream_directory.h"

#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

TEST(MemoryStreamDirectoryTest, AnswersClaimsInline) {
  FakeClock clock;
  MemoryStreamDirectory directory(clock, 10);
  bool answered = false;
  directory.Claim({{"v.com", "live", "cam"}, "a", Role::kViewer},
                  [&](absl::StatusOr<ClaimOutcome> outcome) { answered = outcome.ok(); });
  EXPECT_TRUE(answered);
}

TEST(MemoryStreamDirectoryTest, MayBeUsedFromTheAnswer) {
  FakeClock clock;
  MemoryStreamDirectory directory(clock, 10);
  const StreamKey key{"v.com", "live", "cam"};
  directory.Claim({key, "a", Role::kViewer}, [&](absl::StatusOr<ClaimOutcome>) {
    directory.SessionEnded(key, Role::kViewer, /*media_flowed=*/false);
  });
  EXPECT_EQ(directory.size(), 0u);
}

// A mapping that was published and is not used any more stays until its place is needed.
void Leave(MemoryStreamDirectory& directory, const StreamKey& key) {
  directory.Claim({key, "a", Role::kPublisher}, [](const absl::StatusOr<ClaimOutcome>&) {});
  directory.MediaFlows(key, Role::kPublisher);
  directory.SessionEnded(key, Role::kPublisher, /*media_flowed=*/true);
}

TEST(MemoryStreamDirectoryTest, ALowerCapDropsTheOldestIdleMappings) {
  FakeClock clock;
  MemoryStreamDirectory directory(clock, 10);
  const auto key = [](const std::string& stream) { return StreamKey{"v.com", "live", stream}; };
  directory.Claim({key("used"), "a", Role::kViewer}, [](const absl::StatusOr<ClaimOutcome>&) {});
  for (const char* stream : {"old", "young"}) Leave(directory, key(stream));
  directory.SetMaxStreams(2);
  EXPECT_FALSE(directory.Find(key("old")).has_value());
  EXPECT_TRUE(directory.Find(key("young")).has_value());
  directory.SetMaxStreams(0);
  EXPECT_EQ(directory.size(), 1u);
  EXPECT_TRUE(directory.Find(key("used")).has_value()) << "a mapping in use stays";

  directory.SetMaxStreams(2);
  absl::Status more;
  const auto answer = [&](absl::StatusOr<ClaimOutcome> outcome) { more = outcome.status(); };
  directory.Claim({key("second"), "a", Role::kViewer}, answer);
  EXPECT_TRUE(more.ok()) << more;
  directory.Claim({key("third"), "a", Role::kViewer}, answer);
  EXPECT_TRUE(absl::IsResourceExhausted(more));
}

TEST(MemoryStreamDirectoryTest, PinsOutliveIt) {
  FakeClock clock;
  const auto state = std::make_shared<StateFile>();
  const StreamKey key{"v.com", "live/room", "cam"};
  {
    MemoryStreamDirectory directory(clock, 10, state);
    directory.Pin({key, "one"}, [](absl::StatusOr<StreamPin> pin) { EXPECT_TRUE(pin.ok()); });
    directory.Pin({{"v.com", "live", "gone"}, "one"}, [](absl::StatusOr<StreamPin>) {});
    directory.Unpin({"v.com", "live", "gone"},
                    [](absl::StatusOr<StreamPin> pin) { EXPECT_TRUE(pin.ok()); });
  }
  const MemoryStreamDirectory directory(clock, 10, state);
  EXPECT_EQ(directory.PinnedServer(key), "one");
  EXPECT_EQ(directory.ListPins("", 10).pins.size(), 1u);
}

}  // namespace
}  // namespace srsproxy
