// A store of streams on a real Redis, for one proxy of a fleet.
#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/fleet_feed.h"
#include "dataplane/directory/redis/redis_stream_directory.h"
#include "dataplane/directory/redis/script_runner.h"
#include "dataplane/directory/redis/settle_time.h"
#include "tests/support/forwarded_streams.h"
#include "tests/support/redis_server.h"
#include "tests/support/wait_until.h"

namespace srsproxy {

// One proxy's connections to `server`, synced.
class RedisProxy final : public redis::LinkObserver {
 public:
  // `port`: a way to the server; 0: its own. `patience`: as FleetStreams'.
  RedisProxy(const RedisServer& server, const Clock& clock, size_t max_streams, std::string name,
             uint16_t port = 0, absl::Duration patience = redis::FleetStreams::kPatience)
      : server_(server),
        identity_{.proxy = std::move(name), .history = "a-history"},
        client_(redis::Client::Make(Options(port == 0 ? server.port() : port), redis::AllScripts(),
                                    metrics_, logger_)
                    .value()),
        scripts_(client_->command(), identity_, logger_),
        feed_(*client_, identity_, real_clock_, logger_, scripts_.broken_keys()),
        streams_(std::make_shared<redis::RedisStreamDirectory>(clock, max_streams, scripts_, feed_,
                                                               patience)) {
    scripts_.SetHistoryObserver([this](std::string_view history) { feed_.OnHistory(history); });
    feed_.SetAnewObserver([this] { Announce(); });
    feed_.Add("stream", *streams_);
    feed_.Add("pin", *streams_);
    Announce();
    client_->command().Open(*this);
    client_->Every(absl::Milliseconds(100), [this] {
      streams_->Tick();
      if (connected_) settle_time_.Tick();
    });
    feed_.Start();
    WaitUntil([&] { return streams_->state() == StoreState::kSynced; }, "the feed is synced");
  }
  ~RedisProxy() override {
    streams_->Stop();
    client_->Stop();
  }

  // It lives: what it holds counts.
  void Announce() const {
    server_.Command({"SET", "srs-proxy-x-proxy:" + identity_.proxy, "alive"});
  }
  // As a write that has succeeded shows.
  void BeUsable() {
    if (!streams_->is_usable()) streams_->OnUsable();
  }

  // How often it has reached Redis.
  int connections() const { return connections_; }
  // The proxies that it has seen alive, itself aside.
  void Know(std::vector<std::string> proxies) {
    const std::lock_guard lock(mutex_);
    known_ = std::move(proxies);
  }
  bool settles() const { return settle_time_.holds(); }

  const std::shared_ptr<redis::RedisStreamDirectory>& streams() const { return streams_; }
  redis::FleetFeed& feed() { return feed_; }
  redis::ScriptRunner& scripts() { return scripts_; }

  // Until what was asked is written, and what was written is seen here.
  void Settle() {
    WaitUntil([&] { return streams_->IsIdle() && HasSeenAll() && streams_->IsIdle(); },
              "what was written is seen");
  }

  void OnConnected(const redis::ServerInfo&) override {
    connected_ = true;
    ++connections_;
    if (std::exchange(connected_once_, true)) settle_time_.Begin();
    streams_->OnUsable();
  }
  void OnLost(const absl::Status&) override {
    connected_ = false;
    streams_->OnLost();
  }

 private:
  // A machine on which much runs at once may let Redis wait for its turn.
  redis::ClientOptions Options(uint16_t port) const {
    redis::ClientOptions options;
    options.port = port;
    options.proxy_id = identity_.proxy;
    options.connect_timeout = options.deadline = absl::Minutes(1);
    options.max_backoff = absl::Milliseconds(200);
    return options;
  }
  bool HasSeenAll() {
    const auto reply = server_.Command({"HMGET", "srs-proxy-x-history", "token", "fed"});
    const auto values = reply.AsArray().value();
    const std::string history(values[0].AsOptionalText().value().value_or(""));
    const auto number =
        values[1].is_nil() ? 0 : static_cast<uint64_t>(values[1].AsInteger().value());
    const redis::FleetFeed::Position position = feed_.position();
    return position.history == history && position.number >= number;
  }

  const RedisServer& server_;
  Clock real_clock_;
  Metrics metrics_{"test"};
  Logger logger_{LogOptions{}};
  const redis::FleetIdentity identity_;
  const std::unique_ptr<redis::Client> client_;
  redis::ScriptRunner scripts_;
  redis::FleetFeed feed_;
  const std::shared_ptr<redis::RedisStreamDirectory> streams_;
  std::mutex mutex_;
  std::vector<std::string> known_;  // Guarded by mutex_.
  // On the thread of Redis.
  redis::SettleTime settle_time_{{.link = client_->command(),
                                  .scripts = scripts_,
                                  .clock = real_clock_,
                                  .proxies =
                                      [this] {
                                        const std::lock_guard lock(mutex_);
                                        return known_;
                                      },
                                  .written = [this] { return streams_->WrittenIn(); }}};
  bool connected_ = false;
  bool connected_once_ = false;
  std::atomic<int> connections_ = 0;
};

// The same as a store, with a Redis of its own.
class RedisStreams final : public ForwardedStreams {
 public:
  RedisStreams(const Clock& clock, size_t max_streams)
      : RedisStreams(std::make_unique<Parts>(clock, max_streams)) {}

  void Settle() { parts_->proxy.Settle(); }

 private:
  struct Parts {
    Parts(const Clock& clock, size_t max_streams) : proxy(server, clock, max_streams, "one:1") {}
    RedisServer server;
    RedisProxy proxy;
  };
  explicit RedisStreams(std::unique_ptr<Parts> parts)
      : ForwardedStreams(parts->proxy.streams()), parts_(std::move(parts)) {}

  const std::unique_ptr<Parts> parts_;
};

}  // namespace srsproxy
