// Against a peer that the test plays, byte by byte.
#include "dataplane/directory/redis/connection.h"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/redis/command.h"

namespace srsproxy::redis {
namespace {

using boost::asio::ip::tcp;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string Command(std::initializer_list<std::string_view> arguments) {
  std::string command;
  AppendCommand(arguments, command);
  return command;
}

class ConnectionTest : public ::testing::Test {
 protected:
  ConnectionTest() {
    asio::co_spawn(io_, poller_.Run(), asio::detached);
    tcp::acceptor acceptor(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    tcp::socket socket(io_);
    socket.connect(acceptor.local_endpoint());
    peer_ = acceptor.accept();
    peer_.non_blocking(true);
    connection_ = std::make_shared<Connection>(poller_, io_.get_executor(),
                                               net::TcpStream(std::move(socket), Side::kProxy));
    EXPECT_TRUE(connection_->Start([this](const absl::Status& why) { closed_.push_back(why); }));
  }

  // Lets the connection work until `done`.
  void Until(const std::function<bool()>& done) {
    const auto late = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (!done()) {
      ASSERT_LT(std::chrono::steady_clock::now(), late);
      io_.restart();
      io_.run_for(std::chrono::milliseconds(1));
    }
  }
  void Turn() {
    io_.restart();
    io_.poll();
  }

  void Send(std::string_view command, absl::Duration timeout = absl::Seconds(60)) {
    connection_->Send(command, timeout, Take());
  }
  Connection::Done Take() {
    return [this](absl::StatusOr<Reply> reply) { TakeReply(std::move(reply)); };
  }
  void TakeReply(absl::StatusOr<Reply> reply) {
    if (!closed_.empty()) answered_after_closed_ = true;
    if (reply.ok()) {
      replies_.push_back(reply->ToString());
    } else {
      failures_.push_back(reply.status());
    }
  }

  // As the peer.
  void Answer(std::string_view bytes) {
    boost::system::error_code error;
    ASSERT_EQ(asio::write(peer_, asio::buffer(bytes.data(), bytes.size()), error), bytes.size());
  }
  std::string Read() {
    std::string text(1 << 20, '\0');
    boost::system::error_code error;
    text.resize(peer_.read_some(asio::buffer(text), error));
    return text;
  }
  std::string ReadUntil(size_t size) {
    std::string all;
    Until([&] {
      all += Read();
      return all.size() >= size;
    });
    return all;
  }

  net::Poller poller_{net::Poller::Delivery::kImmediate};
  asio::io_context io_;
  tcp::socket peer_{io_};
  std::vector<std::string> replies_;
  std::vector<absl::Status> failures_;
  std::vector<absl::Status> closed_;
  bool answered_after_closed_ = false;
  std::shared_ptr<Connection> connection_;
};

TEST_F(ConnectionTest, SendsAtOnceWhatWasQueuedInOneTurn) {
  std::string all;
  for (int i = 0; i < 100; ++i) {
    Send(Command({"GET", std::to_string(i)}));
    all += Command({"GET", std::to_string(i)});
  }
  EXPECT_EQ(Read(), "");
  Turn();
  EXPECT_EQ(Read(), all);
}

TEST_F(ConnectionTest, AnswersInOrderHoweverTheRepliesAreCut) {
  const std::string replies = "+OK\r\n$5\r\nhello\r\n*2\r\n:1\r\n$-1\r\n-WRONGTYPE no\r\n";
  for (size_t at = 1; at < replies.size(); ++at) {
    replies_.clear();
    for (int i = 0; i < 4; ++i) Send(Command({"X"}));
    Answer(std::string_view(replies).substr(0, at));
    Turn();
    Answer(std::string_view(replies).substr(at));
    Until([this] { return replies_.size() == 4; });
    EXPECT_THAT(replies_,
                ElementsAre("(status) 'OK'", "'hello'", "[1, nil]", "(error) 'WRONGTYPE no'"))
        << at;
  }
  EXPECT_TRUE(connection_->open());
}

TEST_F(ConnectionTest, NonsenseAnswersAllOnceAndCloses) {
  for (int i = 0; i < 3; ++i) Send(Command({"X"}));
  Answer("+OK\r\nHTTP/1.1 400 Bad Request\r\n\r\n");
  Until([this] { return !closed_.empty(); });
  EXPECT_THAT(replies_, ElementsAre("(status) 'OK'"));
  ASSERT_EQ(failures_.size(), 2u);
  EXPECT_TRUE(absl::IsDataLoss(failures_[0])) << failures_[0];
  EXPECT_EQ(closed_.size(), 1u);
  EXPECT_FALSE(answered_after_closed_);
  EXPECT_FALSE(connection_->open());
  Send(Command({"X"}));
  EXPECT_EQ(failures_.size(), 3u);
}

TEST_F(ConnectionTest, AStallIsOverAtTheDeadline) {
  Send(Command({"X"}), absl::Milliseconds(20));
  Send(Command({"Y"}), absl::Seconds(60));
  Until([this] { return !closed_.empty(); });
  ASSERT_EQ(failures_.size(), 2u);
  EXPECT_TRUE(absl::IsUnavailable(failures_[0])) << failures_[0];
  EXPECT_THAT(std::string(MessageOf(closed_[0])), HasSubstr("within 20ms"));
}

TEST_F(ConnectionTest, AnEarlierDeadlineOfALaterCommandCounts) {
  Send(Command({"XREAD"}), absl::Seconds(60));
  Send(Command({"X"}), absl::Milliseconds(20));
  Until([this] { return !closed_.empty(); });
  EXPECT_THAT(std::string(MessageOf(closed_[0])), HasSubstr("within 20ms"));
}

TEST_F(ConnectionTest, ADeadlineOfWhatWasAnsweredIsNone) {
  Send(Command({"X"}), absl::Milliseconds(20));
  Answer("+OK\r\n");
  Until([this] { return replies_.size() == 1; });
  Send(Command({"Y"}), absl::Milliseconds(300));
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(60);
  Until([&] { return std::chrono::steady_clock::now() > later; });
  EXPECT_THAT(closed_, IsEmpty());
  Until([this] { return !closed_.empty(); });
  EXPECT_THAT(std::string(MessageOf(closed_[0])), HasSubstr("within 300ms"));
}

// A machine that is suspended suspends Redis too, more often than not.
TEST_F(ConnectionTest, AfterThisThreadWasHeldUpRedisGetsItsTimeAgain) {
  Send(Command({"X"}), absl::Milliseconds(200));
  Turn();
  std::this_thread::sleep_for(std::chrono::seconds(1));
  Turn();
  EXPECT_THAT(closed_, IsEmpty());
  Answer("+OK\r\n");
  Until([this] { return !replies_.empty() || !closed_.empty(); });
  EXPECT_THAT(closed_, IsEmpty());
  Send(Command({"Y"}), absl::Milliseconds(20));
  Until([this] { return !closed_.empty(); });
}

TEST_F(ConnectionTest, WhatHasArrivedBeforeALateLookCounts) {
  Send(Command({"X"}), absl::Milliseconds(10));
  Turn();
  Answer("+OK\r\n");
  // This thread is held up until the deadline is long over.
  const auto later = std::chrono::steady_clock::now() + std::chrono::milliseconds(30);
  while (std::chrono::steady_clock::now() < later) {
  }
  Until([this] { return !replies_.empty() || !closed_.empty(); });
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(ConnectionTest, ACutReplyIsNoReply) {
  Send(Command({"X"}));
  Send(Command({"Y"}));
  Answer("+OK\r\n$10\r\nhal");
  peer_.close();
  Until([this] { return !closed_.empty(); });
  EXPECT_THAT(replies_, ElementsAre("(status) 'OK'"));
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_TRUE(absl::IsUnavailable(failures_[0]));
}

TEST_F(ConnectionTest, AResetIsUnavailable) {
  Send(Command({"X"}));
  Turn();
  peer_.set_option(tcp::socket::linger(true, 0));
  peer_.close();
  Until([this] { return !closed_.empty(); });
  EXPECT_TRUE(absl::IsUnavailable(closed_[0])) << closed_[0];
  EXPECT_EQ(failures_.size(), 1u);
}

TEST_F(ConnectionTest, ItIsSilentSinceItOwesAReply) {
  const auto later = [](MonotonicTime than) {
    while (std::chrono::steady_clock::now() <= than) std::this_thread::yield();
    return std::chrono::steady_clock::now();
  };
  const MonotonicTime before = later(std::chrono::steady_clock::now());
  EXPECT_GE(connection_->silent_since(), before) << "it owes none";
  Send(Command({"X"}));
  const MonotonicTime sent = connection_->silent_since();
  later(sent);
  Send(Command({"X"}));
  EXPECT_EQ(connection_->silent_since(), sent);
  Answer("+OK\r\n");
  Until([this] { return replies_.size() == 1; });
  const MonotonicTime answered = connection_->silent_since();
  EXPECT_GT(answered, sent);
  later(std::chrono::steady_clock::now());
  EXPECT_EQ(connection_->silent_since(), answered) << "it owes another";
  connection_->Close(absl::UnavailableError("the test wants it"));
  EXPECT_EQ(connection_->silent_since(), answered);
}

TEST_F(ConnectionTest, OneThatOwedNothingIsSilentSinceItWasClosed) {
  const MonotonicTime before = std::chrono::steady_clock::now();
  peer_.close();
  Until([this] { return !closed_.empty(); });
  const MonotonicTime closed = connection_->silent_since();
  EXPECT_GE(closed, before);
  EXPECT_EQ(connection_->silent_since(), closed);
}

TEST_F(ConnectionTest, AReplyToNothingCloses) {
  Answer("+OK\r\n");
  Until([this] { return !closed_.empty(); });
  EXPECT_TRUE(absl::IsDataLoss(closed_[0])) << closed_[0];
}

TEST_F(ConnectionTest, AnErrorToNothingIsTheReason) {
  Answer("-ERR max number of clients reached\r\n");
  peer_.close();
  Until([this] { return !closed_.empty(); });
  EXPECT_TRUE(absl::IsUnavailable(closed_[0])) << closed_[0];
  EXPECT_THAT(std::string(MessageOf(closed_[0])), HasSubstr("maxclients"));
}

TEST_F(ConnectionTest, AReplyThatIsTooLongIsReadOver) {
  Send(Command({"GET", "huge"}));
  Send(Command({"GET", "small"}));
  constexpr size_t kHuge = 20 << 20;
  Answer("$" + std::to_string(kHuge) + "\r\n");
  const std::string huge = std::string(kHuge, 'x') + "\r\n$5\r\nsmall\r\n";
  size_t sent = 0;
  Until([&] {
    boost::system::error_code error;
    const std::string_view rest = std::string_view(huge).substr(sent);
    if (!rest.empty()) sent += peer_.write_some(asio::buffer(rest), error);
    return replies_.size() == 2;
  });
  EXPECT_THAT(replies_[0], HasSubstr("TOOLONG"));
  EXPECT_EQ(replies_[1], "'small'");
  EXPECT_THAT(closed_, IsEmpty());
}

TEST_F(ConnectionTest, APeerThatDoesNotReadHoldsNobodyUp) {
  const std::string large(1 << 20, 'x');
  const std::string command = Command({"SET", "k", large});
  for (int i = 0; i < 16; ++i) Send(command);
  Turn();
  EXPECT_TRUE(connection_->open());
  EXPECT_EQ(ReadUntil(16 * command.size()).size(), 16 * command.size());
  std::string ok;
  for (int i = 0; i < 16; ++i) ok += "+OK\r\n";
  Answer(ok);
  Until([this] { return replies_.size() == 16; });
}

TEST_F(ConnectionTest, ALargeReplyComesInPieces) {
  Send(Command({"GET", "k"}));
  const std::string large(8 << 20, 'x');
  const std::string reply = "$" + std::to_string(large.size()) + "\r\n" + large + "\r\n";
  std::string_view rest = reply;
  Until([&] {
    boost::system::error_code error;
    rest.remove_prefix(peer_.write_some(asio::buffer(rest.data(), rest.size()), error));
    return rest.empty();
  });
  Until([this] { return replies_.size() == 1; });
  EXPECT_TRUE(connection_->open());
}

TEST_F(ConnectionTest, AnAnswerMaySendMore) {
  connection_->Send(Command({"A"}), absl::Seconds(60),
                    [this](absl::StatusOr<Reply>) { Send(Command({"B"})); });
  Turn();
  EXPECT_EQ(Read(), Command({"A"}));
  Answer("+OK\r\n");
  EXPECT_EQ(ReadUntil(Command({"B"}).size()), Command({"B"}));
  Answer(":1\r\n");
  Until([this] { return replies_.size() == 1; });
}

TEST_F(ConnectionTest, AnAnswerMayCloseIt) {
  connection_->Send(Command({"A"}), absl::Seconds(60), [this](absl::StatusOr<Reply>) {
    connection_->Close(absl::CancelledError("enough"));
    Send(Command({"C"}));
  });
  Send(Command({"B"}));
  Answer("+OK\r\n+OK\r\n");
  Until([this] { return failures_.size() == 2; });
  EXPECT_TRUE(absl::IsCancelled(failures_[0]));
  Turn();
  EXPECT_THAT(closed_, IsEmpty());  // It was asked for.
  EXPECT_THAT(replies_, IsEmpty());
}

TEST_F(ConnectionTest, AnAnswerMayGiveItUp) {
  connection_->Send(Command({"A"}), absl::Seconds(60),
                    [this](absl::StatusOr<Reply>) { connection_.reset(); });
  Send(Command({"B"}));
  Answer("+OK\r\n+OK\r\n");
  // The second may come before the end of the turn, in which it is still alive.
  Until([this] { return failures_.size() + replies_.size() == 1; });
}

TEST_F(ConnectionTest, FailIsAsIfItHadBroken) {
  Send(Command({"A"}));
  connection_->Fail(absl::UnavailableError("another master"));
  EXPECT_EQ(failures_.size(), 1u);
  ASSERT_EQ(closed_.size(), 1u);
  EXPECT_EQ(closed_[0], absl::UnavailableError("another master"));
}

TEST_F(ConnectionTest, WhatIsDestroyedAnswersAll) {
  Send(Command({"A"}));
  connection_.reset();
  ASSERT_EQ(failures_.size(), 1u);
  EXPECT_TRUE(absl::IsCancelled(failures_[0]));
  EXPECT_THAT(closed_, IsEmpty());
  Turn();
}

TEST_F(ConnectionTest, MessagesArePushedBetweenReplies) {
  std::vector<std::string> pushed;
  connection_->WhenPushed([&pushed](const Reply& reply) { pushed.push_back(reply.ToString()); });
  Send(Command({"SUBSCRIBE", "c"}));
  Answer("*3\r\n$9\r\nsubscribe\r\n$1\r\nc\r\n:1\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$1\r\nx\r\n");
  Until([&pushed] { return pushed.size() == 1; });
  EXPECT_THAT(replies_, ElementsAre("['subscribe', 'c', 1]"));
  EXPECT_THAT(pushed, ElementsAre("['message', 'c', 'x']"));
}

}  // namespace
}  // namespace srsproxy::redis
