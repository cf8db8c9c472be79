// The bridge as scripts between a client and an origin; the successful ones again with the input
// cut everywhere.

#include "dataplane/protocol/rtmp/bridge.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/control_message.h"
#include "tests/unit/dataplane/protocol/rtmp/bridge_peers.h"

namespace srsproxy::rtmp {
namespace {

using ::testing::AllOf;
using testing::Bytes;
using testing::Chunk;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::kCommand;
using testing::Message;
using testing::Named;
using testing::operator+;
using testing::operator+=;
using testing::MessageBytes;
using testing::Peers;
using State = BridgeState;

Bytes ConnectBytes() {
  AmfObject object;
  object.properties = {{"app", "live"}, {"tcUrl", "rtmp://example.com/live"}};
  return MessageBytes(Command{"connect", 1, {object}});
}
Bytes PublishBytes(std::string stream = "one", uint32_t stream_id = 1) {
  return MessageBytes(Named("publish", 5, {AmfNull{}, std::move(stream), "live"}), stream_id, 8);
}
Bytes PlayBytes(std::string stream = "one", uint32_t stream_id = 1) {
  return MessageBytes(Named("play", 0, {AmfNull{}, std::move(stream)}), stream_id, 8);
}
Bytes Video(uint32_t stream_id, uint32_t timestamp = 40) {
  return MessageBytes(MessageType::kVideo, stream_id, Bytes(300, 0x27), 6, timestamp);
}
// As OBS and ffmpeg begin.
Bytes EncoderBytes() {
  return ConnectBytes() + MessageBytes(Named("releaseStream", 2, {AmfNull{}, "one"})) +
         MessageBytes(Named("FCPublish", 3, {AmfNull{}, "one"})) + MessageBytes(CreateStream(4)) +
         PublishBytes();
}
Bytes PlayerBytes() { return ConnectBytes() + MessageBytes(CreateStream(2)) + PlayBytes(); }

Bytes OriginStatus(std::string_view code, uint32_t stream_id = 1,
                   std::string_view level = "status") {
  return MessageBytes(OnStatus(level, code, "in the origin's words"), stream_id, 5);
}

// A publisher whose origin gives the same stream id: nothing at all may be changed on the way
// there.
void PublishScript(Peers peers) {
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  ASSERT_EQ(peers.bridge.state(), State::kSelecting);
  EXPECT_EQ(peers.bridge.key().ToString(), "example.com/live/one");
  EXPECT_EQ(peers.bridge.role(), Role::kPublisher);
  EXPECT_THAT(Peers::Names(peers.ReceivedByClient()),
              ElementsAre("_result", "onBWDone", "_result", "_result", "_result"));
  peers.ForgetClient();

  peers.ConnectOrigin();
  EXPECT_THAT(Peers::Names(peers.ReceivedByOrigin()),
              ElementsAre("connect", "releaseStream", "FCPublish", "createStream"))
      << "the replay waits for the stream id";
  peers.Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(EmptyResult(2)) +
               MessageBytes(EmptyResult(3)));
  peers.Origin(MessageBytes(CreateStreamResult(4, 1)));
  EXPECT_EQ(peers.to_origin, EncoderBytes());
  peers.Origin(MessageBytes(Named("onFCPublish", 0, {AmfNull{}, AmfObject{}}), 1, 5));
  EXPECT_THAT(peers.to_client, IsEmpty()) << "no success before the origin has said it";
  peers.Origin(OriginStatus("NetStream.Publish.Start"));
  EXPECT_EQ(peers.bridge.state(), State::kRelaying);
  EXPECT_THAT(Peers::Names(peers.ReceivedByClient()),
              ElementsAre("onFCPublish", "onStatus NetStream.Publish.Start"));

