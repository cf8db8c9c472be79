#include "dataplane/net/tcp_stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <openssl/err.h>

#include "dataplane/core/endpoint.h"
#include "dataplane/net/error.h"

namespace srsproxy::net {
namespace {

constexpr int kKeepAliveIdleSeconds = 15;
constexpr int kKeepAliveIntervalSeconds = 5;
constexpr int kKeepAliveProbes = 3;
constexpr size_t kMaxPieces = 64;

void SetOption(int fd, int level, int name, int value) {
  // A socket without one of these still works; nothing to do about a failure.
  (void)::setsockopt(fd, level, name, &value, sizeof(value));
}

IoResult FromErrno() {
  if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) {
    return {.state = IoState::kWouldBlock};
  }
  return {.state = IoState::kClosed, .error = errno};
}

IoResult FromTls(SSL* ssl, int result, size_t moved) {
  switch (SSL_get_error(ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return {.state = IoState::kWouldBlock, .bytes = moved};
    case SSL_ERROR_ZERO_RETURN:
      return {.state = IoState::kClosed, .bytes = moved};
    case SSL_ERROR_SYSCALL:
      return {.state = IoState::kClosed, .bytes = moved, .error = errno};
    default:
      ERR_clear_error();
      return {.state = IoState::kClosed, .bytes = moved, .error = EPROTO};
  }
}

}  // namespace

TcpStream::TcpStream(tcp::socket socket, Side side) : socket_(std::move(socket)), side_(side) {
  boost::system::error_code ignored;
  socket_.non_blocking(true, ignored);
}

void TcpStream::Tune(absl::Duration write_timeout) {
  const int fd = socket_.native_handle();
  SetOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  SetOption(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  SetOption(fd, IPPROTO_TCP, TCP_USER_TIMEOUT,
            static_cast<int>(absl::ToInt64Milliseconds(write_timeout)));
}

Task<absl::Status> TcpStream::AcceptTls(const TlsContext& context) {
  tls_.reset(SSL_new(context.get()));
  SSL_set_fd(tls_.get(), socket_.native_handle());
  while (true) {
    ERR_clear_error();
    const int result = SSL_accept(tls_.get());
    if (result == 1) co_return absl::OkStatus();
    const int want = SSL_get_error(tls_.get(), result);
    if (want != SSL_ERROR_WANT_READ && want != SSL_ERROR_WANT_WRITE) {
      const char* reason = ERR_reason_error_string(ERR_peek_last_error());
      const std::string text = reason == nullptr ? "connection closed" : reason;
      ERR_clear_error();
      co_return Failure(side_, absl::StatusCode::kInvalidArgument, "TLS handshake: " + text);
    }
    const auto wait =
        want == SSL_ERROR_WANT_READ ? tcp::socket::wait_read : tcp::socket::wait_write;
    const auto [error] = co_await socket_.async_wait(wait, kNoThrow);
    if (error) co_return ErrorStatus(side_, "TLS handshake", error);
  }
}

IoResult TcpStream::TryRead(std::span<uint8_t> buffer) {
  if (!socket_.is_open()) return {.state = IoState::kClosed};
  if (tls_ != nullptr) return TryReadTls(buffer);
  const ssize_t got = ::recv(socket_.native_handle(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (got > 0) return {.bytes = static_cast<size_t>(got)};
  if (got == 0) return {.state = IoState::kClosed};
  return FromErrno();
}

IoResult TcpStream::TryReadTls(std::span<uint8_t> buffer) {
  ERR_clear_error();
  size_t got = 0;
  if (const int result = SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &got); result != 1) {
    return FromTls(tls_.get(), result, 0);
  }
  return {.bytes = got};
}

IoResult TcpStream::TryWrite(std::span<const Pieces::Piece> pieces) {
  if (!socket_.is_open()) return {.state = IoState::kClosed};
  if (tls_ != nullptr) return TryWriteTls(pieces);
  IoResult total;
  while (!pieces.empty()) {
    std::array<iovec, kMaxPieces> vectors;
    const size_t count = std::min(pieces.size(), kMaxPieces);
    size_t wanted = 0;
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = {const_cast<uint8_t*>(pieces[i].data()), pieces[i].size()};
      wanted += pieces[i].size();
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const int fd = socket_.native_handle();
    const ssize_t sent = count == 1 ? ::send(fd, vectors[0].iov_base, vectors[0].iov_len,
                                             MSG_DONTWAIT | MSG_NOSIGNAL)
                                    : ::sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
      IoResult failed = FromErrno();
      failed.bytes = total.bytes;
      return failed;
    }
    total.bytes += static_cast<size_t>(sent);
    if (static_cast<size_t>(sent) < wanted) {
      total.state = IoState::kWouldBlock;
      return total;
    }
    pieces = pieces.subspan(count);
  }
  return total;
}

IoResult TcpStream::TryWriteTls(std::span<const Pieces::Piece> pieces) {
  size_t total = 0;
  for (const Pieces::Piece& piece : pieces) {
    size_t done = 0;
    while (done < piece.size()) {
      ERR_clear_error();
      size_t sent = 0;
      const int result = SSL_write_ex(tls_.get(), piece.data() + done, piece.size() - done, &sent);
      if (result != 1) return FromTls(tls_.get(), result, total);
      done += sent;
      total += sent;
    }
  }
  return {.bytes = total};
}

void TcpStream::Close() {
  boost::system::error_code ignored;
  socket_.close(ignored);
}

void TcpStream::ShutdownWrite() {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  boost::system::error_code ignored;
  socket_.shutdown(tcp::socket::shutdown_send, ignored);
}

std::string HostOf(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

std::string FormatPeer(const tcp::endpoint& endpoint) {
  return JoinHostPort(HostOf(endpoint), endpoint.port());
}

}  // namespace srsproxy::net
