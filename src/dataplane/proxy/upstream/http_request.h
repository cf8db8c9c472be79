// One HTTP request to an origin, over a pooled connection or a new one: sent, and the head of its
// response read. What of a request was not sent to anybody is sent once more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
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
#include "dataplane/net/time_left.h"
#include "dataplane/protocol/http/head.h"
#include "dataplane/protocol/http/message_reader.h"
#include "dataplane/proxy/upstream/connector.h"
#include "dataplane/proxy/upstream/upstream_needs.h"

namespace srsproxy {

// Used on its worker only, for one request at a time.
//
// A response's head, if OK. At fault is the origin: DATA_LOSS: the response cannot be used;
// PERMISSION_DENIED: it closed without one; DEADLINE_EXCEEDED, UNAVAILABLE: as AwaitedStream, or
// not reached. CANCELLED: the coroutine was. Informational responses are skipped.
class HttpRequest {
 public:
  struct Limits {
    absl::Duration connect;
    absl::Duration write;
    absl::Duration head;    // From the request to the end of the response's head.
    uint64_t max_body = 0;  // Of ReadBody, in bytes.
    // Of all together, from the making of this object on.
    absl::Duration whole = absl::InfiniteDuration();
  };
  using Head = absl::StatusOr<http::ResponseHead>;
  using Pool = Connector::Pool;
  // The whole request, for the origin at `placement`.
  using TextFor = std::function<std::string(const Placement& placement)>;

  // `needs` outlives it.
  HttpRequest(const UpstreamNeeds& needs, Limits limits);
  HttpRequest(const HttpRequest&) = delete;
  HttpRequest& operator=(const HttpRequest&) = delete;

  // Sends to an origin that `connector`, which outlives the request, connects to. Fails as that
  // does, too.
  net::Task<Head> SendPicked(Connector& connector, PickRequest wanted, Pool pool,
                             std::string method, TextFor text_for);
  // Sends once more to the origin that was picked.
  net::Task<Head> SendAgain(Connector& connector, std::string method, std::string text);
  // Sends to `endpoint`, whoever is there.
  net::Task<Head> SendTo(Endpoint endpoint, Pool pool, std::string method, std::string text);

  // What was picked last, by SendPicked.
  const std::optional<Placement>& placement() const { return placement_; }
  // Null: there is none, or it was taken.
  std::unique_ptr<StreamLease> TakeLease();
  // Where the response comes from.
  const Endpoint& endpoint() const { return endpoint_; }

  // What came behind the head, and the connection, watched by nobody.
  std::vector<uint8_t> TakeUnread() { return reader_.TakeUnread(); }
  net::TcpStream& connection();
  // Pools the connection, whose response was read to its end by the caller.
  void PoolConnection();

  // In place of taking the rest: the whole body, without chunks; then the connection is pooled, if
  // it can carry another request. RESOURCE_EXHAUSTED: it is longer than max_body, with the origin
  // at fault; else fails as sending does.
  net::Task<absl::StatusOr<std::string>> ReadBody(const http::ResponseHead& head,
                                                  absl::Duration timeout);

  void Close();

 private:
  net::Task<Head> Send(net::TcpStream connection, std::string text, std::string method);
  net::Task<Head> ReadHead(std::string method);
  // Hands what comes to reader_. An orderly close is 0 bytes.
  net::Task<absl::StatusOr<size_t>> ReadSome(size_t most, absl::Duration timeout);
  net::Task<absl::StatusOr<net::TcpStream>> Dial();
  // `timeout`, or what is left of the whole if that is less.
  absl::Duration Within(absl::Duration timeout) const;
  // Whether a request that failed over a pooled connection may go over a new one.
  bool may_repeat() const { return not_sent_; }

  const UpstreamNeeds& needs_;
  const Limits limits_;
  std::optional<net::TimeLeft> whole_;  // Of limits_; absent: for ever.
  std::optional<Placement> placement_;
  Endpoint endpoint_;
  std::optional<net::TcpStream> connection_;
  std::optional<net::AwaitedStream> awaited_;
  http::MessageReader reader_;
  // The connection had ended before anything of a response came: of a pooled one, the request was
  // most likely not seen.
  bool not_sent_ = false;
};

// A failure for a response that is no good, `what` says why.
absl::Status BadResponse(std::string_view what);

}  // namespace srsproxy
