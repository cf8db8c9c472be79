// A TCP port of the loopback address that nothing uses, and that no other test is given while this
// lives: tests/support/ports.py knows it, too.
#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace srsproxy {

class ReservedPort {
 public:
  // Below the range of local ports of outgoing connections. Fails the test when there is none.
  ReservedPort() {
    std::random_device random;
    for (int i = 0; i < 1000 && name_ < 0; ++i) {
      number_ = static_cast<uint16_t>(10'000 + random() % 20'000);
      if (IsFree(number_)) name_ = Reserve(number_);
    }
    EXPECT_GE(name_, 0) << "no port is free";
  }
  ReservedPort(const ReservedPort&) = delete;
  ReservedPort& operator=(const ReservedPort&) = delete;
  ~ReservedPort() { ::close(name_); }

  uint16_t number() const { return number_; }

 private:
  static bool IsFree(uint16_t port) {
    const int probe = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int bound = ::bind(probe, reinterpret_cast<const sockaddr*>(&address), sizeof(address));
    ::close(probe);
    return bound == 0;
  }

  // A socket whose name shows that the port is taken; the kernel frees the name when this process
  // ends. -1: another test has it.
  static int Reserve(uint16_t port) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    // In the abstract namespace: after a zero.
    const std::string name = "srsproxy-test-port-" + std::to_string(port);
    std::memcpy(address.sun_path + 1, name.data(), name.size());
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + name.size());
    const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (::bind(socket, reinterpret_cast<const sockaddr*>(&address), size) == 0) return socket;
    ::close(socket);
    return -1;
  }

  uint16_t number_ = 0;
  int name_ = -1;
};

}  // namespace srsproxy
