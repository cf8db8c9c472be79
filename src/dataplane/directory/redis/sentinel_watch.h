// SentinelWatch: learns of a new master when the Sentinels announce it, rather than when the old
// one fails.
#pragma once

#include <functional>
#include <memory>

#include "dataplane/core/status.h"
#include "dataplane/directory/redis/backoff.h"
#include "dataplane/directory/redis/client.h"
#include "dataplane/directory/redis/connector.h"
#include "dataplane/directory/redis/master_locator.h"
#include "dataplane/net/cancel_scope.h"
#include "dataplane/protocol/redis/sentinel.h"

namespace srsproxy::redis {

// Used on the thread of Redis. It is subscribed to one Sentinel at a time. What is announced while
// it is subscribed to none is missed: whoever loses the master queries the Sentinels anyway.
class SentinelWatch {
 public:
  using Switched = std::function<void(const MasterSwitch&)>;

  // All outlive it. `switched` is called with each switch of the options' master.
  SentinelWatch(const Connector& connector, const ClientOptions& options, Switched switched);

  // Nothing, when the options name no Sentinels.
  void Start();
  // `ended` is called when nothing of it runs any more.
  void Stop(std::function<void()> ended);

 private:
  Task<void> Run(net::CancelScope& scope);
  // Returns when the connection is lost.
  Task<void> WatchOne();

  const Connector& connector_;
  const ClientOptions& options_;
  const Switched switched_;
  Sentinels sentinels_;
  Backoff backoff_;
  net::CancelScope* scope_ = nullptr;
  bool running_ = false;
  std::function<void()> ended_;
};

}  // namespace srsproxy::redis