  const Bytes media =
      Video(1) + Video(1, 80) + MessageBytes(Named("FCUnpublish", 6, {AmfNull{}, "one"}));
  peers.Client(media);
  EXPECT_EQ(peers.to_origin, EncoderBytes() + media);
  EXPECT_TRUE(peers.bridge.media_seen());
  EXPECT_EQ(peers.bridge.state(), State::kIdle);
  EXPECT_THAT(peers.states, ElementsAre(State::kAwaitingRequest, State::kSelecting,
                                        State::kAwaitingOrigin, State::kRelaying, State::kIdle));
}

TEST(BridgeTest, WhatAPublisherSendsArrivesByteForByte) { PublishScript(Peers()); }

TEST(BridgeTest, ThePublishScriptHoldsByteByByte) { PublishScript(Peers(1)); }

TEST(BridgeTest, ThePublishScriptHoldsAtEverySplit) {
  for (size_t first = 1; first < EncoderBytes().size(); ++first) {
    SCOPED_TRACE(first);
    PublishScript(Peers(SIZE_MAX, first));
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}

// A viewer whose origin gives stream id 7 and uses the short chunk formats at once.
void PlayScript(Peers peers) {
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes() + MessageBytes(MessageType::kUserControl, 0,
                                            Bytes{0, 3, 0, 0, 0, 1, 0, 0, 11, 184}, 2));
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.AnswerCommands(2, 7);
  peers.Origin(testing::SetChunkSize(60'000));
  peers.Origin(MessageBytes(MessageType::kUserControl, 0, Bytes{0, 0, 0, 0, 0, 7}, 2));
  peers.Origin(OriginStatus("NetStream.Play.Reset", 7) + OriginStatus("NetStream.Play.Start", 7));
  ASSERT_EQ(peers.bridge.state(), State::kRelaying);
  EXPECT_EQ(peers.ReceivedByOrigin()[2].header.stream_id, 7);
  EXPECT_EQ(peers.ReceivedByOrigin()[3].payload, (Bytes{0, 3, 0, 0, 0, 7, 0, 0, 11, 184}));

  peers.Origin(
      Chunk({.format = 0, .chunk_stream_id = 6, .timestamp = 100, .length = 4, .stream_id = 7},
            Bytes{1, 2, 3, 4}) +
      Chunk({.format = 1, .chunk_stream_id = 5, .timestamp = 20, .length = 2}, Bytes{5, 6}) +
      Chunk({.format = 2, .chunk_stream_id = 6, .timestamp = 40}, Bytes{1, 2, 3, 4}));
  const auto received = peers.ReceivedByClient();
  ASSERT_EQ(received.size(), 6);
  EXPECT_EQ(received[0].payload, (Bytes{0, 0, 0, 0, 0, 1}));
  for (size_t i = 1; i < received.size(); ++i) EXPECT_EQ(received[i].header.stream_id, 1) << i;
  EXPECT_EQ(received[4].header.timestamp, 20) << "a short header, re-based for the client";
  EXPECT_EQ(received[5].header.timestamp, 140);
  EXPECT_TRUE(peers.bridge.media_seen());

  peers.to_origin.clear();
  peers.Client(MessageBytes(Named("deleteStream", 0, {AmfNull{}, 1.0})));
  ASSERT_EQ(peers.ReceivedByOrigin().size(), 1);
  EXPECT_EQ(*DecodeCommand(kCommand, peers.ReceivedByOrigin()[0].payload)->Argument(1).AsNumber(),
            7);
}

TEST(BridgeTest, StreamIdsAreMappedWhereTheSidesDiffer) { PlayScript(Peers()); }
TEST(BridgeTest, ThePlayScriptHoldsByteByByte) { PlayScript(Peers(1)); }
TEST(BridgeTest, ThePlayScriptHoldsInSmallPieces) {
  for (size_t step = 2; step < 300; step += 7) PlayScript(Peers(step));
}

TEST(BridgeTest, AClientMaySendEverythingAtOnce) {
  Peers peers;
  peers.HandshakeAsClient();
  const Bytes media = Video(1) + Video(1, 80);
  peers.Client(EncoderBytes() + media);
  peers.ConnectOrigin();
  peers.Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(4, 1)) +
               OriginStatus("NetStream.Publish.Start"));
  EXPECT_EQ(peers.to_origin, EncoderBytes() + media);
}

TEST(BridgeTest, MoreThanTheReplayBufferHoldsIsNotTakenBeforeTheVerdict) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.Client(Bytes(peers.bridge.ClientReadCapacity()));
  EXPECT_EQ(peers.bridge.ClientReadCapacity(), 0);
}

// ---- What the origin says to things that were answered already

std::vector<MessageType> Types(const std::vector<Message>& messages) {
  std::vector<MessageType> types;
  for (const Message& message : messages) types.push_back(message.header.type);
  return types;
}

Bytes Window(uint32_t bytes) {
  return MessageBytes(MessageType::kWindowAckSize, 0, WindowAckSizePayload(bytes), 2);
}
Bytes Bandwidth(uint32_t bytes) {
  return MessageBytes(MessageType::kSetPeerBandwidth, 0,
                      SetPeerBandwidthPayload(bytes, PeerBandwidthLimit::kDynamic), 2);
}
Bytes Event(UserControlEvent event, uint32_t value) {
  return MessageBytes(MessageType::kUserControl, 0, UserControlPayload(event, value), 2);
}
const Bytes kBandwidthDone = MessageBytes(Named("onBWDone", 0, {AmfNull{}}));

TEST(BridgeTest, ConnectIsAnsweredAsSrsDoesAndInItsOrder) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(ConnectBytes());
  const auto received = peers.ReceivedByClient();
  ASSERT_THAT(Types(received),
              ElementsAre(MessageType::kWindowAckSize, MessageType::kSetPeerBandwidth,
                          MessageType::kSetChunkSize, kCommand, kCommand));
  EXPECT_EQ(ReadControlNumber(received[0].payload), 2'500'000);
  EXPECT_EQ(ReadControlNumber(received[1].payload), 2'500'000);
  EXPECT_EQ(ReadControlNumber(received[2].payload), 60'000);
  EXPECT_GT(received[3].payload.size(), kDefaultChunkSize)
      << "it must come in one chunk all the same";
  EXPECT_THAT(Peers::Names(received), ElementsAre("_result", "onBWDone"));
}

