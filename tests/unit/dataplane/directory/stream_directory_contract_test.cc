// Claims, sessions and listings, as every StreamDirectory has to keep them.
#include "tests/unit/dataplane/directory/stream_directory_contract.h"

#include <atomic>
#include <latch>
#include <set>
#include <thread>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

TEST_P(StreamDirectoryContractTest, KnowsNothingAtFirst) {
  EXPECT_EQ(directory_->Find(key_), std::nullopt);
  EXPECT_EQ(directory_->size(), 0u);
  EXPECT_TRUE(directory_->List("", 10).mappings.empty());
}

TEST_P(StreamDirectoryContractTest, FirstClaimWins) {
  const Claimed first = Claim(key_, "a", Role::kPublisher);
  EXPECT_TRUE(first.granted);
  EXPECT_EQ(first.mapping.key, key_);
  EXPECT_EQ(first.mapping.origin_id, "a");
  ExpectNow(first.mapping.claimed_at);
  EXPECT_TRUE(first.mapping.provisional);

  const Claimed second = Claim(key_, "b");
  EXPECT_FALSE(second.granted);
  EXPECT_EQ(second.mapping.origin_id, "a");
  EXPECT_EQ(second.mapping.version, first.mapping.version);
  EXPECT_EQ(second.mapping.publishers, 1u);
  EXPECT_EQ(second.mapping.viewers, 1u);
  EXPECT_EQ(directory_->size(), 1u);
}

TEST_P(StreamDirectoryContractTest, ViewersClaimGoesWithItsLastSession) {
  Claim(key_, "a");
  Claim(key_, "b");
  EXPECT_TRUE(MarkLive(key_, Role::kViewer).ok());
  EXPECT_FALSE(directory_->Find(key_)->provisional);
  End(key_, Role::kViewer, /*live=*/true);
  EXPECT_TRUE(directory_->Find(key_).has_value());
  EndViewer(key_);
  EXPECT_EQ(directory_->Find(key_), std::nullopt);
  EXPECT_EQ(directory_->size(), 0u);
}

TEST_P(StreamDirectoryContractTest, RefusedPublishersClaimGoes) {
  Claim(key_, "a", Role::kPublisher);
  End(key_, Role::kPublisher, /*live=*/false);
  EXPECT_EQ(directory_->Find(key_), std::nullopt);
}

TEST_P(StreamDirectoryContractTest, PublishersMappingStays) {
  Claim(key_, "a", Role::kPublisher);
  EXPECT_TRUE(MarkLive(key_, Role::kPublisher).ok());
  EXPECT_TRUE(directory_->Find(key_)->publisher_live);
  EXPECT_FALSE(directory_->Find(key_)->provisional);
  End(key_, Role::kPublisher, /*live=*/true);
  const auto mapping = directory_->Find(key_);
  ASSERT_TRUE(mapping.has_value());
  EXPECT_EQ(mapping->origin_id, "a");
  EXPECT_FALSE(mapping->publisher_live);
  EXPECT_EQ(mapping->publishers, 0u);
}

TEST_P(StreamDirectoryContractTest, PublishersMappingStaysAfterItsViewersToo) {
  Claim(key_, "a");
  PublishOnce(key_, "b");
  EXPECT_EQ(directory_->Find(key_)->origin_id, "a");
  EndViewer(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "a");
}

TEST_P(StreamDirectoryContractTest, ReplacesOnlyTheVersionThatWasSeen) {
  const uint64_t seen = Claim(key_, "a").mapping.version;
  const Claimed moved = Claim(key_, "b", Role::kViewer, seen);
  EXPECT_TRUE(moved.granted);
  EXPECT_EQ(moved.mapping.origin_id, "b");
  EXPECT_GT(moved.mapping.version, seen);
  EXPECT_EQ(moved.mapping.viewers, 2u);

  const Claimed late = Claim(key_, "c", Role::kViewer, seen);
  EXPECT_FALSE(late.granted);
  EXPECT_EQ(late.mapping.origin_id, "b");
}

TEST_P(StreamDirectoryContractTest, NoVersionIsUsedTwice) {
  const uint64_t before = Claim(key_, "a").mapping.version;
  EndViewer(key_);
  Claim(key_, "b");
  EXPECT_FALSE(Claim(key_, "c", Role::kViewer, before).granted);
}

TEST_P(StreamDirectoryContractTest, ReplacedPublishersMappingIsProvisional) {
  PublishOnce(key_, "a");
  const uint64_t seen = directory_->Find(key_)->version;
  EXPECT_TRUE(Claim(key_, "b", Role::kViewer, seen).mapping.provisional);
  EndViewer(key_);
  EXPECT_EQ(directory_->Find(key_), std::nullopt);
}

