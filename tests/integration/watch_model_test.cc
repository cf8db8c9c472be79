// Watchers that are killed, cut and resumed while everything changes: in the end the picture that
// each of them has equals the lists.

#include <atomic>
#include <limits>
#include <random>
#include <thread>

#include <gtest/gtest.h>

#include "controlplane/services/watch_token.h"
#include "tests/integration/event_server.h"

namespace srsproxy::control {
namespace {

class Model {
 public:
  Model(size_t ring, unsigned seed) : server_(ring), seed_(seed) {}

  // Acts on two threads while `watchers` follow; afterwards each of them has the true picture.
  void Run(int watchers);

  int cut() const { return cut_; }

 private:
  static constexpr int kRounds = 30;

  v1::WatchRequest RequestOf(int watcher) const;
  void Follow(int watcher);
  // Reads until the watch ends or has seen everything, and kills it after so many messages. Whether
  // it has seen everything.
  bool Read(Watcher& watch, Picture& seen, std::string& token, int messages);
  void Act();

  EventServer server_;
  const unsigned seed_;
  std::atomic<int> steps_ = 0;  // Messages read and watches ended.
  std::atomic<int> cut_ = 0;
  std::atomic<uint64_t> goal_ = std::numeric_limits<uint64_t>::max();  // The last sequence.
  std::atomic<int> done_ = 0;                                          // Watchers.
  std::vector<Picture> pictures_;
};

v1::WatchRequest Model::RequestOf(int watcher) const {
  v1::WatchRequest request;
  if (watcher % 4 == 2) request.set_stream("v.io/live/s7");
  if (watcher % 4 == 3) request.set_origin_id("vid-1-s0-1");
  return request;
}

void Model::Follow(int watcher) {
  std::mt19937 random(seed_ * 100 + static_cast<unsigned>(watcher));
  const auto any = [&random](int count) {
    return std::uniform_int_distribution<>(0, count - 1)(random);
  };
  auto& seen = pictures_[static_cast<size_t>(watcher)];
  std::string token;
  bool complete = false;
  while (!complete) {
    auto request = RequestOf(watcher);
    request.set_resume_token(token);
    if (token.empty()) seen = {};
    Watcher watch(*server_.stub, request);
    complete = Read(watch, seen, token, any(3) == 0 ? 1 + any(8) : 1'000'000);
    ++steps_;
    steps_.notify_all();
    if (complete) break;
    const auto status = watch.Finish();
    if (status.code() == absl::StatusCode::kOutOfRange) {
      ++cut_;
      token.clear();
    } else {
      EXPECT_EQ(status.code(), absl::StatusCode::kCancelled) << status;
      // Sometimes for so long that the log goes past.
      if (any(2) == 0) {
        (void)server_.fleet.log.WaitAfter(server_.fleet.log.last_sequence() + 100,
                                          absl::Milliseconds(200), {});
      }
    }
  }
  ++done_;
  ++steps_;
  steps_.notify_all();
}

bool Model::Read(Watcher& watch, Picture& seen, std::string& token, int messages) {
  for (int i = 0; i < messages; ++i) {
    const auto message = watch.Read();
    if (!message) return false;
    seen.Apply(*message);
    token = message->resume_token();
    ++steps_;
    steps_.notify_all();
    if (!token.empty() && ParseWatchToken(token)->sequence >= goal_) return true;
  }
  watch.Cancel();
  return false;
}

void Model::Act() {
  FleetActor first(server_.fleet, seed_);
  FleetActor second(server_.fleet, seed_ + 1);
  for (int round = 0; round < kRounds; ++round) {
    const int before = steps_;
    {
      const auto act = [](FleetActor& actor) {
        for (int i = 0; i < 60; ++i) actor.Act();
      };
      std::jthread other(act, std::ref(second));
      act(first);
    }
    for (int now = steps_; now < before + 4; now = steps_) steps_.wait(now);
  }
}

void Model::Run(int watchers) {
  pictures_.resize(static_cast<size_t>(watchers));
  std::vector<std::jthread> threads;
  for (int i = 0; i < watchers; ++i) threads.emplace_back([this, i] { Follow(i); });
  Act();
  goal_ = server_.fleet.log.last_sequence();
  // What has nothing more to send sends that each 10 s.
  for (int now = steps_; done_ < watchers; now = steps_) {
    server_.fleet.clock.Advance(absl::Seconds(10));
    steps_.wait(now);
  }
  threads.clear();
  const auto truth = Picture::Of(server_.fleet);
  for (int i = 0; i < watchers; ++i) {
    const auto request = RequestOf(i);
    const auto& seen = pictures_[static_cast<size_t>(i)];
    if (!request.stream().empty()) {
      EXPECT_EQ(seen, truth.OnlyStream(request.stream())) << i;
    } else if (!request.origin_id().empty()) {
      EXPECT_EQ(seen.OnlyOrigin(request.origin_id()), truth.OnlyOrigin(request.origin_id())) << i;
    } else {
      EXPECT_EQ(seen, truth) << i;
    }
  }
}

TEST(WatchModelTest, EveryPictureEqualsTheLists) {
  Model model(EventLog::kCapacity, 1);
  model.Run(8);
}

TEST(WatchModelTest, EveryPictureEqualsTheListsWhenTheLogIsShort) {
  Model model(48, 2);
  model.Run(8);
  EXPECT_GT(model.cut(), 0);
}

}  // namespace
}  // namespace srsproxy::control
