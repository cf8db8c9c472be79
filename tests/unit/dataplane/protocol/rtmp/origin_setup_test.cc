// An origin's setup alone: a client's request as values, and an origin that a test plays.

#include "dataplane/protocol/rtmp/origin_setup.h"

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/protocol/rtmp/bridge_peers.h"

namespace srsproxy::rtmp {
namespace {

using testing::Bytes;
using testing::ChunkDecoder;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Named;
using testing::operator+;
using testing::MessageBytes;
using Outcome = OriginSetup::Outcome;

Bytes Payload(const Command& command) { return EncodeCommand(MessageType::kCommandAmf0, command); }
Bytes Connect() { return MessageBytes(Named("connect", 1, {AmfObject{}})); }
Bytes Create() { return MessageBytes(CreateStream(2)); }
Bytes Play() { return MessageBytes(Named("play", 0, {AmfNull{}, "one"}), 1, 8); }

class OriginSetupTest : public ::testing::Test {
 protected:
  OriginSetupTest() {
    client_.connect = {{.chunk_stream_id = 3}, Payload(Named("connect", 1, {AmfObject{}}))};
    client_.connect_transaction = 1;
    request_.message = {{.chunk_stream_id = 8, .stream_id = 1},
                        Payload(Named("play", 0, {AmfNull{}, "one"}))};
    replay_.Append(Connect() + Create());
    replay_.create = {.transaction_id = 2, .client_id = 1, .end = replay_.bytes.size()};
    replay_.Append(Play());
    replay_.request_end = replay_.bytes.size();
  }

  // `setup_` has done its handshake.
  void ConnectOrigin() {
    setup_.Connect({.time_ms = 1, .random = 2}, std::nullopt, out());
    ServerHandshake handshake({.time_ms = 3, .random = 4});
    Bytes received = origin_.Flatten();
    while (setup_.handshaking()) {
      ASSERT_TRUE(handshake.Consume(received).ok());
      origin_.Clear();
      Origin(handshake.TakeOutput());
      received = origin_.Flatten();
    }
    const auto used = handshake.Consume(received);
    ASSERT_TRUE(used.ok());
    received.erase(received.begin(), received.begin() + static_cast<ptrdiff_t>(*used));
    origin_.Clear();
    origin_.AppendCopy(received);
  }
  size_t Origin(Bytes bytes) {
    const auto read = setup_.Read(bytes, out());
    EXPECT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(forwarder_.Flush(out()).ok());
    kept_.push_back(std::move(bytes));  // The output may point into it.
    return *read;
  }
  BridgeOutput out() { return {to_client_, origin_}; }
  static std::vector<std::string> Names(const BufferSequence& received) {
    return testing::Peers::Names(ChunkDecoder::Decode(received.Flatten()).messages);
  }

  ClientConnection client_;
  StreamRequest request_;
  ReplayBuffer replay_;
  DuplexForwarder forwarder_;
  OriginSetup setup_{{client_, request_, replay_}, forwarder_};
  BufferSequence to_client_;
  BufferSequence origin_;
  std::vector<Bytes> kept_;
};

TEST_F(OriginSetupTest, ReplaysUpToCreateStreamAndWaitsForTheStream) {
  ConnectOrigin();
  EXPECT_EQ(origin_.Flatten(), Connect() + Create());
  Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(2, 1)));
  EXPECT_EQ(origin_.Flatten(), Connect() + Create() + Play());
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kPending);
  EXPECT_EQ(setup_.replayed(), replay_.bytes.size());
  EXPECT_THAT(Names(to_client_), IsEmpty()) << "the client was told the same";
}

TEST_F(OriginSetupTest, LeavesWhatComesBehindAnAcceptance) {
  ConnectOrigin();
  Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(2, 1)));
  const Bytes verdict = MessageBytes(OnStatus("status", "NetStream.Play.Start", ""), 1, 5);
  EXPECT_EQ(Origin(verdict + Bytes(7, 0)), verdict.size());
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kAccepted);
  EXPECT_FALSE(setup_.media_seen());
  EXPECT_THAT(Names(to_client_), ElementsAre("onStatus NetStream.Play.Start"));
}