TEST_P(StreamDirectoryContractTest, FollowedPublishersMappingStays) {
  PublishOnce(key_, "a-1");
  const uint64_t seen = directory_->Find(key_)->version;
  EXPECT_TRUE(
      Claim({.key = key_, .origin_id = "a-2", .replaces_version = seen, .inherits = true}).granted);
  EndViewer(key_);
  EXPECT_EQ(directory_->Find(key_)->origin_id, "a-2");
}

TEST_P(StreamDirectoryContractTest, FindsTheSameStreamInOneOtherVhost) {
  const StreamKey elsewhere{"other.com", "live", "cam"};
  const StreamKey third{"third.com", "live", "cam"};
  Claim({"example.com", "live", "cam2"}, "x");
  Claim({"example.com", "live2", "cam"}, "x");
  EXPECT_EQ(directory_->FindInOtherVhost(elsewhere), std::nullopt);
  Claim(key_, "a");
  EXPECT_EQ(directory_->FindInOtherVhost(key_), std::nullopt) << "its own is no other";
  ASSERT_TRUE(directory_->FindInOtherVhost(elsewhere).has_value());
  EXPECT_EQ(directory_->FindInOtherVhost(elsewhere)->key, key_);
  Claim(third, "b");
  EXPECT_EQ(directory_->FindInOtherVhost(elsewhere), std::nullopt) << "two are ambiguous";
  EXPECT_EQ(directory_->FindInOtherVhost(key_)->key, third);
}

TEST_P(StreamDirectoryContractTest, FindsTheSameStreamWhereAllOtherVhostsHaveIt) {
  const StreamKey elsewhere{"other.com", "live", "cam"};
  Claim(key_, "a", Role::kPublisher);
  Claim({"third.com", "live", "cam"}, "a");
  const auto found = directory_->FindInOtherVhost(elsewhere);
  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->origin_id, "a");
  EXPECT_EQ(found->publishers, 1u) << "the sessions of all of them";
  EXPECT_EQ(found->viewers, 1u);
}

TEST_P(StreamDirectoryContractTest, AClaimGoesWhereAnotherVhostWasClaimedMeanwhile) {
  const StreamKey elsewhere{"other.com", "live", "cam"};
  const auto goes_to = [&](Role role, std::optional<std::string> seen) {
    const Claimed claimed = Claim(
        {.key = elsewhere, .origin_id = "b", .role = role, .other_vhost_origin = std::move(seen)});
    EXPECT_TRUE(claimed.granted);
    End(elsewhere, role);
    return claimed.mapping.origin_id;
  };
  Claim(key_, "a");
  EXPECT_EQ(goes_to(Role::kPublisher, ""), "a") << "nothing was seen, and viewers wait there now";
  EXPECT_EQ(goes_to(Role::kPublisher, "a"), "b") << "it was seen, and is not wanted";
  EXPECT_EQ(goes_to(Role::kPublisher, std::nullopt), "b") << "it does not matter: a pin";
  Claim(key_, "a", Role::kPublisher);
  EXPECT_EQ(goes_to(Role::kPublisher, ""), "b") << "viewers have a publisher there";
  EXPECT_EQ(goes_to(Role::kViewer, ""), "a");
}

TEST_P(StreamDirectoryContractTest, CapLetsTheOldestIdleMappingGo) {
  const auto key = [](size_t i) { return StreamKey{"v.com", "live", std::to_string(i)}; };
  for (size_t i = 0; i < kCap; ++i) PublishOnce(key(i), "a");
  Claim(key(0), "a");  // In use again, and the youngest when it ends.
  EndViewer(key(0));
  Claim(key(1), "a");  // In use.

  EXPECT_TRUE(Claim(key_, "b").granted);
  EXPECT_EQ(directory_->size(), kCap);
  EXPECT_EQ(directory_->Find(key(2)), std::nullopt);
  EXPECT_TRUE(directory_->Find(key(0)).has_value());
  EXPECT_TRUE(directory_->Find(key(1)).has_value());
  EXPECT_TRUE(directory_->Find(key(3)).has_value());
}

TEST_P(StreamDirectoryContractTest, CapRefusesWhenEveryMappingIsInUse) {
  for (size_t i = 0; i < kCap; ++i) Claim({"v.com", "live", std::to_string(i)}, "a");
  const auto refused = TryClaim({key_, "a", Role::kViewer});
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(TryClaim({{"v.com", "live", "7"}, "a", Role::kViewer}).ok()) << "no new mapping";
  EXPECT_EQ(directory_->size(), kCap);

  EndViewer({"v.com", "live", "8"});
  EXPECT_TRUE(TryClaim({key_, "a", Role::kViewer}).ok());
}

