#include "tests/bench/heartbeat_load/http_fleet.h"

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <stdexcept>
#include <string>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>

namespace srsproxy::bench {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;

namespace {

std::string RequestOf(size_t index) {
  const FleetOrigin origin(index);
  const std::string body =
      R"({"ip":")" + origin.ip + R"(","server":")" + origin.server +
      R"(","service":"bench","pid":"1","rtmp":["1935"],"http":["8080"],"api":["1985"],)"
      R"("summaries":{"data":{"system":{"cpu_percent":0.25,"mem_ram_percent":0.5,"conn_srs":7}}}})";
  return "POST /api/v1/srs/register HTTP/1.1\r\nHost: proxy\r\nContent-Type: application/json\r\n"
         "Content-Length: " +
         std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

// Asks one request after the other. On io_'s thread.
class HttpFleet::Connection {
 public:
  Connection(asio::io_context& io, Tally& tally) : socket_(io), tally_(tally) {}

  void Connect(uint16_t port) {
    socket_.connect(tcp::endpoint(asio::ip::address_v4::loopback(), port));
    socket_.set_option(tcp::no_delay(true));
  }

  void Beat(size_t origin) {
    tally_.Sent();
    waiting_.push_back({origin, std::chrono::steady_clock::now()});
    if (waiting_.size() == 1) AskNext();
  }

 private:
  struct Waiting {
    size_t origin;
    Tally::Time sent;
  };

  void AskNext() {
    request_ = RequestOf(waiting_.front().origin);
    response_ = {};
    asio::async_write(socket_, asio::buffer(request_), [this](auto error, size_t) {
      Check(error);
      ReadAnswer();
    });
  }

  void ReadAnswer() {
    http::async_read(socket_, buffer_, response_, [this](auto error, size_t) {
      Check(error);
      tally_.Answered(waiting_.front().sent, response_.result() == http::status::ok);
      waiting_.pop_front();
      if (!waiting_.empty()) AskNext();
    });
  }

  static void Check(const boost::system::error_code& error) {
    if (!error) return;
    std::fprintf(stderr, "a connection ended: %s\n", error.message().c_str());
    std::_Exit(1);
  }

  tcp::socket socket_;
  Tally& tally_;
  std::deque<Waiting> waiting_;  // The first is being asked.
  std::string request_;
  boost::beast::flat_buffer buffer_;
  http::response<http::string_body> response_;
};

HttpFleet::HttpFleet(const FleetOptions& options, Tally& tally)
    : options_(options), work_(io_.get_executor()) {
  for (size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(io_, tally));
  }
  thread_ = std::jthread([this] { io_.run(); });
}

HttpFleet::~HttpFleet() {
  io_.stop();
  thread_.join();
}

void HttpFleet::Register() {
  // A registration is a heartbeat; here the first of each origin.
  tcp::socket socket(io_);
  socket.connect(tcp::endpoint(asio::ip::address_v4::loopback(), options_.port));
  boost::beast::flat_buffer buffer;
  for (size_t i = 0; i < options_.origins; ++i) {
    asio::write(socket, asio::buffer(RequestOf(i)));
    http::response<http::string_body> response;
    http::read(socket, buffer, response);
    if (response.result() != http::status::ok) throw std::runtime_error(response.body());
  }
  // Not before: the proxy ends connections that are idle for long.
  for (const auto& connection : connections_) connection->Connect(options_.port);
}

void HttpFleet::Beat(size_t origin) {
  asio::post(io_, [this, origin] { connections_[origin % connections_.size()]->Beat(origin); });
}

}  // namespace srsproxy::bench
