// One request to an origin, over one connection: sent, and the head of its answer read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <absl/time/time.h>

#include "dataplane/core/status.h"
#include "dataplane/net/awaited_stream.h"
#include "dataplane/net/task.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/worker.h"
#include "dataplane/protocol/http/body_reader.h"
#include "dataplane/protocol/http/head.h"

namespace srsproxy {

// Used on its worker only, for one request at a time.
class OriginCall {
 public:
  struct Timeouts {
    absl::Duration write;
    absl::Duration head;  // From the request to the end of the answer's head.
  };

  // `worker` outlives it.
  explicit OriginCall(net::Worker& worker) : worker_(worker) {}
  OriginCall(const OriginCall&) = delete;
  OriginCall& operator=(const OriginCall&) = delete;

  // Sends `text`, a whole request with `method`, and returns the head of the answer; 100 Continue
  // and its kind are skipped. At fault is the origin: DATA_LOSS: the answer cannot be used;
  // PERMISSION_DENIED: it closed without one; DEADLINE_EXCEEDED, UNAVAILABLE: as AwaitedStream.
  // CANCELLED: see Cancel.
  net::Task<absl::StatusOr<http::ResponseHead>> Ask(net::TcpStream connection, std::string text,
                                                    std::string method, Timeouts timeouts);

  // Whether the connection had ended before anything of an answer came: of one that was kept, the
  // request was most likely not seen.
  bool unheard() const { return unheard_; }

  // After Ask: what came behind the head, and the connection, watched by nobody.
  std::vector<uint8_t> TakeUnread() { return std::move(unread_); }
  net::TcpStream& connection();

  // After Ask, in place of taking the rest: the whole body, without chunks. RESOURCE_EXHAUSTED: it
  // is longer than `limit`, with the origin at fault; else fails as Ask does.
  net::Task<absl::StatusOr<std::string>> ReadBody(const http::ResponseHead& head, size_t limit,
                                                  absl::Duration timeout);

  // The connection, if ReadBody has read the answer to its end and it can carry another request.
  std::optional<net::TcpStream> TakeReusable();

  // Lets what is awaited now, and what is begun later, fail with CANCELLED.
  void Cancel();
  void Close();

 private:
  net::Task<absl::StatusOr<http::ResponseHead>> ReadHead(std::string method,
                                                         absl::Duration timeout);
  // Appends what comes to unread_. An orderly close is 0 bytes.
  net::Task<absl::StatusOr<size_t>> ReadSome(absl::Duration timeout);

  net::Worker& worker_;
  std::optional<net::TcpStream> connection_;
  std::optional<net::AwaitedStream> awaited_;
  std::vector<uint8_t> unread_;
  bool unheard_ = false;
  bool reusable_ = false;
  bool cancelled_ = false;
};

// A failure for an answer that is no good, `what` says why.
absl::Status BadAnswer(std::string_view what);

}  // namespace srsproxy