TEST(BridgeTest, TheSameFromTheOriginIsNotSentAgain) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.Origin(Window(2'500'000) + Bandwidth(2'500'000) + MessageBytes(ConnectResult(1, 0)));
  peers.Origin(testing::SetChunkSize(60'000) + kBandwidthDone + MessageBytes(EmptyResult(2)));
  peers.Origin(Event(UserControlEvent::kStreamBegin, 0) + MessageBytes(EmptyResult(3)));
  peers.Origin(MessageBytes(CreateStreamResult(4, 1)));
  EXPECT_THAT(peers.to_client, IsEmpty());
  peers.Origin(OriginStatus("NetStream.Publish.Start"));
  EXPECT_THAT(Types(peers.ReceivedByClient()), ElementsAre(kCommand));
}

void WaysScript(Peers peers) {
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.Origin(Window(12345) + Bandwidth(12345));
  peers.AnswerCommands(2);
  peers.Origin(testing::SetChunkSize(4096));
  EXPECT_THAT(peers.to_client, IsEmpty());
  peers.Origin(Event(UserControlEvent::kStreamBegin, 1) + OriginStatus("NetStream.Play.Reset") +
               OriginStatus("NetStream.Play.Start"));
  const auto received = peers.ReceivedByClient();
  ASSERT_THAT(Types(received), ElementsAre(MessageType::kUserControl, MessageType::kWindowAckSize,
                                           MessageType::kSetChunkSize, kCommand, kCommand));
  EXPECT_EQ(ReadControlNumber(received[1].payload), 12345);
  EXPECT_EQ(ReadControlNumber(received[2].payload), 4096);
}
TEST(BridgeTest, OtherWaysOfTheOriginAreSentRightBeforeItsVerdict) {
  for (const size_t step : {SIZE_MAX, size_t{1}, size_t{7}}) WaysScript(Peers(step));
}

// ffmpeg would take it over, and nginx-rtmp loses bytes of one that shrinks.
TEST(BridgeTest, APublisherIsSentAnotherChunkSizeOnlyWhenAMessageNeedsIt) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.AnswerCommands(4);
  peers.Origin(OriginStatus("NetStream.Publish.Start") +
               MessageBytes(Named("short", 0, {AmfNull{}})));
  EXPECT_THAT(Types(peers.ReceivedByClient()), ElementsAre(kCommand, kCommand));
  peers.ForgetClient();
  peers.Origin(MessageBytes(Named("long", 0, {AmfNull{}, std::string(200, 'x')})));
  const auto received = peers.ReceivedByClient();
  ASSERT_THAT(Types(received), ElementsAre(MessageType::kSetChunkSize, kCommand));
  EXPECT_EQ(ReadControlNumber(received[0].payload), kDefaultChunkSize);
}

TEST(BridgeTest, AnOriginThatSendsNoChunkSizeHasTheDefaultOne) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.AnswerCommands(2);
  peers.Origin(OriginStatus("NetStream.Play.Start") + Video(1));
  const auto received = peers.ReceivedByClient();
  ASSERT_EQ(received.size(), 3);
  EXPECT_EQ(ReadControlNumber(received[0].payload), kDefaultChunkSize);
  EXPECT_EQ(received[2].payload, Bytes(300, 0x27));
}

