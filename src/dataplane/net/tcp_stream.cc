#include "dataplane/net/tcp_stream.h"

#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include <openssl/err.h>

#include "dataplane/core/endpoint.h"
#include "dataplane/net/event.h"
#include "dataplane/net/timeout.h"

namespace srsproxy::net {
namespace {

constexpr int kKeepAliveIdleSeconds = 15;
constexpr int kKeepAliveIntervalSeconds = 5;
constexpr int kKeepAliveProbes = 3;
constexpr size_t kMaxBuffers = 64;
constexpr size_t kMaxThrownAway = 4 * 1024 * 1024;

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
      return {.state = IoState::kClosed, .bytes = moved, .error = EPROTO};
  }
}

}  // namespace

TcpStream::TcpStream(tcp::socket socket, Side side) : side_(side) {
  boost::system::error_code error;
  socket.non_blocking(true, error);
  fd_ = socket.release(error);
}

void TcpStream::Tune(absl::Duration write_timeout) {
  SetOption(fd_, IPPROTO_TCP, TCP_NODELAY, 1);
  SetOption(fd_, SOL_SOCKET, SO_KEEPALIVE, 1);
  SetOption(fd_, IPPROTO_TCP, TCP_KEEPIDLE, kKeepAliveIdleSeconds);
  SetOption(fd_, IPPROTO_TCP, TCP_KEEPINTVL, kKeepAliveIntervalSeconds);
  SetOption(fd_, IPPROTO_TCP, TCP_KEEPCNT, kKeepAliveProbes);
  SetOption(fd_, IPPROTO_TCP, TCP_USER_TIMEOUT,
            static_cast<int>(absl::ToInt64Milliseconds(write_timeout)));
}

bool TcpStream::StartTls(const TlsContext& context) {
  tls_.reset(SSL_new(context.get()));
  if (tls_ == nullptr || SSL_set_fd(tls_.get(), fd_) != 1) return false;
  SSL_set_accept_state(tls_.get());
  return true;
}

bool TcpStream::StartClientTls(const TlsContext& context, const std::string& host) {
  tls_.reset(SSL_new(context.get()));
  if (tls_ == nullptr || SSL_set_fd(tls_.get(), fd_) != 1) return false;
  SSL_set_connect_state(tls_.get());
  boost::system::error_code no_address;
  asio::ip::make_address(host, no_address);
  if (!no_address) {
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls_.get()), host.c_str()) == 1;
  }
  return SSL_set1_host(tls_.get(), host.c_str()) == 1 &&
         SSL_set_tlsext_host_name(tls_.get(), host.c_str()) == 1;
}

std::string TcpStream::TlsProblem() const {
  if (tls_ == nullptr) return "no TLS";
  if (const long wrong = SSL_get_verify_result(tls_.get()); wrong != X509_V_OK) {
    return "certificate not accepted: " + std::string(X509_verify_cert_error_string(wrong));
  }
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "TLS error" : reason;
}

IoResult TcpStream::TryRead(std::span<uint8_t> buffer) {
  if (fd_ < 0) return {.state = IoState::kClosed};
  if (tls_ != nullptr) return TryReadTls(buffer);
  const ssize_t got = ::recv(fd_, buffer.data(), buffer.size(), MSG_DONTWAIT);
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

IoResult TcpStream::TryWrite(std::span<const BufferSequence::Buffer> buffers) {
  if (fd_ < 0) return {.state = IoState::kClosed};
  if (tls_ != nullptr) return TryWriteTls(buffers);
  IoResult total;
  while (!buffers.empty()) {
    std::array<iovec, kMaxBuffers> vectors;
    const size_t count = std::min(buffers.size(), kMaxBuffers);
    size_t wanted = 0;
    for (size_t i = 0; i < count; ++i) {
      vectors[i] = {const_cast<uint8_t*>(buffers[i].data()), buffers[i].size()};
      wanted += buffers[i].size();
    }
    msghdr message{};
    message.msg_iov = vectors.data();
    message.msg_iovlen = count;
    const ssize_t sent = count == 1 ? ::send(fd_, vectors[0].iov_base, vectors[0].iov_len,
                                             MSG_DONTWAIT | MSG_NOSIGNAL)
                                    : ::sendmsg(fd_, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
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
    buffers = buffers.subspan(count);
  }
  return total;
}

IoResult TcpStream::TryWriteTls(std::span<const BufferSequence::Buffer> buffers) {
  size_t total = 0;
  for (const BufferSequence::Buffer& buffer : buffers) {
    size_t done = 0;
    while (done < buffer.size()) {
      ERR_clear_error();
      size_t sent = 0;
      const int result =
          SSL_write_ex(tls_.get(), buffer.data() + done, buffer.size() - done, &sent);
      if (result != 1) return FromTls(tls_.get(), result, total);
      done += sent;
      total += sent;
    }
  }
  return {.bytes = total};
}

void TcpStream::ShutdownWrite() {
  if (tls_ != nullptr) {
    ERR_clear_error();
    SSL_shutdown(tls_.get());
  }
  ::shutdown(fd_, SHUT_WR);
}

void TcpStream::Close() {
  tls_.reset();
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

Task<void> LingeringClose(Poller& poller, asio::any_io_executor executor, TcpStream stream,
                          absl::Duration timeout) {
  struct Waiter final : Poller::Target {
    explicit Waiter(const asio::any_io_executor& on) : event(on) {}
    void OnReady(Poller::Readiness) override { event.Notify(); }
    Event event;
  };
  if (!stream.is_open()) co_return;
  stream.ShutdownWrite();
  Waiter waiter(executor);
  if (!poller.Add(stream.fd(), waiter)) co_return;
  bool late = false;
  const Deadline deadline(executor, timeout, [&] {
    late = true;
    waiter.event.Notify();
  });
  std::array<uint8_t, 4096> unread;
  size_t thrown_away = 0;
  while (!late && thrown_away < kMaxThrownAway) {
    const IoResult got = stream.TryRead(unread);
    thrown_away += got.bytes;
    if (got.state == IoState::kClosed) break;
    if (got.state == IoState::kOk) continue;
    if (const auto waited = co_await waiter.event.Wait(); !waited.ok()) break;
  }
  poller.Remove(stream.fd(), waiter);
}

std::string HostOf(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    return asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6()).to_string();
  }
  return address.to_string();
}

std::optional<std::array<uint8_t, 4>> Ipv4Of(const tcp::endpoint& endpoint) {
  boost::system::error_code error;
  const auto address = asio::ip::make_address_v4(HostOf(endpoint), error);
  if (error) return std::nullopt;
  return address.to_bytes();
}

std::string FormatPeer(const tcp::endpoint& endpoint) {
  return JoinHostPort(HostOf(endpoint), endpoint.port());
}

}  // namespace srsproxy::net
