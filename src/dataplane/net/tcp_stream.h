// One TCP connection, plain or with TLS on top, read and written without blocking.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include <boost/asio/ip/tcp.hpp>
#include <openssl/ssl.h>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
#include "dataplane/net/poller.h"
#include "dataplane/net/task.h"
#include "dataplane/net/tls.h"

namespace srsproxy::net {

using asio::ip::tcp;

enum class IoState : uint8_t { kOk, kWouldBlock, kClosed };

struct IoResult {
  IoState state = IoState::kOk;
  size_t bytes = 0;  // Moved, also when the state is not kOk.
  int error = 0;     // errno of a kClosed that was no orderly end.
};

// Used on one worker only. Whoever waits for it registers fd() with the worker's Poller, and
// removes it before Close.
class TcpStream {
 public:
  // Takes the connection out of Asio's hands.
  TcpStream(tcp::socket socket, Side side);
  TcpStream(TcpStream&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), tls_(std::move(other.tls_)), side_(other.side_) {}
  TcpStream& operator=(TcpStream&&) = delete;
  ~TcpStream() { Close(); }

  // No delay, keep-alive probes (15 s idle, 3 probes 5 s apart), and TCP_USER_TIMEOUT, so that dead
  // peers are noticed.
  void Tune(absl::Duration write_timeout);

  // From now on TLS, as the server; the handshake happens with the first reads. False: out of
  // memory.
  bool StartTls(const TlsContext& context);
  // The same as the client: the peer's certificate must be one of `host`, a name or an address.
  bool StartClientTls(const TlsContext& context, const std::string& host);
  // After a read or write that has ended with EPROTO, and before the next: what was wrong, in
  // words.
  std::string TlsProblem() const;

  // Reads what is there, at most `buffer`. After fewer bytes than that, nothing more is there
  // unless may_hold_more().
  IoResult TryRead(std::span<uint8_t> buffer);
  // Writes as much as the peer takes. kOk: all of it.
  IoResult TryWrite(std::span<const BufferSequence::Buffer> buffers);
  // TLS hands out one record at a time.
  bool may_hold_more() const { return tls_ != nullptr; }

  // Sends FIN after what was written.
  void ShutdownWrite();
  void Close();

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  Side side() const { return side_; }

 private:
  IoResult TryReadTls(std::span<uint8_t> buffer);
  IoResult TryWriteTls(std::span<const BufferSequence::Buffer> buffers);

  struct SslDelete {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  int fd_ = -1;
  std::unique_ptr<SSL, SslDelete> tls_;
  Side side_;
};

// Ends `stream` so that the peer gets what was sent: sends FIN, throws away what still comes,
// and closes when the peer has closed too, or after `timeout`. (A close with unread bytes would
// reset the connection and lose what is under way.) `stream` is registered with no poller.
Task<void> LingeringClose(Poller& poller, asio::any_io_executor executor, TcpStream stream,
                          absl::Duration timeout);

// The peer's address without a port, IPv4-mapped addresses as IPv4.
std::string HostOf(const tcp::endpoint& endpoint);
// The same as bytes; nullopt: it is IPv6.
std::optional<std::array<uint8_t, 4>> Ipv4Of(const tcp::endpoint& endpoint);
// `host:port`, for logs.
std::string FormatPeer(const tcp::endpoint& endpoint);

}  // namespace srsproxy::net
