#include "dataplane/net/dial.h"

#include <vector>

#include <absl/strings/cord.h>
#include <boost/asio/error.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/net/error.h"
#include "dataplane/net/timeout.h"

namespace srsproxy::net {
namespace {

// `status`, which is not OK, with `what` before its message.
absl::Status About(std::string_view what, const absl::Status& status) {
  absl::Status about(status.code(),
                     ToAbsl(std::string(what) + ": " + std::string(MessageOf(status))));
  status.ForEachPayload([&about](absl::string_view type, const absl::Cord& payload) {
    about.SetPayload(type, payload);
  });
  return about;
}

}  // namespace

Dialer::Dialer(asio::any_io_executor executor, const DialRules& rules)
    : executor_(executor), rules_(rules), resolver_(executor), socket_(executor) {}

void Dialer::Cancel() {
  cancelled_ = true;
  resolver_.cancel();
  boost::system::error_code ignored;
  socket_.close(ignored);
}

Task<DialResult> Dialer::Dial(std::string host, uint16_t port, absl::Duration timeout) {
  const std::string what = "connect to " + JoinHostPort(host, port);
  Deadline deadline(executor_, timeout, [this] {
    timed_out_ = true;
    resolver_.cancel();
    boost::system::error_code ignored;
    socket_.close(ignored);
  });

  std::vector<tcp::endpoint> addresses;
  boost::system::error_code error;
  if (const auto literal = asio::ip::make_address(host, error); !error) {
    addresses.emplace_back(literal, port);
  } else {
    auto [resolve_error, results] =
        co_await resolver_.async_resolve(host, std::to_string(port), kNoThrow);
    error = resolve_error;
    for (const auto& entry : results) addresses.push_back(entry.endpoint());
  }
  absl::Status forbidden;
  const auto is_forbidden = [this, &forbidden](const tcp::endpoint& address) {
    const auto allowed = rules_.Check(address.address(), address.port());
    if (!allowed.ok()) forbidden = allowed;
    return !allowed.ok();
  };
  std::erase_if(addresses, is_forbidden);
  const bool none_allowed = addresses.empty() && !forbidden.ok();
  for (const tcp::endpoint& address : addresses) {
    if (timed_out_ || cancelled_) break;
    boost::system::error_code ignored;
    socket_.close(ignored);
    const auto [connect_error] = co_await socket_.async_connect(address, kNoThrow);
    error = connect_error;
    if (!error) break;
  }
  if (timed_out_) error = asio::error::timed_out;
  if (cancelled_) error = asio::error::operation_aborted;
  if (!error && none_allowed) {
    co_return DialResult{.socket = About(what, forbidden), .outcome = ConnectOutcome::kForbidden};
  }
  if (!error) co_return DialResult{.socket = std::move(socket_)};
  co_return DialResult{.socket = ErrorStatus(Side::kOrigin, what, error),
                       .outcome = OutcomeOf(error)};
}

}  // namespace srsproxy::net
