// Whatever happens between the client and a real server: each call is answered once, and with its
// own reply.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/directory/redis/client.h"
#include "tests/support/fault_relay.h"
#include "tests/support/redis_server.h"
#include "tests/unit/dataplane/directory/redis/redis_fixture.h"

namespace srsproxy::redis::testing {
namespace {

constexpr int kFaults = 12;

class ClientPropertyTest : public ClientTest, public ::testing::WithParamInterface<uint64_t> {
 protected:
  struct Counts {
    std::atomic<int> begun = 0;
    std::atomic<int> answered = 0;
    std::atomic<int> right = 0;
    std::atomic<int> wrong = 0;
  };

  void Echo(const std::string& text, Counts& counts) {
    ++counts.begun;
    const std::string_view command[] = {"ECHO", text};
    link().Call(
        "echo", command,
        [text, &counts](const Outcome& reply) {
          ++counts.answered;
          if (!reply.ok()) return;
          const auto answer = reply->AsText();
          ++(answer.ok() && *answer == text ? counts.right : counts.wrong);
        },
        absl::Milliseconds(200));
  }
};

TEST_P(ClientPropertyTest, EachCallIsAnsweredOnceWithItsOwnReply) {
  RedisServer server;
  FaultRelay relay(server.port(), GetParam());
  auto options = OptionsFor(relay.port());
  options.connect_timeout = absl::Milliseconds(200);
  options.min_backoff = absl::Milliseconds(1);
  options.max_backoff = absl::Milliseconds(10);
  Open(options);
  Counts counts;
  std::atomic<bool> enough = false;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 2; ++thread) {
    threads.emplace_back([&, thread] {
      for (int i = 0; !enough; ++i) {
        const std::string text = std::to_string(thread) + "-" + std::to_string(i);
        Echo(text + std::string(i % 7 == 0 ? 3000 : 20, 'x'), counts);
        if (i % 50 == 0) (void)CallAndWait(link(), {"PING"}, absl::Seconds(1));
      }
    });
  }
  const auto late = std::chrono::steady_clock::now() + kPatience;
  while (relay.faults() < kFaults && std::chrono::steady_clock::now() < late) {
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  EXPECT_GE(relay.faults(), kFaults);
  enough = true;
  for (std::thread& thread : threads) thread.join();
  // It gets well again.
  relay.SetFaulty(false);
  Outcome last = absl::UnavailableError("");
  while (!last.ok() && std::chrono::steady_clock::now() < late) {
    last = CallAndWait(link(), {"PING"}, absl::Seconds(1));
  }
  EXPECT_TRUE(last.ok()) << last.status();
  client_->Stop();
  EXPECT_EQ(counts.answered, counts.begun);
  EXPECT_GT(counts.right, 0);
  EXPECT_EQ(counts.wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Seeds, ClientPropertyTest, ::testing::Range<uint64_t>(1, 4));

}  // namespace
}  // namespace srsproxy::redis::testing
