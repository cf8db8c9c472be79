// One TCP connection, plain or with TLS on top, read and written without blocking.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include <boost/asio/ip/tcp.hpp>
#include <openssl/ssl.h>

#include "dataplane/core/bytes.h"
#include "dataplane/core/status.h"
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

// Used on one worker only. Movable until something waits on it.
class TcpStream {
 public:
  TcpStream(tcp::socket socket, Side side);
  TcpStream(TcpStream&&) = default;
  TcpStream& operator=(TcpStream&&) = default;

  // No delay, keep-alive probes (15 s idle, 3 probes 5 s apart), and TCP_USER_TIMEOUT, so that dead
  // peers are noticed.
  void Tune(absl::Duration write_timeout);

  // Server side of a TLS handshake. Without a deadline of its own: Close() ends it.
  Task<absl::Status> AcceptTls(const TlsContext& context);

  // Reads what is there, at most `buffer`. A kOk with fewer bytes than asked may be followed by
  // more only when may_hold_more().
  IoResult TryRead(std::span<uint8_t> buffer);
  // Writes as much as the peer takes. kOk: all of it.
  IoResult TryWrite(std::span<const Pieces::Piece> pieces);
  // TLS can hold decrypted bytes that no readiness event announces.
  bool may_hold_more() const { return tls_ != nullptr && SSL_has_pending(tls_.get()) == 1; }

  // `handler(error_code)` when TryRead or TryWrite is worth calling again.
  template <typename Handler>
  void AsyncWaitReadable(Handler&& handler) {
    socket_.async_wait(tcp::socket::wait_read, std::forward<Handler>(handler));
  }
  template <typename Handler>
  void AsyncWaitWritable(Handler&& handler) {
    socket_.async_wait(tcp::socket::wait_write, std::forward<Handler>(handler));
  }

  // Stops reading and writing at once; waiting operations end with operation_aborted.
  void Close();
  // Says goodbye: sends FIN after what was written.
  void ShutdownWrite();

  bool is_open() const { return socket_.is_open(); }
  Side side() const { return side_; }
  tcp::socket& socket() { return socket_; }

 private:
  IoResult TryReadTls(std::span<uint8_t> buffer);
  IoResult TryWriteTls(std::span<const Pieces::Piece> pieces);

  struct SslDelete {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
  };

  tcp::socket socket_;
  std::unique_ptr<SSL, SslDelete> tls_;
  Side side_;
};

// The peer's address without a port, IPv4-mapped addresses as IPv4.
std::string HostOf(const tcp::endpoint& endpoint);
// `host:port`, for logs.
std::string FormatPeer(const tcp::endpoint& endpoint);

}  // namespace srsproxy::net
