// How a ManagedLink stays connected.
#include <chrono>

#include <boost/asio/post.hpp>

#include "dataplane/directory/redis/managed_link.h"
#include "dataplane/net/time_left.h"
#include "dataplane/net/timeout.h"

namespace srsproxy::redis {
namespace {

using Replies = std::vector<absl::StatusOr<Reply>>;

// Sends the commands of `setup` together and judges the replies.
Task<absl::StatusOr<ServerSetup::Outcome>> SetUp(asio::any_io_executor executor,
                                                 std::shared_ptr<Connection> connection,
                                                 const ServerSetup& setup, absl::Duration timeout) {
  auto send_all = [&](auto done) {
    const size_t size = setup.commands().size();
    auto replies = std::make_shared<Replies>();
    auto all_done = std::make_shared<decltype(done)>(std::move(done));
    for (const std::string& command : setup.commands()) {
      auto take = [replies, all_done, size](absl::StatusOr<Reply> reply) {
        replies->push_back(std::move(reply));
        if (replies->size() == size) (*all_done)(std::move(*replies));
      };
      connection->Send(command, timeout, std::move(take));
    }
  };
  auto replies = co_await net::AwaitCallback<Replies>(executor, std::move(send_all));
  if (!replies.ok()) co_return replies.status();
  co_return setup.Judge(*replies);
}

absl::Status WithAdvice(const absl::Status& why, std::string_view advice) {
  if (absl::IsCancelled(why)) return why;
  return ProxyFailure(why.code(), std::string(MessageOf(why)) + ": " + std::string(advice));
}

// As LinkObserver::OnLost has it.
absl::Status ToLost(const absl::Status& why) {
  switch (why.code()) {
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return why;
    case absl::StatusCode::kDataLoss:
    case absl::StatusCode::kResourceExhausted:
      return ProxyFailure(absl::StatusCode::kDataLoss, MessageOf(why));
    default:
      return ProxyFailure(absl::StatusCode::kUnavailable, MessageOf(why));
  }
}

}  // namespace

struct ManagedLink::Loss {
  explicit Loss(const asio::any_io_executor& executor) : event(executor) {}
  net::Event event;
  absl::Status why;
};

void ManagedLink::Open(LinkObserver& observer) {
  asio::post(needs_.connector.executor(), [this, &observer] {
    if (ended_ != nullptr) return;
    observer_ = &observer;
    if (!running_) Start();
  });
}

void ManagedLink::Close() {
  asio::post(needs_.connector.executor(), [this] {
    observer_ = nullptr;
    report_.Closed();
    End(ProxyFailure(absl::StatusCode::kUnavailable, "this connection to Redis is closed"));
  });
}

void ManagedLink::Reconnect(absl::Status why) {
  asio::post(needs_.connector.executor(), [this, why = std::move(why)] {
    backoff_.Reset();
    Drop(why);
  });
}

void ManagedLink::Follow(const Address& master, absl::Status why) {
  const bool is_there = connection_ != nullptr && address_ == master;
  if (!is_there) Reconnect(std::move(why));
}

void ManagedLink::Stop(std::function<void()> ended) {
  std::vector<OpenCall> calls;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    calls.swap(inbox_);
  }
  observer_ = nullptr;
  ended_ = std::move(ended);
  const bool was_running = running_;
  End(Cancelled());
  for (OpenCall& call : calls) Answer(call, Cancelled());
  if (!was_running) ended_();
}

void ManagedLink::Start() {
  running_ = true;
  backoff_.Reset();
  auto run = [this](net::CancelScope& scope) { return StayConnected(scope); };
  auto ended = [this](const std::exception_ptr&) { OnEnded(); };
  net::SpawnInScope(needs_.connector.executor(), std::move(run), std::move(ended));
}

void ManagedLink::End(const absl::Status& why) {
  why_away_ = why;
  if (connection_ != nullptr) std::exchange(connection_, nullptr)->Close(why);
  if (scope_ != nullptr) scope_->Cancel(Side::kProxy, absl::OkStatus());
}

void ManagedLink::OnEnded() {
  running_ = false;
  scope_ = nullptr;
  if (ended_ != nullptr) return ended_();
  if (observer_ != nullptr) Start();
}

Task<void> ManagedLink::StayConnected(net::CancelScope& scope) {
  scope_ = &scope;
  while (!scope.cancelled() && observer_ != nullptr) {
    const absl::Status why = co_await ConnectAndServe();
    if (scope.cancelled()) break;
    Lost(why);
    co_await Pause(backoff_.Next());
  }
}

Task<absl::Status> ManagedLink::ConnectAndServe() {
  dropped_ = absl::OkStatus();
  auto address = co_await locator_.Locate();
  if (!address.ok()) co_return address.status();
  const asio::any_io_executor& executor = needs_.connector.executor();
  const net::TimeLeft left(needs_.options.connect_timeout);
  auto loss = std::make_shared<Loss>(executor);
  auto closed = [loss](const absl::Status& why) {
    loss->why = why;
    loss->event.Notify();
  };
  auto connected = co_await needs_.connector.Connect(*address, left.now(), std::move(closed));
  if (!connected.ok()) {
    locator_.Distrust();
    co_return WithAdvice(connected.status(), needs_.options.sentinels.empty()
                                                 ? "see PROXY_REDIS_HOST and PROXY_REDIS_PORT"
                                                 : "the Sentinels call it the master");
  }
  attempt_ = *connected;
  const ServerSetup setup(needs_.options,
                          policy_.loads_scripts ? needs_.scripts : std::span<const Script>());
  auto outcome = co_await SetUp(executor, *connected, setup, left.now());
  attempt_.reset();
  if (!dropped_.ok()) co_return dropped_;
  if (!outcome.ok()) {
    locator_.Distrust();
    const bool just_closed = MessageOf(outcome.status()) == Connection::kClosedByServer;
    if (!just_closed || needs_.options.tls) co_return outcome.status();
    co_return WithAdvice(outcome.status(), "does it expect PROXY_REDIS_TLS?");
  }
  report_.Connected(address->ToString(), *outcome);
  connection_ = *connected;
  address_ = *std::move(address);
  if (observer_ != nullptr) observer_->OnConnected(outcome->server);
  co_return co_await Serve(std::move(loss));
}

Task<absl::Status> ManagedLink::Serve(std::shared_ptr<Loss> loss) {
  const MonotonicTime begun = std::chrono::steady_clock::now();
  const auto waited = co_await loss->event.Wait();
  if (connection_ != nullptr) silent_since_ = connection_->silent_since();
  connection_.reset();
  if (!waited.ok()) co_return waited;
  // A connection that never lasts is no reason to hurry.
  if (absl::FromChrono(std::chrono::steady_clock::now() - begun) > needs_.options.max_backoff) {
    backoff_.Reset();
  }
  co_return loss->why;
}

void ManagedLink::Lost(const absl::Status& why) {
  const absl::Status lost = ToLost(why);
  why_away_ = ProxyFailure(absl::StatusCode::kUnavailable, MessageOf(why));
  if (report_.Lost(lost) && observer_ != nullptr) observer_->OnLost(lost);
}

Task<void> ManagedLink::Pause(absl::Duration pause) {
  pausing_ = true;
  const net::Deadline late(needs_.connector.executor(), pause, [this] { retry_.Notify(); });
  const auto waited = co_await retry_.Wait();
  static_cast<void>(waited);  // Cancelled: the caller sees that.
  pausing_ = false;
}

}  // namespace srsproxy::redis
