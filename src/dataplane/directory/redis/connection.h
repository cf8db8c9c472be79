// Connection: one connection to a Redis server, or to a Sentinel, from the first byte to the last.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <absl/functional/any_invocable.h>
#include <absl/time/time.h>
#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "dataplane/core/clock.h"
#include "dataplane/core/status.h"
#include "dataplane/net/poller.h"
#include "dataplane/net/tcp_stream.h"
#include "dataplane/protocol/redis/reply.h"
#include "dataplane/protocol/redis/reply_reader.h"

namespace srsproxy::redis {

namespace asio = boost::asio;

// Sends commands, what is queued in one turn of the loop at once, and hands out the replies in the
// order of the commands. It never blocks. Once anything has gone wrong it is closed for good.
//
// Used on the thread of its executor only. How many commands are open is its user's to bound.
class Connection final : public std::enable_shared_from_this<Connection>,
                         private net::Poller::Target {
 public:
  // The message with which it is closed, UNAVAILABLE, when the server has just closed it.
  static constexpr std::string_view kClosedByServer = "Redis has closed the connection";

  // OK and the reply, whatever it is; or the status with which the connection was closed: whether
  // the command was done is unknown then.
  using Done = absl::AnyInvocable<void(absl::StatusOr<Reply>)>;
  using Pushed = absl::AnyInvocable<void(Reply)>;
  using Closed = absl::AnyInvocable<void(const absl::Status&)>;

  // `stream`: connected, TLS begun when there is to be any. `poller` outlives the connection.
  Connection(net::Poller& poller, asio::any_io_executor executor, net::TcpStream stream);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection() override;  // Closes, CANCELLED.

  // Begins to read. `closed` is called once, after every open command was answered; not of a Close
  // by the user. False: the kernel watches no more sockets.
  bool Start(Closed closed);

  // Of replies that answer no command: messages to which this connection is subscribed.
  // Without it such a reply is an error.
  void WhenPushed(Pushed pushed) { pushed_ = std::move(pushed); }

  // `command`: as AppendCommand makes it; several ones when all but the last are answered by
  // nobody. When the reply has not come after `timeout`, the connection is closed, UNAVAILABLE.
  // Once it is closed, `done` is called inline with the status of that.
  void Send(std::string_view command, absl::Duration timeout, Done done);

  // Answers every open command with `why`, which is not OK.
  void Close(absl::Status why);
  // The same, as when it has gone wrong by itself: `closed` is called.
  void Fail(absl::Status why);

  bool open() const { return why_closed_.ok(); }

  // Since when the server owes a reply and sends nothing: now, when it owes none. Once this is
  // closed: as it was then.
  MonotonicTime silent_since() const;

 private:
  struct Command {
    MonotonicTime deadline;
    absl::Duration timeout;
    Done done;
  };

  void OnReady(net::Poller::Readiness ready) override;
  void FlushLater();
  void Flush();
  void Read(int turns = 1);
  void ReadLater();
  // False: no more is to be read.
  bool TakeReplies();
  void TakeReply(Reply reply);
  // What TryRead and TryWrite have ended with.
  absl::Status Broken(const net::IoResult& result) const;

  void ArmTimer(MonotonicTime deadline);
  void OnTimer();
  MonotonicTime EarliestDeadline() const;

  net::Poller& poller_;
  const asio::any_io_executor executor_;
  net::TcpStream stream_;
  ReplyReader reader_;
  std::vector<uint8_t> buffer_;

  std::string out_;  // From sent_ on to be sent.
  size_t sent_ = 0;
  bool flush_posted_ = false;
  std::deque<Command> open_;  // In the order in which they were sent.
  // When anything came last, or since then the first of open_ was sent, or this was closed.
  MonotonicTime silent_since_;

  asio::steady_timer timer_;
  MonotonicTime armed_ = MonotonicTime::max();  // max: it is not.

  bool watched_ = false;
  bool peer_ended_ = false;
  absl::Status why_closed_;  // OK: it is open.
  Pushed pushed_;
  Closed closed_;
};

}  // namespace srsproxy::redis
