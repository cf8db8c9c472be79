// A client or an origin that follows a script over TCP or TLS, and leaves after any of its steps.
#pragma once

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

#include "dataplane/net/task.h"

namespace srsproxy::testing {

using net::asio::ip::tcp;

// Sends, or reads on until something has come.
struct Step {
  std::string send{};
  size_t bytes = 0;     // To be read.
  std::string until{};  // To be read up to and with.
};
using Script = std::vector<Step>;

enum class Leaving {
  kCloses,
  kResets,
  kStays,         // And does nothing but read, until the other side closes.
  kStopsReading,  // And stays, until Leave.
};

class ScriptedPeer {
 public:
  // After `steps` of the script it leaves in this way; `then` is called before.
  struct Plan {
    Script script;
    size_t steps = SIZE_MAX;
    Leaving leaving = Leaving::kStays;
    std::function<void()> then = nullptr;
  };

  // `tls`: it is a client of it, and checks nobody; null: it is none.
  explicit ScriptedPeer(tcp::socket socket, net::asio::ssl::context* tls = nullptr)
      : socket_(std::move(socket)) {
    socket_.set_option(tcp::no_delay(true));
    if (tls != nullptr) tls_.emplace(socket_, *tls);
  }

  // Returns when it has left, or the other side has. It is there until then.
  net::Task<void> Play(Plan plan) {
    if (tls_.has_value()) {
      const auto [error] =
          co_await tls_->async_handshake(net::asio::ssl::stream_base::client, net::kNoThrow);
      if (error) co_return socket_.close();
    }
    const size_t steps = std::min(plan.steps, plan.script.size());
    for (size_t i = 0; i < steps; ++i) {
      if (!co_await Take(plan.script[i])) co_return socket_.close();
    }
    if (plan.then != nullptr) plan.then();
    boost::system::error_code left;  // By Leave.
    if (plan.leaving == Leaving::kResets) socket_.set_option(tcp::socket::linger(true, 0), left);
    if (plan.leaving == Leaving::kStays) {
      while (co_await ReadSome()) {
      }
    }
    if (plan.leaving == Leaving::kStopsReading) {
      co_await socket_.async_wait(tcp::socket::wait_error, net::kNoThrow);
    }
    socket_.close();
  }

  // For one that does not read, and so does not see that the other side has left.
  void Leave() { socket_.close(); }

  const std::string& received() const { return received_; }

 private:
  net::Task<bool> Take(const Step& step) {
    if (!step.send.empty()) {
      const auto bytes = net::asio::buffer(step.send);
      if (tls_.has_value()) co_return co_await Send(*tls_, bytes);
      co_return co_await Send(socket_, bytes);
    }
    while (true) {
      const size_t at = step.until.empty() ? taken_ : received_.find(step.until, taken_);
      const size_t end = at == std::string::npos ? at : at + step.until.size() + step.bytes;
      if (end <= received_.size()) {
        taken_ = end;
        co_return true;
      }
      if (!co_await ReadSome()) co_return false;
    }
  }

  net::Task<bool> ReadSome() {
    if (tls_.has_value()) co_return co_await ReadSome(*tls_);
    co_return co_await ReadSome(socket_);
  }

  template <typename Stream>
  static net::Task<bool> Send(Stream& stream, net::asio::const_buffer bytes) {
    const auto [error, sent] = co_await net::asio::async_write(stream, bytes, net::kNoThrow);
    co_return !error;
  }
  template <typename Stream>
  net::Task<bool> ReadSome(Stream& stream) {
    std::array<char, 4096> buffer{};
    const auto [error, bytes] =
        co_await stream.async_read_some(net::asio::buffer(buffer), net::kNoThrow);
    received_.append(buffer.data(), bytes);
    co_return !error;
  }

  tcp::socket socket_;
  std::optional<net::asio::ssl::stream<tcp::socket&>> tls_;
  std::string received_;
  size_t taken_ = 0;
};

}  // namespace srsproxy::testing