TEST_F(OriginSetupTest, WhatCameTooEarlyIsSentBehindTheVerdict) {
  ConnectOrigin();
  Origin(MessageBytes(Named("onSomething", 0, {AmfNull{}})) + MessageBytes(ConnectResult(1, 0)));
  Origin(MessageBytes(CreateStreamResult(2, 1)));
  EXPECT_THAT(Names(to_client_), IsEmpty());
  Origin(MessageBytes(OnStatus("status", "NetStream.Play.Start", ""), 1, 5));
  EXPECT_THAT(Names(to_client_), ElementsAre("onStatus NetStream.Play.Start", "onSomething"));
}

TEST_F(OriginSetupTest, AnOriginThatPlaysHasAccepted) {
  ConnectOrigin();
  Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(2, 1)));
  Origin(MessageBytes(MessageType::kVideo, 1, Bytes(20, 7), 6));
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kAccepted);
  EXPECT_TRUE(setup_.media_seen());
  EXPECT_TRUE(setup_.TakeConnection().plays_silently);
}

TEST_F(OriginSetupTest, AnswersThatCannotBeReadRefuseTheClient) {
  ConnectOrigin();
  Origin({0xff});
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kRefused);
  EXPECT_EQ(SideOf(setup_.outcome().status()), Side::kOrigin);
  EXPECT_THAT(Names(to_client_), ElementsAre("onStatus NetStream.Play.Failed"));
}

TEST_F(OriginSetupTest, ARedirectSendsTheClientNothing) {
  ConnectOrigin();
  AmfObject extra;
  extra.properties = {{"redirect", "rtmp://10.0.0.9/live/one"}};
  AmfObject information;
  information.properties = {
      {"level", "error"}, {"code", "NetConnection.Connect.Rejected"}, {"ex", extra}};
  Origin(MessageBytes(Named("_error", 1, {AmfNull{}, information})));
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kRedirected);
  EXPECT_EQ(setup_.outcome().redirect(), "rtmp://10.0.0.9/live/one");
  EXPECT_THAT(Names(to_client_), IsEmpty());
}

TEST_F(OriginSetupTest, WhatIsNoRtmpIsUnreachable) {
  setup_.Connect({.time_ms = 1, .random = 2}, std::nullopt, out());
  Origin(Bytes(4, 'H'));
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kUnreachable);
  EXPECT_TRUE(setup_.handshaking()) << "nothing of the client was told";
}

TEST_F(OriginSetupTest, ALaterRequestIsSentInMessages) {
  forwarder_.ReplaceOrigin(/*afresh=*/true, out());  // The former one.
  replay_.TakeBytes();
  ConnectOrigin();
  EXPECT_THAT(Names(origin_), ElementsAre("connect", "createStream"));
  Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(2, 9)));
  const auto received = ChunkDecoder::Decode(origin_.Flatten()).messages;
  EXPECT_EQ(received.back().header.stream_id, 9);
  EXPECT_THAT(Names(origin_), ElementsAre("connect", "createStream", "play"));
}

TEST_F(OriginSetupTest, AContinuedConnectionReceivesTheRequestAlone) {
  forwarder_.ReplaceOrigin(/*afresh=*/true, out());
  ASSERT_TRUE(setup_.Continue({}, out()).ok());
  EXPECT_THAT(Names(origin_), ElementsAre("play"));
  Origin(MessageBytes(MessageType::kVideo, 1, Bytes(20, 7), 6));
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kPending) << "the rest of the former stream";
  Origin(MessageBytes(OnStatus("status", "NetStream.Play.Start", ""), 1, 5));
  EXPECT_EQ(setup_.outcome().kind(), Outcome::kAccepted);
}

}  // namespace
}  // namespace srsproxy::rtmp
