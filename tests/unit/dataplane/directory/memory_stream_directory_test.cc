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
  directory.Claim({key, "a", Role::kViewer}, [&](absl::StatusOr<ClaimOutcome> outcome) {
    outcome->hold.reset();
    EXPECT_EQ(directory.size(), 0u);
  });
  EXPECT_EQ(directory.size(), 0u);
}

std::unique_ptr<StreamHold> Claim(MemoryStreamDirectory& directory, const StreamKey& key,
                                  Role role) {
  std::unique_ptr<StreamHold> hold;
  directory.Claim({key, "a", role}, [&](absl::StatusOr<ClaimOutcome> outcome) {
    ASSERT_TRUE(outcome.ok()) << outcome.status();
    hold = std::move(outcome->hold);
  });
  return hold;
}

// A mapping that was published and is not used any more stays until its place is needed.
void Leave(MemoryStreamDirectory& directory, const StreamKey& key) {
  Claim(directory, key, Role::kPublisher)->MarkLive();
}

TEST(MemoryStreamDirectoryTest, ALowerCapDropsTheOldestIdleMappings) {
  FakeClock clock;
  MemoryStreamDirectory directory(clock, 10);
  const auto key = [](const std::string& stream) { return StreamKey{"v.com", "live", stream}; };
  const auto used = Claim(directory, key("used"), Role::kViewer);
  for (const char* stream : {"old", "young"}) Leave(directory, key(stream));
  directory.SetMaxStreams(2);
  EXPECT_FALSE(directory.Find(key("old")).has_value());
  EXPECT_TRUE(directory.Find(key("young")).has_value());
  directory.SetMaxStreams(0);
  EXPECT_EQ(directory.size(), 1u);
  EXPECT_TRUE(directory.Find(key("used")).has_value()) << "a mapping in use stays";

  directory.SetMaxStreams(2);
  const auto second = Claim(directory, key("second"), Role::kViewer);
  absl::Status more;
  directory.Claim({key("third"), "a", Role::kViewer},
                  [&](const absl::StatusOr<ClaimOutcome>& outcome) { more = outcome.status(); });
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
