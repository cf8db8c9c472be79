// A client of Redis, whose calls are awaited by the test's thread.
#pragma once

#include <chrono>
#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/directory/redis/client.h"

namespace srsproxy::redis::testing {

inline constexpr auto kPatience = std::chrono::seconds(60);

// Remembers what a link reports.
class WaitingObserver final : public LinkObserver {
 public:
  void OnConnected(const ServerInfo& server) override {
    const std::lock_guard lock(mutex_);
    connected_ = true;
    ++connects_;
    server_ = server;
    changed_.notify_all();
  }
  void OnLost(const absl::Status& why) override {
    const std::lock_guard lock(mutex_);
    connected_ = false;
    lost_.push_back(why);
    changed_.notify_all();
  }

  // False: that does not come within the test's patience.
  bool WaitConnected(int times = 1) {
    return Wait([this, times] { return connected_ && connects_ >= times; });
  }
  bool WaitLost(size_t times = 1) {
    return Wait([this, times] { return !connected_ && lost_.size() >= times; });
  }
  bool WaitLost(absl::StatusCode code) {
    return Wait([this, code] { return !lost_.empty() && lost_.back().code() == code; });
  }

  ServerInfo server() {
    const std::lock_guard lock(mutex_);
    return server_;
  }
  int connects() {
    const std::lock_guard lock(mutex_);
    return connects_;
  }
  std::vector<absl::Status> lost() {
    const std::lock_guard lock(mutex_);
    return lost_;
  }
  std::string why() {
    const std::lock_guard lock(mutex_);
    return lost_.empty() ? "" : std::string(MessageOf(lost_.back()));
  }

 private:
  bool Wait(const std::function<bool()>& condition) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, condition);
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  bool connected_ = false;
  int connects_ = 0;
  ServerInfo server_;
  std::vector<absl::Status> lost_;
};

// Keeps the lines of the log.
class LogLines {
 public:
  LogOptions Options() {
    LogOptions options;
    options.sink = [this](std::string_view line) {
      const std::lock_guard lock(mutex_);
      text_.append(line).push_back('\n');
    };
    return options;
  }
  // How many lines have `part` in them.
  int Count(std::string_view part) {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (size_t at = 0; (at = text_.find(part, at)) != std::string::npos; at += part.size()) {
      ++count;
    }
    return count;
  }
  std::string text() {
    const std::lock_guard lock(mutex_);
    return text_;
  }

 private:
  std::mutex mutex_;
  std::string text_;
};

using Outcome = absl::StatusOr<Reply>;

inline Outcome Await(std::future<Outcome> answer) {
  if (answer.wait_for(kPatience) != std::future_status::ready) {
    return absl::DeadlineExceededError("the call was never answered");
  }
  return answer.get();
}

inline std::future<Outcome> BeginCall(Link& link, std::initializer_list<std::string_view> command,
                                      absl::Duration deadline = absl::Seconds(20)) {
  auto answered = std::make_shared<std::promise<Outcome>>();
  auto answer = answered->get_future();
  link.Call(
      "test", Arguments(command.begin(), command.size()),
      [answered](Outcome reply) { answered->set_value(std::move(reply)); }, deadline);
  return answer;
}

inline Outcome CallAndWait(Link& link, std::initializer_list<std::string_view> command,
                           absl::Duration deadline = absl::Seconds(20)) {
  return Await(BeginCall(link, command, deadline));
}

inline Outcome RunAndWait(Link& link, std::string_view script,
                          std::initializer_list<std::string_view> keys,
                          std::initializer_list<std::string_view> arguments,
                          absl::Duration deadline = absl::Seconds(20)) {
  auto answered = std::make_shared<std::promise<Outcome>>();
  auto answer = answered->get_future();
  link.Run(
      script, Arguments(keys.begin(), keys.size()), Arguments(arguments.begin(), arguments.size()),
      [answered](Outcome reply) { answered->set_value(std::move(reply)); }, deadline);
  return Await(std::move(answer));
}

class ClientTest : public ::testing::Test {
 protected:
  static std::vector<Script> Scripts() {
    std::vector<Script> scripts;
    scripts.emplace_back("add", "return redis.call('INCRBY', KEYS[1], ARGV[1])");
    scripts.emplace_back("both", "return {KEYS[1], KEYS[2], ARGV[1]}");
    return scripts;
  }

  ClientOptions OptionsFor(uint16_t port) {
    ClientOptions options;
    options.port = port;
    options.proxy_id = "p 1";
    options.max_backoff = absl::Milliseconds(200);
    return options;
  }

  // The client, and its command link open.
  void Open(ClientOptions options) {
    auto made = Client::Make(std::move(options), Scripts(), metrics_, logger_);
    ASSERT_TRUE(made.ok()) << made.status();
    client_ = *std::move(made);
    client_->command().Open(observer_);
  }
  Link& link() { return client_->command(); }
  // The log is written by a thread of its own.
  bool WaitForLine(std::string_view part, int times = 1) {
    const auto late = std::chrono::steady_clock::now() + kPatience;
    while (lines_.Count(part) < times) {
      if (std::chrono::steady_clock::now() > late) return false;
      std::this_thread::yield();
    }
    return true;
  }

  LogLines lines_;
  Logger logger_{lines_.Options()};
  Metrics metrics_{"test"};
  WaitingObserver observer_;
  WaitingObserver other_observer_;
  std::unique_ptr<Client> client_;
};

}  // namespace srsproxy::redis::testing
