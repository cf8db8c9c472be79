#include "dataplane/net/dial.h"

#include <memory>
#include <vector>

#include <absl/strings/cord.h>
#include <boost/asio/error.hpp>

#include "dataplane/core/endpoint.h"
#include "dataplane/net/error.h"
#include "dataplane/net/event.h"
#include "dataplane/net/time_left.h"
#include "dataplane/net/timeout.h"

namespace srsproxy::net {
namespace {

using boost::system::error_code;

// `status`, which is not OK, with `what` before its message.
absl::Status About(std::string_view what, const absl::Status& status) {
  absl::Status about(status.code(),
                     ToAbsl(std::string(what) + ": " + std::string(MessageOf(status))));
  status.ForEachPayload([&about](absl::string_view type, const absl::Cord& payload) {
    about.SetPayload(type, payload);
  });
  return about;
}

// Where a name leads. The resolver may answer when nobody waits any more.
struct Lookup {
  explicit Lookup(const asio::any_io_executor& executor) : resolver(executor), ended(executor) {}

  tcp::resolver resolver;
  Event ended;
  error_code error;
  std::vector<tcp::endpoint> addresses;
};

Task<error_code> Resolve(const asio::any_io_executor& executor, const std::string& host,
                         uint16_t port, absl::Duration timeout,
                         std::vector<tcp::endpoint>& addresses) {
  error_code not_literal;
  if (const auto literal = asio::ip::make_address(host, not_literal); !not_literal) {
    addresses.emplace_back(literal, port);
    co_return error_code();
  }
  const auto lookup = std::make_shared<Lookup>(executor);
  lookup->resolver.async_resolve(
      host, std::to_string(port),
      [lookup](const error_code& error, const tcp::resolver::results_type& results) {
        lookup->error = error;
        for (const auto& entry : results) lookup->addresses.push_back(entry.endpoint());
        lookup->ended.Notify();
      });
  const Deadline late(executor, timeout, [lookup] {
    lookup->error = asio::error::timed_out;
    lookup->ended.Notify();
  });
  const auto waited = co_await lookup->ended.Wait();
  lookup->resolver.cancel();
  if (!waited.ok()) co_return asio::error::operation_aborted;
  if (!lookup->error) addresses = std::move(lookup->addresses);
  co_return lookup->error;
}

Task<error_code> Connect(tcp::socket& socket, tcp::endpoint address, absl::Duration timeout) {
  const auto before = co_await asio::this_coro::cancellation_state;
  if (IsCancelled(before)) co_return asio::error::operation_aborted;
  error_code ignored;
  socket.close(ignored);
  bool late = false;
  const Deadline deadline(socket.get_executor(), timeout, [&socket, &late] {
    late = true;
    error_code also_ignored;
    socket.close(also_ignored);
  });
  const auto [error] = co_await socket.async_connect(address, kNoThrow);
  const auto after = co_await asio::this_coro::cancellation_state;
  if (IsCancelled(after)) co_return asio::error::operation_aborted;
  if (late) co_return asio::error::timed_out;
  co_return error;
}

// Takes out what the rules forbid, and returns why; OK: nothing was.
absl::Status EraseForbidden(std::vector<tcp::endpoint>& addresses, const DialRules& rules) {
  absl::Status forbidden;
  const auto is_forbidden = [&rules, &forbidden](const tcp::endpoint& address) {
    const auto allowed = rules.Check(address.address(), address.port());
    if (!allowed.ok()) forbidden = allowed;
    return !allowed.ok();
  };
  std::erase_if(addresses, is_forbidden);
  return forbidden;
}

// `rules` may be null.
Task<DialResult> DialAllowed(asio::any_io_executor executor, const DialRules* rules,
                             std::string host, uint16_t port, absl::Duration timeout) {
  const std::string what = "connect to " + JoinHostPort(host, port);
  const TimeLeft left(timeout);
  std::vector<tcp::endpoint> addresses;
  error_code error = co_await Resolve(executor, host, port, timeout, addresses);
  if (!error && rules != nullptr) {
    const auto forbidden = EraseForbidden(addresses, *rules);
    if (addresses.empty() && !forbidden.ok()) {
      co_return DialResult{.socket = About(what, forbidden), .outcome = ConnectOutcome::kForbidden};
    }
  }
  tcp::socket socket(executor);
  for (const tcp::endpoint& address : addresses) {
    error = co_await Connect(socket, address, left.now());
    if (!error || error == asio::error::operation_aborted) break;
    if (left.now() <= absl::ZeroDuration()) break;
  }
  if (!error) co_return DialResult{.socket = std::move(socket)};
  co_return DialResult{.socket = ErrorStatus(Side::kOrigin, what, error),
                       .outcome = OutcomeOf(error)};
}

}  // namespace

Task<DialResult> Dial(asio::any_io_executor executor, const DialRules& rules, std::string host,
                      uint16_t port, absl::Duration timeout) {
  co_return co_await DialAllowed(executor, &rules, std::move(host), port, timeout);
}

Task<absl::StatusOr<tcp::socket>> DialSetting(asio::any_io_executor executor, std::string host,
                                              uint16_t port, absl::Duration timeout) {
  auto result = co_await DialAllowed(executor, nullptr, std::move(host), port, timeout);
  if (!result.socket.ok()) co_return AtFault(Side::kProxy, result.socket.status());
  co_return std::move(result.socket);
}

}  // namespace srsproxy::net
