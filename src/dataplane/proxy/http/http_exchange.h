// One request of an HTTP client that is answered piece by piece, by whatever answers it.
#pragma once

#include "dataplane/core/session_control.h"
#include "dataplane/net/task.h"

namespace srsproxy {

// Used on one worker only. Ends soon once the client's scope is cancelled. What fits into memory
// needs none of this: it is an http::Response.
class HttpExchange {
 public:
  virtual ~HttpExchange() = default;

  // Returns when the answer has ended, in one way or another; whether the client's connection can
  // go on with another request. Called once.
  virtual net::Task<bool> Run() = 0;

  // Of one that is a session: what is listed of it, its id and key the same until the end. nullptr:
  // it is none.
  virtual const SessionInfo* info() const { return nullptr; }
};

}  // namespace srsproxy
