// A TCP relay that resets, closes, stalls and splits what goes through it, by a seed. What TCP
// never does, it does not either: no byte is lost from the middle, none is changed.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>

#include "dataplane/net/task.h"

namespace srsproxy {

class FaultRelay {
 public:
  struct Options {
    // What a connection passes on one way before something is done to it: of half of them at most
    // this, of the others a tenth.
    size_t bytes = 200'000;
    bool faulty = true;  // As SetFaulty.
  };

  // To `target` of the loopback address.
  FaultRelay(uint16_t target, uint64_t seed) : FaultRelay(target, seed, Options()) {}
  FaultRelay(uint16_t target, uint64_t seed, const Options& options)
      : target_(target), options_(options), random_(seed), faulty_(options.faulty) {
    net::asio::co_spawn(io_, Accept(), net::asio::detached);
    thread_ = std::thread([this] { io_.run(); });
  }
  FaultRelay(const FaultRelay&) = delete;
  FaultRelay& operator=(const FaultRelay&) = delete;
  ~FaultRelay() {
    io_.stop();
    thread_.join();
  }

  uint16_t port() const { return port_; }
  // How many connections something was done to.
  int faults() const { return faults_; }
  // From now on: whether anything is done to connections that are made; those that have a fault
  // before them lose it.
  void SetFaulty(bool faulty) { faulty_ = faulty; }
  // From now on: whether all connections are reset, and those that are made too.
  void SetCut(bool cut) {
    cut_ = cut;
    if (cut) ResetAll();
  }
  // Resets all connections.
  void ResetAll() {
    net::asio::post(io_, [this] {
      for (const auto& pair : pairs_) {
        if (const auto open = pair.lock()) open->Reset();
      }
      pairs_.clear();
    });
  }

 private:
  using tcp = net::asio::ip::tcp;
  enum class Fault : uint8_t { kReset, kClose, kStall };

  struct Pair {
    explicit Pair(net::asio::io_context& io) : client(io), server(io) {}
    void Close() {
      boost::system::error_code ignored;
      client.close(ignored);
      server.close(ignored);
    }
    void Reset() {
      boost::system::error_code ignored;
      client.set_option(tcp::socket::linger(true, 0), ignored);
      Close();
    }
    tcp::socket client;
    tcp::socket server;
    Fault fault = Fault::kReset;
    bool of_replies = true;  // Which way it is done.
    size_t after = 0;        // So many bytes that way.
  };

  size_t Random(size_t below) { return random_() % below; }

  net::Task<void> Accept() {
    while (true) {
      auto pair = std::make_shared<Pair>(io_);
      const auto [accepted] = co_await acceptor_.async_accept(pair->client, net::kNoThrow);
      if (accepted) co_return;
      if (cut_) {
        pair->Reset();
        continue;
      }
      pair->fault = static_cast<Fault>(Random(3));
      pair->of_replies = Random(2) == 0;
      pair->after = Random(Random(2) == 0 ? options_.bytes / 10 : options_.bytes);
      pairs_.push_back(pair);
      net::asio::co_spawn(io_, Connect(std::move(pair)), net::asio::detached);
    }
  }

  net::Task<void> Connect(std::shared_ptr<Pair> pair) {
    const tcp::endpoint target(net::asio::ip::address_v4::loopback(), target_);
    const auto [error] = co_await pair->server.async_connect(target, net::kNoThrow);
    if (error) co_return pair->Close();
    boost::system::error_code ignored;
    pair->client.set_option(tcp::no_delay(true), ignored);
    pair->server.set_option(tcp::no_delay(true), ignored);
    net::asio::co_spawn(io_, Forward(pair, false), net::asio::detached);
    co_await Forward(pair, true);
  }

  net::Task<void> Forward(std::shared_ptr<Pair> pair, bool of_replies) {
    tcp::socket& from = of_replies ? pair->server : pair->client;
    tcp::socket& to = of_replies ? pair->client : pair->server;
    std::string bytes;
    size_t passed = 0;
    while (true) {
      bytes.resize(1 + Random(4096));
      const auto [error, size] =
          co_await from.async_read_some(net::asio::buffer(bytes), net::kNoThrow);
      if (error) co_return pair->Close();
      bytes.resize(size);
      passed += size;
      if (faulty_ && of_replies == pair->of_replies && passed > pair->after) {
        ++faults_;
        if (pair->fault == Fault::kStall) co_return;
        co_return pair->fault == Fault::kReset ? pair->Reset() : pair->Close();
      }
      const auto [failed, written] =
          co_await net::asio::async_write(to, net::asio::buffer(bytes), net::kNoThrow);
      if (failed) co_return pair->Close();
    }
  }

  const uint16_t target_;
  const Options options_;
  std::mt19937_64 random_;
  std::atomic<int> faults_ = 0;
  std::atomic<bool> faulty_;
  std::atomic<bool> cut_ = false;
  net::asio::io_context io_{1};
  tcp::acceptor acceptor_{io_, tcp::endpoint(net::asio::ip::address_v4::loopback(), 0)};
  const uint16_t port_ = acceptor_.local_endpoint().port();
  std::vector<std::weak_ptr<Pair>> pairs_;
  std::thread thread_;
};

}  // namespace srsproxy
