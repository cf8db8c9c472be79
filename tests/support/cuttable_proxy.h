// A store of streams on a real Redis, whose way there can be cut.
#pragma once

#include <string>

#include "dataplane/core/clock.h"
#include "tests/support/fault_relay.h"
#include "tests/support/redis_streams.h"
#include "tests/support/wait_until.h"

namespace srsproxy {

struct CuttableProxy {
  CuttableProxy(const RedisServer& server, const Clock& clock, const std::string& name)
      : relay(server.port(), 1, {.faulty = false}),
        redis(server, clock, 1000, name, relay.port()) {}

  StreamDirectory& streams() { return *redis.streams(); }
  // Nothing of what comes later is seen.
  void Cut() {
    relay.SetCut(true);
    WaitUntil([&] { return streams().state() == StoreState::kGone; }, "Redis is gone");
  }
  void Heal() {
    relay.SetCut(false);
    redis.Announce();
    WaitUntil([&] { return streams().state() == StoreState::kSynced; }, "Redis is back");
  }

  FaultRelay relay;
  RedisProxy redis;
};

}  // namespace srsproxy