TEST(BridgeTest, ALargerWindowOfTheOriginIsKeptFromTheClient) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.Origin(Window(5'000'000) + testing::SetChunkSize(60'000));
  peers.AnswerCommands(2);
  peers.Origin(OriginStatus("NetStream.Play.Start"));
  EXPECT_THAT(Types(peers.ReceivedByClient()), ElementsAre(kCommand));
}

TEST(BridgeTest, WhatTheOriginSendsBesidesComesBehindItsVerdict) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(ConnectBytes() + MessageBytes(CreateStream(2)) +
               MessageBytes(Named("getStreamLength", 3, {AmfNull{}, "one"})) + PlayBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.AnswerCommands(2);
  peers.Origin(testing::SetChunkSize(60'000) +
               MessageBytes(Named("_result", 3, {AmfNull{}, 12.5})) +  // SRS would not answer it.
               MessageBytes(Named("_result", 99, {AmfNull{}})) +       // Nobody asked.
               MessageBytes(Named("onFCSubscribe", 0, {AmfNull{}})) +
               MessageBytes(MessageType::kAcknowledgement, 0, AcknowledgementPayload(77), 2) +
               OriginStatus("NetStream.Play.Start"));
  EXPECT_THAT(Peers::Names(peers.ReceivedByClient()),
              ElementsAre("onStatus NetStream.Play.Start", "_result", "onFCSubscribe"));
  const auto received = peers.ReceivedByClient();
  EXPECT_EQ(received.back().header.type, MessageType::kAcknowledgement);
  EXPECT_EQ(ReadControlNumber(received.back().payload), 77);
}

TEST(BridgeTest, PingsAreAnsweredOnBothSidesBeforeTheVerdict) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(ConnectBytes() + Event(UserControlEvent::kPingRequest, 5));
  auto received = peers.ReceivedByClient();
  EXPECT_EQ(received.back().payload, UserControlPayload(UserControlEvent::kPingResponse, 5));
  peers.Client(MessageBytes(CreateStream(2)) + PublishBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.Origin(MessageBytes(ConnectResult(1, 0)) + Event(UserControlEvent::kPingResponse, 5) +
               Event(UserControlEvent::kPingRequest, 6));
  EXPECT_THAT(peers.to_client, IsEmpty());
  EXPECT_EQ(peers.ReceivedByOrigin().back().payload,
            UserControlPayload(UserControlEvent::kPingResponse, 6));
}

// ---- Calls

struct CallOrder {
  std::string name;
  std::vector<std::string> calls;
  std::vector<std::string> answered;
};

class BridgeCallsTest : public ::testing::TestWithParam<CallOrder> {};

// Each call has its place in the order as transaction; createStream and connect are not looked at.
TEST_P(BridgeCallsTest, AreAnsweredWhereSrsDoes) {
  Peers peers(1);
  peers.HandshakeAsClient();
  peers.Client(ConnectBytes());
  peers.ForgetClient();
  double transaction = 10;
  std::vector<double> wanted;
  for (const std::string& call : GetParam().calls) {
    peers.Client(MessageBytes(Named(call, transaction, {AmfNull{}, "one"})));
    const auto& answered = GetParam().answered;
    if (std::find(answered.begin(), answered.end(), call) != answered.end()) {
      wanted.push_back(transaction);
    }
    ++transaction;
  }
  std::vector<double> received;
  for (const Message& message : peers.ReceivedByClient()) {
    const auto command = DecodeCommand(message.header.type, message.payload);
    EXPECT_EQ(command->name, "_result");
    if (command->Argument(1).AsNumber() == nullptr) received.push_back(command->transaction_id);
  }
  EXPECT_EQ(received, wanted);
}

INSTANTIATE_TEST_SUITE_P(
    Orders, BridgeCallsTest,
    ::testing::Values(
        CallOrder{"before_create_stream",
                  {"FCSubscribe", "getStreamLength", "_checkbw", "anything"},
                  {"FCSubscribe", "getStreamLength", "_checkbw", "anything"}},
        CallOrder{
            "haivision", {"_checkbw", "createStream", "FCPublish"}, {"_checkbw", "FCPublish"}},
        CallOrder{"encoder",
                  {"releaseStream", "FCPublish", "_checkbw", "createStream", "getStreamLength"},
                  {"releaseStream", "FCPublish"}},
        CallOrder{"player", {"createStream", "FCSubscribe", "_checkbw", "getStreamLength"}, {}},
        CallOrder{"no_calls", {"closeStream", "_result", "pause"}, {}}),
    [](const auto& test) { return test.param.name; });

TEST(BridgeTest, TransactionsOfZeroAreDistinguished) {
  const Bytes calls = ConnectBytes() + MessageBytes(Named("releaseStream", 0, {AmfNull{}, "one"})) +
                      MessageBytes(Named("FCPublish", 0, {AmfNull{}, "one"})) +
                      MessageBytes(CreateStream(0)) +
                      MessageBytes(Named("_checkbw", 0, {AmfNull{}})) +
                      MessageBytes(Named("publish", 0, {AmfNull{}, "one", "live"}), 1, 8);
  for (const bool answers_all : {true, false}) {
    Peers peers;
    peers.HandshakeAsClient();
    peers.Client(calls);
    peers.ForgetClient();
    peers.ConnectOrigin();
    peers.Origin(MessageBytes(ConnectResult(1, 0)) + testing::SetChunkSize(60'000));
    if (answers_all) peers.Origin(MessageBytes(EmptyResult(0)) + MessageBytes(EmptyResult(0)));
    EXPECT_EQ(peers.bridge.state(), State::kAwaitingOrigin);
    peers.Origin(MessageBytes(CreateStreamResult(0, 3)));
    EXPECT_EQ(peers.ReceivedByOrigin().back().header.stream_id, 3) << "publish";
    peers.Origin(OriginStatus("NetStream.Publish.Start", 3));
    EXPECT_EQ(peers.bridge.state(), State::kRelaying);
    EXPECT_THAT(Peers::Names(peers.ReceivedByClient()),
                ElementsAre("onStatus NetStream.Publish.Start"));
  }
}

// As SRS does, whose every stream is 1: an answer on another one would be no answer to a client.
TEST(BridgeTest, EveryCreateStreamIsGivenTheSameStream) {
  // SRS gives 1 again, or to an encoder nothing; others count on.
  const Bytes second_answers[] = {
      MessageBytes(CreateStreamResult(5, 1)), {}, MessageBytes(CreateStreamResult(5, 8))};
  for (const Bytes& second_answer : second_answers) {
    Peers peers;
    peers.HandshakeAsClient();
    peers.Client(ConnectBytes());
    peers.ForgetClient();
    peers.Client(MessageBytes(CreateStream(4)) + MessageBytes(CreateStream(5)));
    for (const Message& message : peers.ReceivedByClient()) {
      EXPECT_EQ(*DecodeCommand(kCommand, message.payload)->Argument(1).AsNumber(), 1);
    }
    peers.Client(PlayBytes());
    peers.ForgetClient();
    peers.ConnectOrigin();
    peers.Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(4, 7)));
    EXPECT_THAT(Peers::Names(peers.ReceivedByOrigin()),
                ElementsAre("connect", "createStream", "createStream", "play"))
        << "the second answer may never come";
    EXPECT_EQ(peers.ReceivedByOrigin().back().header.stream_id, 7);
    peers.Origin(second_answer + OriginStatus("NetStream.Play.Start", 7));
    EXPECT_EQ(peers.bridge.state(), State::kRelaying);
    ASSERT_THAT(Peers::Names(peers.ReceivedByClient()),
                ElementsAre("onStatus NetStream.Play.Start"));
    EXPECT_EQ(peers.ReceivedByClient().back().header.stream_id, 1);
  }
}

TEST(BridgeTest, ATransactionMayBeNoNumberAtAll) {
  constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
  Peers peers;
  peers.HandshakeAsClient();
  AmfObject object;
  object.properties = {{"app", "live"}, {"tcUrl", "rtmp://example.com/live"}};
  peers.Client(MessageBytes(Command{"connect", kNaN, {object}}) +
               MessageBytes(Named("releaseStream", kNaN, {AmfNull{}, "one"})) +
               MessageBytes(CreateStream(kNaN)) + PublishBytes());
  EXPECT_EQ(DecodeCommand(kCommand, peers.ReceivedByClient()[3].payload)->transaction_id, 1)
      << "SRS answers connect with 1";
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.Origin(MessageBytes(ConnectResult(kNaN, 0)) + MessageBytes(EmptyResult(kNaN)) +
               MessageBytes(CreateStreamResult(kNaN, 3)) +
               OriginStatus("NetStream.Publish.Start", 3));
  ASSERT_EQ(peers.bridge.state(), State::kRelaying);
  EXPECT_THAT(Peers::Names(peers.ReceivedByClient()),
              ElementsAre("onStatus NetStream.Publish.Start"));

  peers.Client(MessageBytes(CreateStream(kNaN)));
  peers.ForgetClient();
  peers.Origin(MessageBytes(CreateStreamResult(kNaN, 1)));
  ASSERT_THAT(Peers::Names(peers.ReceivedByClient()), ElementsAre("_result"));
  EXPECT_EQ(*DecodeCommand(kCommand, peers.ReceivedByClient()[0].payload)->Argument(1).AsNumber(),
            2)
      << "1 is the client's name for the origin's 3";
}

TEST(BridgeTest, AnOriginMayAnswerConnectWithOneWhateverItWas) {
  Peers peers;
  peers.HandshakeAsClient();
  AmfObject object;
  object.properties = {{"app", "live"}, {"tcUrl", "rtmp://example.com/live"}};
  peers.Client(MessageBytes(Command{"connect", 0, {object}}) + MessageBytes(CreateStream(1)) +
               PlayBytes());
  peers.ConnectOrigin();
  peers.Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(1, 1)) +
               OriginStatus("NetStream.Play.Start"));
  EXPECT_EQ(peers.bridge.state(), State::kRelaying);
}

