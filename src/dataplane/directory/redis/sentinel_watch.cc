#include "dataplane/directory/redis/sentinel_watch.h"

#include <utility>

#include "dataplane/core/random_seed.h"
#include "dataplane/net/event.h"
#include "dataplane/net/timeout.h"
#include "dataplane/protocol/redis/command.h"

namespace srsproxy::redis {

SentinelWatch::SentinelWatch(const Connector& connector, const ClientOptions& options,
                             Switched switched)
    : connector_(connector),
      options_(options),
      switched_(std::move(switched)),
      sentinels_(connector, options),
      backoff_(options.min_backoff, options.max_backoff, RandomSeed()) {}

void SentinelWatch::Start() {
  if (sentinels_.empty() || running_) return;
  running_ = true;
  auto run = [this](net::CancelScope& scope) { return Run(scope); };
  auto ended = [this](const std::exception_ptr&) {
    running_ = false;
    scope_ = nullptr;
    if (ended_ != nullptr) ended_();
  };
  net::SpawnInScope(connector_.executor(), std::move(run), std::move(ended));
}

void SentinelWatch::Stop(std::function<void()> ended) {
  if (!running_) return ended();
  ended_ = std::move(ended);
  if (scope_ != nullptr) scope_->Cancel(Side::kProxy, absl::OkStatus());
}

Task<void> SentinelWatch::Run(net::CancelScope& scope) {
  scope_ = &scope;
  while (!scope.cancelled() && ended_ == nullptr) {
    co_await WatchOne();
    sentinels_.Next();
    net::Event over(connector_.executor());
    const net::Deadline pause(connector_.executor(), backoff_.Next(), [&over] { over.Notify(); });
    const auto waited = co_await over.Wait();
    static_cast<void>(waited);  // Cancelled: the loop sees that.
  }
}

Task<void> SentinelWatch::WatchOne() {
  auto over = std::make_shared<net::Event>(connector_.executor());
  auto closed = [over](const absl::Status&) { over->Notify(); };
  std::string command;
  AppendCommand({"SUBSCRIBE", kSwitchMasterChannel}, command);
  std::shared_ptr<Connection> connection;
  const auto reply = co_await sentinels_.Query(std::move(command), options_.connect_timeout,
                                               std::move(closed), connection);
  if (!reply.ok() || reply->is_error()) co_return;
  backoff_.Reset();
  connection->WhenPushed([this](const Reply& message) {
    const auto found = ReadMasterSwitch(message);
    if (found.has_value() && found->name == options_.sentinel_master) switched_(*found);
  });
  const auto waited = co_await over->Wait();
  static_cast<void>(waited);  // Cancelled: the caller sees that.
}

}  // namespace srsproxy::redis
