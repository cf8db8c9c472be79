// What a proxy has of the Redis that it shares with others, as far as origins go.
#pragma once

#include <unistd.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "dataplane/core/clock.h"
#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/redis_origin_store.h"
#include "dataplane/directory/redis/script_runner.h"
#include "tests/support/fake_clock.h"

namespace srsproxy {

// Whether `condition` becomes true; it is looked at often.
inline bool Eventually(const std::function<bool()>& condition) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > end) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  return true;
}

class RedisOrigins final : public redis::LinkObserver {
 public:
  struct Options {
    uint16_t port = 0;
    std::string id = "p1";
    std::string key_prefix = "";
    std::function<void(std::string_view)> log = [](std::string_view) {};
  };

  explicit RedisOrigins(const Options& options)
      : logger_({.sink = options.log}),
        identity_{.proxy = options.id + ":boot",
                  .history = "history-of-" + options.id,
                  .keys = redis::Keys(options.key_prefix)} {
    redis::ClientOptions client;
    client.port = options.port;
    client.proxy_id = options.id;
    // A machine on which much runs at once may let Redis wait for its turn.
    client.connect_timeout = client.deadline = absl::Minutes(1);
    client.max_backoff = absl::Milliseconds(100);
    client_ = *redis::Client::Make(client, redis::AllScripts(), metrics_, logger_);
    scripts_ = std::make_unique<redis::ScriptRunner>(client_->command(), identity_, logger_);
    feed_ = std::make_unique<redis::FleetFeed>(*client_, identity_, clock_, logger_,
                                               scripts_->broken_keys());
    scripts_->SetHistoryObserver([this](std::string_view token) { feed_->OnHistory(token); });
    store_ = std::make_unique<redis::RedisOriginStore>(
        redis::RedisOriginStore::Needs{.scripts = *scripts_,
                                       .link = client_->command(),
                                       .clock = store_clock_,
                                       .logger = logger_,
                                       .state = [this] { return feed_->state(); }});
    for (const char* kind : {"origin", "decision", "beats"}) feed_->Add(kind, *store_);
    client_->command().Open(*this);
    feed_->Start();
    EXPECT_TRUE(Eventually([this] { return store_->HearsAll(); }));
  }
  ~RedisOrigins() override { Stop(); }
  // From then on nothing of Redis is called.
  void Stop() {
    store_->Stop();
    client_->Stop();
  }

  void OnConnected(const redis::ServerInfo&) override { store_->OnConnected(); }
  void OnLost(const absl::Status&) override { store_->OnLost(); }

  redis::RedisOriginStore& store() { return *store_; }
  redis::FleetFeed& feed() { return *feed_; }
  redis::Link& link() { return client_->command(); }
  const redis::Keys& keys() const { return identity_.keys; }
  FakeClock& clock() { return store_clock_; }  // Of the store alone.
  const Logger& logger() const { return logger_; }

  // What was put is in Redis.
  bool WaitIdle() {
    return Eventually([this] { return store_->IsIdle(); });
  }
  bool WaitFor(std::string_view origin_id) {
    return Eventually([this, origin_id] { return store_->Find(origin_id).has_value(); });
  }
  bool WaitGone(std::string_view origin_id) {
    return Eventually([this, origin_id] { return !store_->Find(origin_id).has_value(); });
  }

 private:
  const Clock clock_;
  FakeClock store_clock_;
  const Logger logger_;
  Metrics metrics_{"test"};
  const redis::FleetIdentity identity_;
  std::unique_ptr<redis::Client> client_;
  std::unique_ptr<redis::ScriptRunner> scripts_;
  std::unique_ptr<redis::FleetFeed> feed_;
  std::unique_ptr<redis::RedisOriginStore> store_;
};

}  // namespace srsproxy