TEST(BridgeTest, TheOriginsRefusalIsSentInItsWords) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.AnswerCommands(2, 9);
  peers.Origin(OriginStatus("NetStream.Play.StreamNotFound", 9, "error"));
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  EXPECT_EQ(SideOf(peers.bridge.status()), Side::kOrigin);
  EXPECT_TRUE(absl::IsPermissionDenied(peers.bridge.status()));
  const auto received = peers.ReceivedByClient();
  ASSERT_EQ(received.size(), 1);
  EXPECT_EQ(received[0].header.stream_id, 1);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, received[0].payload));
  EXPECT_EQ(status->description, "in the origin's words");
}

TEST(BridgeTest, ASilentCloseIsARefusal) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.AnswerCommands(4);
  peers.OriginCloses();
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  EXPECT_TRUE(absl::IsPermissionDenied(peers.bridge.status()));
  EXPECT_THAT(Peers::Names(peers.ReceivedByClient()),
              ElementsAre("onStatus NetStream.Publish.BadName"));
}

TEST(BridgeTest, TheHopsOfTheClientAreKnownOnceItHasNamedAStream) {
  const HopList way = HopList().Through(BootId{1}).Through(BootId{2});
  Peers marked;
  marked.HandshakeAsClient(way);
  EXPECT_EQ(marked.bridge.hops(), way);
  Peers plain;
  plain.HandshakeAsClient();
  EXPECT_TRUE(plain.bridge.hops().empty());
}

