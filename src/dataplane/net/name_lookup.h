// Looks up where a host name leads, for a check that is made again when the name is dialled: so it
// may give up early.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/address.hpp>

namespace srsproxy::net {

// Thread-safe.
class NameLookup {
 public:
  // Questions that wait for name servers; more are answered with nothing.
  static constexpr int kMaxOpen = 64;

  // `io` outlives it, and runs until the last question was answered.
  explicit NameLookup(boost::asio::io_context& io) : io_(io) {}
  NameLookup(const NameLookup&) = delete;
  NameLookup& operator=(const NameLookup&) = delete;

  // Calls `done` once, on the thread of `io` or inline, with the addresses of `host`: none when it
  // has none, or nobody says so within `patience`.
  using Done = absl::AnyInvocable<void(std::vector<boost::asio::ip::address>)>;
  void Find(std::string host, absl::Duration patience, Done done);

 private:
  boost::asio::io_context& io_;
  // Shared with the questions: a name server may answer after the deadline.
  const std::shared_ptr<std::atomic<int>> open_ = std::make_shared<std::atomic<int>>(0);
};

}  // namespace srsproxy::net
