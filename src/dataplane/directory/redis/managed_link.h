// ManagedLink: a Link that finds the master, connects, and connects again when that is lost.
#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/core/log.h"
#include "dataplane/core/metrics.h"
#include "dataplane/core/status.h"
#include "dataplane/directory/redis/backoff.h"
#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/connector.h"
#include "dataplane/directory/redis/link.h"
#include "dataplane/directory/redis/link_report.h"
#include "dataplane/directory/redis/master_locator.h"
#include "dataplane/directory/redis/open_call.h"
#include "dataplane/directory/redis/server_setup.h"
#include "dataplane/net/cancel_scope.h"
#include "dataplane/net/event.h"

namespace srsproxy::redis {

// Link's functions are thread-safe; all others, and what is private, are for the thread of Redis.
class ManagedLink final : public Link {
 public:
  struct Policy {
    std::string_view name;      // In the log: "command"
    bool is_redis_up = false;   // Its state is srsproxy_redis_up.
    bool loads_scripts = true;  // When it connects.
  };

  // All outlive it.
  struct Needs {
    const Connector& connector;
    const ClientOptions& options;
    std::span<const Script> scripts;
    Metrics& metrics;
    const Logger& logger;
  };

  ManagedLink(Policy policy, const Needs& needs);

  using Link::Call;
  using Link::Run;
  void Call(std::string_view op, Arguments command, Done done, absl::Duration deadline) override;
  void Run(std::string_view script, Arguments keys, Arguments arguments, Done done,
           absl::Duration deadline) override;
  absl::Duration deadline() const override { return needs_.options.deadline; }
  absl::Duration Silence() const override;
  void Open(LinkObserver& observer) override;
  void Close() override;
  void Reconnect(absl::Status why) override;
  // The same, unless it is connected to `master` already. On the thread of Redis.
  void Follow(const Address& master, absl::Status why);

  // Answers all open calls, and later ones, CANCELLED. `ended` is called when nothing of it runs
  // any more.
  void Stop(std::function<void()> ended);

 private:
  // Why a connection was closed, once it was.
  struct Loss;

  static absl::Status Cancelled();
  void Enqueue(OpenCall call, Done done, absl::Duration timeout);
  // OK: it is in the inbox.
  absl::Status Admit(OpenCall& call);
  void TakeInbox();
  void Send(OpenCall call, bool with_source);
  void OnReply(OpenCall call, bool with_source, absl::StatusOr<Reply> reply);
  void Answer(OpenCall& call, absl::StatusOr<Reply> reply);
  const Script* FindScript(std::string_view name) const;

  void Start();
  void OnEnded();
  // Ends what Start has begun. `why`: what open calls are answered.
  void End(const absl::Status& why);
  // Connects again and again until it is cancelled.
  Task<void> StayConnected(net::CancelScope& scope);
  // Connects once, and returns why that failed or, later, why it was lost.
  Task<absl::Status> ConnectAndServe();
  // Returns when it is lost, with the reason.
  Task<absl::Status> Serve(std::shared_ptr<Loss> loss);
  void Lost(const absl::Status& why);
  Task<void> Pause(absl::Duration pause);
  // Gives up the connection that there is, or the attempt under way.
  void Drop(const absl::Status& why);

  const Policy policy_;
  const Needs needs_;
  MasterLocator locator_;
  Backoff backoff_;
  LinkReport report_;

  std::mutex mutex_;             // Guards the inbox and what belongs to it.
  std::vector<OpenCall> inbox_;  // Not yet sent.
  bool inbox_posted_ = false;
  bool stopped_ = false;
  std::atomic<size_t> open_calls_ = 0;  // In the inbox, or sent.
  std::atomic<size_t> open_bytes_ = 0;

  std::shared_ptr<Connection> connection_;  // While calls are sent over it.
  Address address_;                         // Of the last one.
  absl::Status why_away_;                   // Not OK exactly when there is none.
  MonotonicTime silent_since_;              // Of the last one, when there is none.
  LinkObserver* observer_ = nullptr;        // While it is to be open.
  net::CancelScope* scope_ = nullptr;       // While StayConnected runs.
  bool running_ = false;
  std::shared_ptr<Connection> attempt_;  // The connection under setup.
  bool pausing_ = false;
  net::Event retry_;
  absl::Status dropped_;  // Not OK: why the attempt under way counts no more.
  std::function<void()> ended_;
};

}  // namespace srsproxy::redis