TEST(BridgeTest, ACloseInTheHandshakeLetsAnotherOriginBeTried) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  BufferSequence client;
  BufferSequence origin;
  peers.bridge.Connected({}, std::nullopt, {client, origin});
  peers.OriginCloses();
  ASSERT_EQ(peers.bridge.state(), State::kSelecting);
  peers.ConnectOrigin();
  peers.Origin(MessageBytes(ConnectResult(1, 0)) + MessageBytes(CreateStreamResult(4, 1)));
  EXPECT_EQ(peers.to_origin, EncoderBytes());
}

TEST(BridgeTest, ARefusedConnectIsSentAsAStatusOfTheStream) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.ForgetClient();
  peers.ConnectOrigin();
  peers.Origin(MessageBytes(ErrorResult(1, "NetConnection.Connect.Rejected", "closed on Sundays")));
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  const auto received = peers.ReceivedByClient();
  ASSERT_EQ(received.size(), 1);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, received[0].payload));
  EXPECT_THAT(status->description, HasSubstr("closed on Sundays"));
  EXPECT_EQ(status->level, "error");
}

TEST(BridgeTest, AStreamIdThatIsNoneEndsWithAClearError) {
  for (const double number : {std::nan(""), -1.0, 4294967296.0, 1e300}) {
    Peers peers;
    peers.HandshakeAsClient();
    peers.Client(PlayerBytes());
    peers.ForgetClient();
    peers.ConnectOrigin();
    peers.Origin(MessageBytes(ConnectResult(1, 0)) +
                 MessageBytes(Named("_result", 2, {AmfNull{}, number})));
    EXPECT_EQ(peers.bridge.state(), State::kEnded) << number;
    EXPECT_EQ(SideOf(peers.bridge.status()), Side::kOrigin);
    EXPECT_THAT(Peers::Names(peers.ReceivedByClient()),
                ElementsAre("onStatus NetStream.Play.Failed"));
  }
}

TEST(BridgeTest, ARedirectIsTheDriversToFollowAndNeverPassedOut) {
  for (const bool on_connect : {true, false}) {
    Peers peers;
    peers.HandshakeAsClient();
    peers.Client(PlayerBytes());
    peers.ForgetClient();
    peers.ConnectOrigin();
    AmfObject extra;
    extra.properties = {{"redirect", "rtmp://10.0.0.9/live/one"}};
    AmfObject information;
    information.properties = {
        {"level", "error"}, {"code", "NetConnection.Connect.Rejected"}, {"ex", extra}};
    if (on_connect) {
      peers.Origin(MessageBytes(Named("_error", 1, {AmfNull{}, information})));
    } else {
      peers.AnswerCommands(2);
      peers.Origin(MessageBytes(Named("onStatus", 0, {AmfNull{}, information}), 1, 5));
    }
    EXPECT_EQ(peers.bridge.state(), State::kSelecting);
    EXPECT_EQ(peers.bridge.redirect(), "rtmp://10.0.0.9/live/one");
    EXPECT_THAT(Peers::Names(peers.ReceivedByClient()), IsEmpty());
    peers.ConnectOrigin();
    EXPECT_THAT(Peers::Names(peers.ReceivedByOrigin()), ElementsAre("connect", "createStream"));
  }
}

TEST(BridgeTest, TheOriginOfARedirectGetsItsOwnStreamId) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.ConnectOrigin();
  peers.AnswerCommands(2, 5);
  AmfObject extra;
  extra.properties = {{"redirect", "rtmp://10.0.0.9/live/one"}};
  AmfObject information;
  information.properties = {{"level", "error"}, {"code", "NetStream.Play.Failed"}, {"ex", extra}};
  peers.Origin(MessageBytes(Named("onStatus", 0, {AmfNull{}, information}), 5, 5));
  ASSERT_EQ(peers.bridge.state(), State::kSelecting);
  peers.ConnectOrigin();
  peers.AnswerCommands(2, 7);
  const auto received = peers.ReceivedByOrigin();
  ASSERT_THAT(Peers::Names(received), ElementsAre("connect", "createStream", "play"));
  EXPECT_EQ(received[2].header.stream_id, 7);
  peers.Origin(OriginStatus("NetStream.Play.Start", 7));
  EXPECT_EQ(peers.bridge.state(), State::kRelaying);
}

