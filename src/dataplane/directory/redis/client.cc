#include "dataplane/directory/redis/client.h"

#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <pthread.h>

#include "dataplane/directory/redis/connector.h"
#include "dataplane/directory/redis/managed_link.h"
#include "dataplane/directory/redis/sentinel_watch.h"
#include "dataplane/net/poller.h"
#include "dataplane/net/tls.h"

namespace srsproxy::redis {

ClientOptions ClientOptions::From(const Config& config) {
  ClientOptions options;
  options.host = config.redis_host;
  options.port = config.redis_port;
  options.sentinels = config.redis_sentinels;
  options.sentinel_master = config.redis_sentinel_master;
  options.username = config.redis_username;
  options.password = config.redis_password;
  options.db = config.redis_db;
  options.tls = config.redis_tls;
  options.tls_ca = config.redis_tls_ca;
  options.proxy_id = config.id;
  options.connect_timeout = config.connect_timeout;
  return options;
}

class Client::Impl {
 public:
  Impl(ClientOptions options, net::TlsContext tls, std::vector<Script> scripts, Metrics& metrics,
       const Logger& logger)
      : options_(std::move(options)),
        scripts_(std::move(scripts)),
        connector_(poller_, io_.get_executor(), std::move(tls)),
        needs_{connector_, options_, scripts_, metrics, logger},
        watch_(connector_, options_, [this](const MasterSwitch& found) { OnSwitch(found); }) {
    asio::co_spawn(io_, poller_.Run(), asio::detached);
    asio::post(io_, [this] { watch_.Start(); });
    thread_ = std::thread([this] {
      pthread_setname_np(pthread_self(), "redis");
      io_.run();
    });
  }

  ~Impl() { Stop(); }

  void Stop() {
    const std::lock_guard lock(stop_mutex_);
    if (!thread_.joinable()) return;
    asio::post(io_, [this] { StopAll(); });
    thread_.join();
  }

  void Every(absl::Duration interval, std::function<void()> task) {
    auto repeat = [this, interval, task = std::move(task)]() -> net::Task<void> {
      asio::steady_timer timer(io_);
      while (true) {
        timer.expires_after(absl::ToChronoNanoseconds(interval));
        co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (stopping_) co_return;
        task();
      }
    };
    asio::co_spawn(io_, std::move(repeat), asio::detached);
  }

  ManagedLink& command() { return command_; }
  ManagedLink& feed() { return feed_; }
  ManagedLink& bulk() { return bulk_; }

 private:
  void StopAll() {
    stopping_ = true;
    auto ended = [this] {
      if (--running_ == 0) io_.stop();
    };
    for (ManagedLink* link : {&command_, &feed_, &bulk_}) link->Stop(ended);
    watch_.Stop(ended);
  }

  void OnSwitch(const MasterSwitch& found) {
    const absl::Status why = ProxyFailure(absl::StatusCode::kUnavailable,
                                          "the Sentinels have made " + found.to.ToString() +
                                              " the master in place of " + found.from.ToString());
    for (ManagedLink* link : {&command_, &feed_, &bulk_}) link->Follow(found.to, why);
  }

  const ClientOptions options_;
  const std::vector<Script> scripts_;
  // Before io_: what io_ destroys with itself uses it.
  net::Poller poller_{net::Poller::Delivery::kImmediate};
  asio::io_context io_{1};
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(io_);
  const Connector connector_;
  const ManagedLink::Needs needs_;
  ManagedLink command_{{.name = "command", .is_redis_up = true, .loads_scripts = true}, needs_};
  ManagedLink feed_{{.name = "feed", .is_redis_up = false, .loads_scripts = false}, needs_};
  ManagedLink bulk_{{.name = "bulk", .is_redis_up = false, .loads_scripts = false}, needs_};
  SentinelWatch watch_;
  bool stopping_ = false;  // On the thread of Redis.
  int running_ = 4;        // The links and the watch.
  std::mutex stop_mutex_;
  std::thread thread_;
};

absl::StatusOr<std::unique_ptr<Client>> Client::Make(ClientOptions options,
                                                     std::vector<Script> scripts, Metrics& metrics,
                                                     const Logger& logger) {
  net::TlsContext tls;
  if (options.tls) {
    auto loaded = net::LoadClientTls(options.tls_ca);
    if (!loaded.ok()) return loaded.status();
    tls = *std::move(loaded);
  }
  for (const std::string& sentinel : options.sentinels) {
    if (auto address = ParseSentinelAddress(sentinel); !address.ok()) return address.status();
  }
  return std::unique_ptr<Client>(new Client(std::make_unique<Impl>(
      std::move(options), std::move(tls), std::move(scripts), metrics, logger)));
}

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

Link& Client::command() { return impl_->command(); }
Link& Client::feed() { return impl_->feed(); }
Link& Client::bulk() { return impl_->bulk(); }
void Client::Every(absl::Duration interval, std::function<void()> task) {
  impl_->Every(interval, std::move(task));
}
void Client::Stop() { impl_->Stop(); }

}  // namespace srsproxy::redis
