// Link: a connection to the master of Redis that is kept up, as the stores see it.
#pragma once

#include <string_view>
#include <utility>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>

#include "dataplane/core/status.h"
#include "dataplane/protocol/redis/command.h"
#include "dataplane/protocol/redis/reply.h"
#include "dataplane/protocol/redis/server_info.h"

namespace srsproxy::redis {

// Called on the thread of Redis, one call at a time; never after Client::Stop.
class LinkObserver {
 public:
  virtual ~LinkObserver() = default;

  // It is up: calls made from now on are sent. `server`: a master; what it does not show is empty.
  virtual void OnConnected(const ServerInfo& server) = 0;

  // It is down, or another attempt to connect has failed for another reason than the one before.
  // Attempts go on whatever it is. FAILED_PRECONDITION: what is there cannot be used, by its kind:
  // a Redis Cluster, a server without EVAL or of another kind, one that is too old.
  // UNAUTHENTICATED, PERMISSION_DENIED: it refuses this user. DATA_LOSS: an answer cannot be read,
  // as it is too long or none of Redis. UNAVAILABLE: it is away, or not ready. In words for an
  // operator: what happened, and what to do.
  virtual void OnLost(const absl::Status& why) = 0;
};

// Thread-safe. What is not sent when the connection is lost is not sent later either: callers
// make what they send of their state, at the time.
class Link {
 public:
  // The message with which a call is refused, RESOURCE_EXHAUSTED, since too many are open: it says
  // nothing about Redis.
  static constexpr std::string_view kTooManyOpen = "too many commands wait for Redis to answer";
  static bool IsTooManyOpen(const absl::Status& why) { return MessageOf(why) == kTooManyOpen; }

  // OK and the reply: never an error of Redis on its top level, whose status (error_reply.h) is the
  // answer instead. UNAVAILABLE: there is no connection, or it broke before the reply, or that has
  // not come in time: whether it was done is unknown. RESOURCE_EXHAUSTED: too many calls are open,
  // or it is too large; Redis is out of memory. CANCELLED: the client was stopped.
  using Done = absl::AnyInvocable<void(absl::StatusOr<Reply>)>;

  virtual ~Link() = default;

  // When a reply has not come by then, the connection counts as broken: replies come in order. Of
  // calls that name none.
  virtual absl::Duration deadline() const = 0;

  // For how long Redis has sent nothing, though it owes a reply or the connection is lost. On the
  // thread of Redis.
  virtual absl::Duration Silence() const = 0;

  // Sends a command. `op`: a literal, the label of its time. `done` is called once: on the thread
  // of Redis, in the order of the calls (a script that had to be loaded comes later); or inline
  // when the call is refused at once (RESOURCE_EXHAUSTED, CANCELLED), so with no lock held that it
  // takes. It must not block. A call that waits in Redis has what it waits for added to the
  // deadline by its caller.
  virtual void Call(std::string_view op, Arguments command, Done done, absl::Duration deadline) = 0;
  void Call(std::string_view op, Arguments command, Done done) {
    Call(op, command, std::move(done), deadline());
  }

  // Runs one of the scripts that the client was made with, by its name, as Call does; it is loaded
  // when Redis does not have it (any more).
  virtual void Run(std::string_view script, Arguments keys, Arguments arguments, Done done,
                   absl::Duration deadline) = 0;
  void Run(std::string_view script, Arguments keys, Arguments arguments, Done done) {
    Run(script, keys, arguments, std::move(done), deadline());
  }

  // Connects, and stays connected until Close. `observer` outlives the client's Stop.
  virtual void Open(LinkObserver& observer) = 0;
  // Calls that are open are answered UNAVAILABLE. The observer is not called.
  virtual void Close() = 0;
  // Gives the connection up and makes a new one, as after a failure: for who sees that something is
  // wrong with it.
  virtual void Reconnect(absl::Status why) = 0;
};

}  // namespace srsproxy::redis