TEST_P(StreamDirectoryContractTest, ListsInOneOrderPageByPage) {
  std::set<std::string> made;
  for (const char* vhost : {"__defaultVhost__", "b.com"}) {
    for (const char* app : {"live", "live!", "live/sub", "a"}) {
      for (int i = 0; i < 10; ++i) {
        const StreamKey key{vhost, app, std::to_string(i)};
        Claim(key, "a");
        made.insert(key.ToString());
      }
    }
  }
  for (const size_t limit : {1, 7, 79, 80, 1000}) {
    std::vector<StreamKey> listed;
    std::string after;
    size_t pages = 0;
    do {
      const auto page = directory_->List(after, limit);
      EXPECT_LE(page.mappings.size(), limit);
      for (const StreamMapping& mapping : page.mappings) listed.push_back(mapping.key);
      after = page.next;
      ASSERT_LE(++pages, made.size() + 1) << "the listing does not end";
    } while (!after.empty());
    EXPECT_EQ(listed.size(), made.size()) << limit;
    EXPECT_EQ(pages, (made.size() + limit - 1) / limit);
    const auto in_order = [](const StreamKey& a, const StreamKey& b) {
      return std::tie(a.app, a.stream, a.vhost) < std::tie(b.app, b.stream, b.vhost);
    };
    EXPECT_TRUE(std::is_sorted(listed.begin(), listed.end(), in_order)) << limit;
    std::set<std::string> paged;
    for (const StreamKey& key : listed) paged.insert(key.ToString());
    EXPECT_EQ(paged, made) << limit;
  }
}

TEST_P(StreamDirectoryContractTest, ListingGoesOnAfterAMappingThatHasGone) {
  for (const char* stream : {"a", "b", "c"}) Claim({"v.com", "live", stream}, "o");
  const std::string next = directory_->List("", 2).next;
  EndViewer({"v.com", "live", "b"});
  const auto rest = directory_->List(next, 10);
  ASSERT_EQ(rest.mappings.size(), 1u);
  EXPECT_EQ(rest.mappings[0].key.stream, "c");
}

TEST_P(StreamDirectoryContractTest, OneOf64ConcurrentClaimsWins) {
  constexpr int kClaims = 64;
  std::latch start(kClaims);
  std::latch answered(kClaims);
  std::atomic<int> granted = 0;
  std::vector<ClaimOutcome> outcomes(kClaims);
  std::vector<std::thread> threads;
  for (int i = 0; i < kClaims; ++i) {
    threads.emplace_back([&, i] {
      start.arrive_and_wait();
      directory_->Claim({key_, "origin-" + std::to_string(i), Role::kViewer},
                        [&, i](absl::StatusOr<ClaimOutcome> outcome) {
                          granted += outcome->granted ? 1 : 0;
                          outcomes[i] = *std::move(outcome);
                          answered.count_down();
                        });
    });
  }
  answered.wait();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(granted, 1);
  std::set<std::string> origins;
  for (const ClaimOutcome& outcome : outcomes) origins.insert(outcome.mapping.origin_id);
  EXPECT_EQ(origins.size(), 1u);
  EXPECT_EQ(directory_->Find(key_)->viewers, static_cast<uint32_t>(kClaims));
}

TEST_P(StreamDirectoryContractTest, ConcurrentUseNeverExceedsTheCapNorLosesCount) {
  constexpr int kThreads = 8;
  constexpr int kRounds = 400;
  std::latch start(kThreads);
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int i = 0; i < kRounds; ++i) {
        const StreamKey key{"v.com", "live", std::to_string((i * 7 + t) % 150)};
        const Role role = i % 3 == 0 ? Role::kPublisher : Role::kViewer;
        // As a balancer does.
        const auto known = directory_->Find(key);
        const std::string origin = known.has_value() ? known->origin_id : "o" + std::to_string(t);
        const auto claimed = TryClaim({key, origin, role});
        if (!claimed.ok()) continue;
        const absl::Status accepted = MarkLive(*claimed->hold);
        EXPECT_TRUE(accepted.ok()) << accepted;
        EXPECT_LE(directory_->size(), kCap);
        directory_->List("", 20);
        directory_->FindInOtherVhost(key);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  Settle();
  const auto page = directory_->List("", 1000);
  EXPECT_EQ(page.mappings.size(), directory_->size());
  for (const StreamMapping& mapping : page.mappings) {
    EXPECT_EQ(mapping.publishers + mapping.viewers, 0u) << mapping.key.ToString();
    EXPECT_FALSE(mapping.publisher_live) << mapping.key.ToString();
    EXPECT_FALSE(mapping.used_elsewhere) << mapping.key.ToString();
  }
  EXPECT_EQ(directory_->in_use(), 0u);
}

INSTANTIATE_TEST_SUITE_P(Directories, StreamDirectoryContractTest, AllDirectories(),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy
