// TLS as the client, against a TcpStream as the server.
#include <chrono>
#include <csignal>
#include <optional>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/net/tcp_stream.h"
#include "dataplane/net/tls.h"
#include "tests/support/certificates.h"

namespace srsproxy::net {
namespace {

using ::testing::HasSubstr;

class ClientTlsTest : public ::testing::Test {
 protected:
  ClientTlsTest() {
    std::signal(SIGPIPE, SIG_IGN);  // As the program does: OpenSSL writes to who has left.
    certificates_.Make("ca");
    certificates_.Make("server", "ca");
    tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket socket(io_);
    socket.connect(acceptor.local_endpoint());
    client_.emplace(std::move(socket), Side::kProxy);
    server_.emplace(acceptor.accept(), Side::kClient);
  }

  void StartServer() {
    auto context = LoadServerTls(certificates_.Cert("server"), certificates_.Key("server"));
    ASSERT_TRUE(context.ok()) << context.status();
    ASSERT_TRUE(server_->StartTls(*context));
  }
  void StartClient(const std::string& ca, const std::string& host) {
    auto context = LoadClientTls(ca);
    ASSERT_TRUE(context.ok()) << context.status();
    ASSERT_TRUE(client_->StartClientTls(*context, host));
  }

  // Until one byte of the server has come to the client, or that has failed.
  IoResult Exchange() {
    const uint8_t byte = 'x';
    const BufferSequence::Buffer bytes(&byte, 1);
    bool sent = false;
    uint8_t buffer[16];
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (std::chrono::steady_clock::now() < late) {
      if (!sent) sent = server_->TryWrite({&bytes, 1}).state == IoState::kOk;
      const IoResult got = client_->TryRead(buffer);
      if (got.state != IoState::kWouldBlock) return got;
    }
    ADD_FAILURE() << "nothing has come";
    return {};
  }

  Certificates certificates_;
  asio::io_context io_;
  std::optional<TcpStream> client_;
  std::optional<TcpStream> server_;
};

TEST_F(ClientTlsTest, ReadsFromAServerThatItsAuthorityHasSigned) {
  StartServer();
  StartClient(certificates_.Cert("ca"), "127.0.0.1");
  const IoResult got = Exchange();
  EXPECT_EQ(got.state, IoState::kOk) << client_->TlsProblem();
  EXPECT_EQ(got.bytes, 1u);
}

TEST_F(ClientTlsTest, RefusesOneThatAnotherAuthorityHasSigned) {
  certificates_.Make("other");
  StartServer();
  StartClient(certificates_.Cert("other"), "127.0.0.1");
  const IoResult got = Exchange();
  EXPECT_EQ(got.state, IoState::kClosed);
  EXPECT_EQ(got.error, EPROTO);
  EXPECT_THAT(client_->TlsProblem(), HasSubstr("certificate not accepted"));
}

TEST_F(ClientTlsTest, RefusesOneThatTheSystemDoesNotKnow) {
  StartServer();
  StartClient("", "127.0.0.1");
  EXPECT_EQ(Exchange().error, EPROTO);
  EXPECT_THAT(client_->TlsProblem(), HasSubstr("certificate not accepted"));
}

TEST_F(ClientTlsTest, RefusesTheCertificateOfAnotherHost) {
  StartServer();
  StartClient(certificates_.Cert("ca"), "redis.example");
  EXPECT_EQ(Exchange().error, EPROTO);
  EXPECT_THAT(client_->TlsProblem(), HasSubstr("hostname mismatch"));
}

TEST_F(ClientTlsTest, RefusesTheCertificateOfAnotherAddress) {
  StartServer();
  StartClient(certificates_.Cert("ca"), "127.0.0.2");
  EXPECT_EQ(Exchange().error, EPROTO);
  EXPECT_THAT(client_->TlsProblem(), HasSubstr("IP address mismatch"));
}

TEST_F(ClientTlsTest, SaysThatTheServerSpeaksNoTls) {
  StartClient(certificates_.Cert("ca"), "127.0.0.1");
  const std::string text = "-ERR unknown command\r\n";
  const BufferSequence::Buffer bytes(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  ASSERT_EQ(server_->TryWrite({&bytes, 1}).state, IoState::kOk);
  EXPECT_EQ(Exchange().error, EPROTO);
  EXPECT_THAT(client_->TlsProblem(), HasSubstr("wrong version number"));
}

TEST_F(ClientTlsTest, NamesAFileThatHoldsNoCertificates) {
  for (const std::string& file :
       {certificates_.Write("empty.pem", ""), std::string("/nowhere/ca.pem")}) {
    const auto context = LoadClientTls(file);
    EXPECT_TRUE(absl::IsInvalidArgument(context.status())) << context.status();
    EXPECT_THAT(std::string(MessageOf(context.status())), HasSubstr(file));
  }
}

}  // namespace
}  // namespace srsproxy::net