// A client that has ended its first stream and plays another one on the same connection.
class SecondStream : public ::testing::Test {
 protected:
  void SetUp() override {
    peers_.HandshakeAsClient();
    peers_.Client(PlayerBytes());
    peers_.ConnectOrigin();
    peers_.AnswerCommands(2);
    peers_.Origin(OriginStatus("NetStream.Play.Start"));
    ASSERT_EQ(peers_.bridge.state(), State::kRelaying);
    peers_.ForgetClient();
    peers_.to_origin.clear();
  }
  void EndFirst() { peers_.Client(MessageBytes(Named("closeStream", 0, {AmfNull{}}), 1, 8)); }

  Peers peers_;
};

TEST_F(SecondStream, IsPickedAnewOnceTheFirstHasEnded) {
  EndFirst();
  ASSERT_EQ(peers_.bridge.state(), State::kIdle);
  peers_.Client(PlayBytes("two"));
  ASSERT_EQ(peers_.bridge.state(), State::kSelecting);
  EXPECT_EQ(peers_.bridge.key().stream, "two");
  peers_.Continue();
  EXPECT_THAT(Peers::Names(peers_.ReceivedByOrigin()), ElementsAre("closeStream", "play"));
  peers_.Origin(OriginStatus("NetStream.Play.Start"));
  EXPECT_EQ(peers_.bridge.state(), State::kRelaying);
  EXPECT_THAT(Peers::Names(peers_.ReceivedByClient()),
              ElementsAre("onStatus NetStream.Play.Start"));
}

TEST_F(SecondStream, IsNotAcceptedByTheRestOfTheFirst) {
  EndFirst();
  peers_.Client(PlayBytes("two"));
  peers_.Continue();
  peers_.Origin(Video(1));
  EXPECT_EQ(peers_.bridge.state(), State::kAwaitingOrigin);
  peers_.Origin(OriginStatus("NetStream.Play.Start"));
  EXPECT_EQ(peers_.bridge.state(), State::kRelaying);
}

TEST(BridgeTest, AnOriginThatPlaysWithoutAWordDoesSoAgain) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.ConnectOrigin();
  peers.AnswerCommands(2);
  peers.Origin(Video(1));
  ASSERT_EQ(peers.bridge.state(), State::kRelaying);
  peers.Client(MessageBytes(Named("closeStream", 0, {AmfNull{}}), 1, 8) + PlayBytes("two"));
  peers.Continue();
  peers.Origin(Video(1));
  EXPECT_EQ(peers.bridge.state(), State::kRelaying);
}

TEST_F(SecondStream, MayBeOnAnotherOrigin) {
  EndFirst();
  peers_.Client(PlayBytes("two"));
  peers_.ConnectOrigin();
  EXPECT_THAT(Peers::Names(peers_.ReceivedByOrigin()), ElementsAre("connect", "createStream"));
  peers_.AnswerCommands(2, 4);
  const auto received = peers_.ReceivedByOrigin();
  ASSERT_THAT(Peers::Names(received), ElementsAre("connect", "createStream", "play"));
  EXPECT_EQ(received[2].header.stream_id, 4);
  peers_.Origin(OriginStatus("NetStream.Play.Start", 4) + Video(4));
  const auto forwarded = peers_.ReceivedByClient();
  ASSERT_EQ(forwarded.size(), 2);
  EXPECT_EQ(forwarded[1].header.stream_id, 1);
}

TEST_F(SecondStream, IsRefusedWhileTheFirstIsLive) {
  peers_.Client(PlayBytes("two", 2));
  EXPECT_EQ(peers_.bridge.state(), State::kRelaying);
  EXPECT_EQ(peers_.bridge.key().stream, "one");
  EXPECT_THAT(peers_.to_origin, IsEmpty());
  const auto received = peers_.ReceivedByClient();
  ASSERT_EQ(received.size(), 1);
  EXPECT_EQ(received[0].header.stream_id, 2);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, received[0].payload));
  EXPECT_TRUE(status->is_error());
  EXPECT_THAT(status->description, HasSubstr("example.com/live/one"));
}

TEST_F(SecondStream, LearnsWhyItHasToEnd) {
  peers_.Refuse(ProxyFailure(absl::StatusCode::kAborted, "the stream is elsewhere"));
  EXPECT_EQ(peers_.bridge.state(), State::kEnded);
  const auto received = peers_.ReceivedByClient();
  ASSERT_EQ(received.size(), 1);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, received[0].payload));
  EXPECT_TRUE(status->is_error());
  EXPECT_EQ(status->description, "the stream is elsewhere");
}

TEST_F(SecondStream, OfTheSameNameGoesToTheSameOriginAtOnce) {
  peers_.Client(PlayBytes("one", 2));
  EXPECT_THAT(Peers::Names(peers_.ReceivedByOrigin()), ElementsAre("play"));
}

TEST_F(SecondStream, GetsAStreamIdThatTheClientDoesNotUse) {
  peers_.Client(MessageBytes(CreateStream(9)));
  peers_.Origin(MessageBytes(CreateStreamResult(9, 2)));
  const auto received = peers_.ReceivedByClient();
  ASSERT_EQ(received.size(), 1);
  EXPECT_EQ(*ResultCommand::From(*DecodeCommand(kCommand, received[0].payload))->number, 2);
}

TEST_F(SecondStream, OfAnEncoderBringsItsCallsToAnotherOrigin) {
  EndFirst();
  const Bytes calls = MessageBytes(Named("releaseStream", 7, {AmfNull{}, "two"})) +
                      MessageBytes(Named("FCPublish", 8, {AmfNull{}, "two"}));
  peers_.Client(calls + PublishBytes("two"));
  peers_.ConnectOrigin();
  EXPECT_THAT(Peers::Names(peers_.ReceivedByOrigin()),
              ElementsAre("connect", "releaseStream", "FCPublish", "createStream"));
  peers_.Origin(MessageBytes(ConnectResult(1, 0)) + testing::SetChunkSize(60'000) + kBandwidthDone +
                MessageBytes(EmptyResult(7)) + MessageBytes(EmptyResult(8)) +
                MessageBytes(CreateStreamResult(2, 1)));
  EXPECT_THAT(peers_.to_client, IsEmpty());
  peers_.Origin(OriginStatus("NetStream.Publish.Start"));
  EXPECT_EQ(peers_.bridge.state(), State::kRelaying);
}

TEST_F(SecondStream, OnTheSameOriginReceivesItsAnswersAsTheyCome) {
  EndFirst();
  peers_.Client(MessageBytes(CreateStream(9)) +
                MessageBytes(Named("play", 0, {AmfNull{}, "two"}), 1, 8));
  ASSERT_EQ(peers_.bridge.state(), State::kSelecting);
  peers_.Continue();
  peers_.Origin(MessageBytes(CreateStreamResult(9, 1)) + OriginStatus("NetStream.Play.Start"));
  EXPECT_THAT(Peers::Names(peers_.ReceivedByClient()),
              ElementsAre("_result", "onStatus NetStream.Play.Start"));
}

TEST_F(SecondStream, IsDistinguishedFromOtherAnswersOfTheSameTransaction) {
  peers_.Client(MessageBytes(Named("pause", 0, {AmfNull{}, true}), 1, 8) +
                MessageBytes(CreateStream(0)));
  peers_.Origin(MessageBytes(EmptyResult(0)) + MessageBytes(CreateStreamResult(0, 2)));
  const auto received = peers_.ReceivedByClient();
  ASSERT_EQ(received.size(), 2);
  EXPECT_EQ(*ResultCommand::From(*DecodeCommand(kCommand, received[1].payload))->number, 2);
}

struct BadInput {
  std::string name;
  bool handshake = true;
  Bytes bytes;
  std::string complaint;  // In the status.
  std::string reported;   // To the client, somewhere in its bytes.
};

class BridgeBadInputTest : public ::testing::TestWithParam<BadInput> {};

TEST_P(BridgeBadInputTest, EndsWithAClearErrorToItsSender) {
  Peers peers;
  if (GetParam().handshake) peers.HandshakeAsClient();
  peers.ForgetClient();
  peers.Client(GetParam().bytes);
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  EXPECT_EQ(SideOf(peers.bridge.status()), Side::kClient);
  EXPECT_THAT(std::string(MessageOf(peers.bridge.status())), HasSubstr(GetParam().complaint));
  EXPECT_THAT(std::string(peers.to_client.begin(), peers.to_client.end()),
              HasSubstr(GetParam().reported));
}

Bytes Text(std::string_view text) { return {text.begin(), text.end()}; }

INSTANTIATE_TEST_SUITE_P(
    Inputs, BridgeBadInputTest,
    ::testing::Values(
        BadInput{"http", false, Text("GET /live/one.flv HTTP/1.1\r\nHost: a\r\n\r\n"), "HTTP",
                 "400 Bad Request"},
        BadInput{"publish_before_connect", true, PublishBytes(), "before connect",
                 "before connect"},
        BadInput{"connect_twice", true, ConnectBytes() + ConnectBytes(), "twice", "twice"},
        BadInput{"no_stream_name", true,
                 ConnectBytes() + MessageBytes(CreateStream(2)) + PublishBytes(""), "stream",
                 "NetStream.Publish.BadName"},
        BadInput{"a_record_without_a_name", true,
                 ConnectBytes() + MessageBytes(MessageType::kVideo, 1, Bytes(66'000, 7), 6),
                 "64 KiB", "64 KiB"},
        BadInput{"chunk_size_zero", true, testing::SetChunkSize(0), "chunk size", "chunk size"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace srsproxy::rtmp
