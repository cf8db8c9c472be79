// The bridge as scripts between a client and an origin; the successful ones again with the input
// cut everywhere.

#include "dataplane/protocol/rtmp/bridge.h"

#include <algorithm>
#include <optional>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/protocol_rtmp/chunk_model.h"

namespace srsproxy::rtmp {
namespace {

using ::testing::AllOf;
using testing::Bytes;
using testing::Chunk;
using testing::ChunkDecoder;
using testing::Continuation;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::Message;
using testing::operator+;
using testing::operator+=;
using State = BridgeState;

constexpr MessageType kCommand = MessageType::kCommandAmf0;

// A whole message on its own chunk stream, cut at the default chunk size.
Bytes Say(MessageType type, uint32_t stream_id, std::span<const uint8_t> payload,
          uint32_t chunk_stream_id = 3, uint32_t timestamp = 0) {
  const size_t first = std::min<size_t>(payload.size(), kDefaultChunkSize);
  Bytes bytes = Chunk({.format = 0,
                       .chunk_stream_id = chunk_stream_id,
                       .timestamp = timestamp,
                       .length = static_cast<uint32_t>(payload.size()),
                       .type = type,
                       .stream_id = stream_id},
                      payload.first(first));
  for (payload = payload.subspan(first); !payload.empty();) {
    const size_t next = std::min<size_t>(payload.size(), kDefaultChunkSize);
    bytes += Continuation(chunk_stream_id, payload.first(next));
    payload = payload.subspan(next);
  }
  return bytes;
}

Bytes Say(const Command& command, uint32_t stream_id = 0, uint32_t chunk_stream_id = 3) {
  return Say(kCommand, stream_id, EncodeCommand(kCommand, command), chunk_stream_id);
}

Command Named(std::string name, double transaction, std::vector<AmfValue> arguments) {
  return {std::move(name), transaction, std::move(arguments)};
}

Bytes ConnectBytes() {
  AmfObject object;
  object.properties = {{"app", "live"}, {"tcUrl", "rtmp://example.com/live"}};
  return Say(Command{"connect", 1, {object}});
}
Bytes PublishBytes(std::string stream = "one", uint32_t stream_id = 1) {
  return Say(Named("publish", 5, {AmfNull{}, std::move(stream), "live"}), stream_id, 8);
}
Bytes PlayBytes(std::string stream = "one", uint32_t stream_id = 1) {
  return Say(Named("play", 0, {AmfNull{}, std::move(stream)}), stream_id, 8);
}
Bytes Video(uint32_t stream_id, uint32_t timestamp = 40) {
  return Say(MessageType::kVideo, stream_id, Bytes(300, 0x27), 6, timestamp);
}
// As OBS and ffmpeg begin.
Bytes EncoderBytes() {
  return ConnectBytes() + Say(Named("releaseStream", 2, {AmfNull{}, "one"})) +
         Say(Named("FCPublish", 3, {AmfNull{}, "one"})) + Say(CreateStream(4)) + PublishBytes();
}
Bytes PlayerBytes() { return ConnectBytes() + Say(CreateStream(2)) + PlayBytes(); }

Bytes OriginStatus(std::string_view code, uint32_t stream_id = 1,
                   std::string_view level = "status") {
  return Say(OnStatus(level, code, "in the origin's words"), stream_id, 5);
}

// Both peers of a bridge, and its driver.
class Peers : public Bridge::Listener {
 public:
  // Input is given to the bridge in pieces of at most `step` bytes, the first one of `first`.
  explicit Peers(size_t step = SIZE_MAX, size_t first = SIZE_MAX) : step_(step), first_(first) {}

  void OnBridgeState(State, State now) override { states.push_back(now); }

  void HandshakeAsClient(const HopList& hops = {}) {
    ClientHandshake handshake({.time_ms = 1, .random = 2, .hops = hops});
    while (!handshake.done()) {
      Client(handshake.TakeOutput());
      const auto used = handshake.Consume(to_client);
      ASSERT_TRUE(used.ok()) << used.status();
      to_client.erase(to_client.begin(), to_client.begin() + static_cast<ptrdiff_t>(*used));
    }
    Client(handshake.TakeOutput());
  }

  void ConnectOrigin() {
    ASSERT_EQ(bridge.state(), State::kPicking);
    to_origin.clear();
    Output out;
    bridge.Connected({.time_ms = 3, .random = 4}, std::nullopt, {out.client, out.origin});
    Take(out);
    ServerHandshake handshake({.time_ms = 5, .random = 6});
    while (!handshake.done()) {
      const auto used = handshake.Consume(to_origin);
      ASSERT_TRUE(used.ok()) << used.status();
      to_origin.erase(to_origin.begin(), to_origin.begin() + static_cast<ptrdiff_t>(*used));
      Origin(handshake.TakeOutput());
    }
  }

  void Client(Bytes bytes) {
    Feed(std::move(bytes), [this](std::span<uint8_t> in, Bridge::Output out) {
      // As its driver, nothing but what it has an appetite for.
      in = in.first(std::min(in.size(), bridge.ClientAppetite()));
      bridge.FromClient(in, out);
    });
  }
  void Origin(Bytes bytes) {
    Feed(std::move(bytes),
         [this](std::span<uint8_t> in, Bridge::Output out) { bridge.FromOrigin(in, out); });
  }
  void OriginCloses() {
    Output out;
    bridge.OriginClosed(absl::OkStatus(), {out.client, out.origin});
    Take(out);
  }
  void Refuse(absl::Status why) {
    Output out;
    bridge.Refuse(std::move(why), {out.client, out.origin});
    Take(out);
  }
  void Continue() {
    Output out;
    bridge.Continue({out.client, out.origin});
    Take(out);
  }

  // What connect and createStream are answered with by an origin that gives `stream_id`.
  void AnswerCommands(double create_transaction, uint32_t stream_id = 1) {
    Origin(Say(ConnectResult(1, 0)));
    Origin(Say(CreateStreamResult(create_transaction, stream_id)));
  }

  std::vector<Message> HeardByClient() const { return Decode(to_client); }
  std::vector<Message> HeardByOrigin() const { return Decode(to_origin); }
  // The commands among them, as "name" or "name code".
  static std::vector<std::string> Names(const std::vector<Message>& messages) {
    std::vector<std::string> names;
    for (const Message& message : messages) {
      if (!IsCommand(message.header.type)) continue;
      const auto command = DecodeCommand(message.header.type, message.payload);
      EXPECT_TRUE(command.ok());
      std::string name = command->name;
      const AmfObject* information = command->Argument(1).AsObject();
      if (name.starts_with("on") && information != nullptr &&
          information->Find("code") != nullptr) {
        name += " " + *information->Find("code")->AsString();
      }
      names.push_back(std::move(name));
    }
    return names;
  }

  VhostPolicy vhosts = *VhostPolicy::Parse("*");
  std::vector<State> states;
  Bridge bridge{vhosts, {.time_ms = 7, .random = 8}, *this};
  Bytes to_client;  // After the handshake.
  Bytes to_origin;

 private:
  struct Output {
    Pieces client;
    Pieces origin;
  };

  static std::vector<Message> Decode(const Bytes& bytes) {
    auto decoded = ChunkDecoder::Decode(bytes);
    EXPECT_EQ(decoded.error, "");
    EXPECT_THAT(decoded.unfinished, IsEmpty());
    return decoded.messages;
  }

  void Take(const Output& out) {
    out.client.CopyTo(to_client);
    out.origin.CopyTo(to_origin);
  }

  template <typename Give>
  void Feed(Bytes bytes, Give give) {
    std::span<uint8_t> in = bytes;
    for (size_t size = std::min(first_, step_); !in.empty(); size = step_) {
      const auto piece = in.first(std::min(size, in.size()));
      Output out;
      give(piece, {out.client, out.origin});
      Take(out);
      in = in.subspan(piece.size());
    }
  }

  const size_t step_;
  const size_t first_;
};

// A publisher whose origin gives the same stream id: nothing at all may be changed on the way
// there.
void PublishScript(Peers peers) {
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  ASSERT_EQ(peers.bridge.state(), State::kPicking);
  EXPECT_EQ(peers.bridge.key().ToString(), "example.com/live/one");
  EXPECT_EQ(peers.bridge.role(), Role::kPublisher);
  EXPECT_THAT(Peers::Names(peers.HeardByClient()),
              ElementsAre("_result", "_result", "_result", "_result"));
  peers.to_client.clear();

  peers.ConnectOrigin();
  EXPECT_THAT(Peers::Names(peers.HeardByOrigin()),
              ElementsAre("connect", "releaseStream", "FCPublish", "createStream"))
      << "the replay waits for the stream id";
  peers.Origin(Say(ConnectResult(1, 0)) + Say(EmptyResult(2)) + Say(EmptyResult(3)));
  peers.Origin(Say(CreateStreamResult(4, 1)));
  EXPECT_EQ(peers.to_origin, EncoderBytes());
  peers.Origin(Say(Named("onFCPublish", 0, {AmfNull{}, AmfObject{}}), 1, 5));
  EXPECT_THAT(peers.to_client, IsEmpty()) << "no success before the origin has said it";
  peers.Origin(OriginStatus("NetStream.Publish.Start"));
  EXPECT_EQ(peers.bridge.state(), State::kFlowing);
  EXPECT_THAT(Peers::Names(peers.HeardByClient()),
              ElementsAre("onFCPublish", "onStatus NetStream.Publish.Start"));

  const Bytes media = Video(1) + Video(1, 80) + Say(Named("FCUnpublish", 6, {AmfNull{}, "one"}));
  peers.Client(media);
  EXPECT_EQ(peers.to_origin, EncoderBytes() + media);
  EXPECT_TRUE(peers.bridge.media_seen());
  EXPECT_EQ(peers.bridge.state(), State::kIdle);
  EXPECT_THAT(peers.states, ElementsAre(State::kNaming, State::kPicking, State::kAsking,
                                        State::kFlowing, State::kIdle));
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
  peers.Client(PlayerBytes() +
               Say(MessageType::kUserControl, 0, Bytes{0, 3, 0, 0, 0, 1, 0, 0, 11, 184}, 2));
  peers.to_client.clear();
  peers.ConnectOrigin();
  peers.AnswerCommands(2, 7);
  peers.Origin(Say(MessageType::kUserControl, 0, Bytes{0, 0, 0, 0, 0, 7}, 2));
  peers.Origin(OriginStatus("NetStream.Play.Reset", 7) + OriginStatus("NetStream.Play.Start", 7));
  ASSERT_EQ(peers.bridge.state(), State::kFlowing);
  EXPECT_EQ(peers.HeardByOrigin()[2].header.stream_id, 7);
  EXPECT_EQ(peers.HeardByOrigin()[3].payload, (Bytes{0, 3, 0, 0, 0, 7, 0, 0, 11, 184}));

  peers.Origin(
      Chunk({.format = 0, .chunk_stream_id = 6, .timestamp = 100, .length = 4, .stream_id = 7},
            Bytes{1, 2, 3, 4}) +
      Chunk({.format = 1, .chunk_stream_id = 5, .timestamp = 20, .length = 2}, Bytes{5, 6}) +
      Chunk({.format = 2, .chunk_stream_id = 6, .timestamp = 40}, Bytes{1, 2, 3, 4}));
  const auto heard = peers.HeardByClient();
  ASSERT_EQ(heard.size(), 6);
  EXPECT_EQ(heard[0].payload, (Bytes{0, 0, 0, 0, 0, 1}));
  for (size_t i = 1; i < heard.size(); ++i) EXPECT_EQ(heard[i].header.stream_id, 1) << i;
  EXPECT_EQ(heard[4].header.timestamp, 20) << "a short header, re-based for the client";
  EXPECT_EQ(heard[5].header.timestamp, 140);
  EXPECT_TRUE(peers.bridge.media_seen());

  peers.to_origin.clear();
  peers.Client(Say(Named("deleteStream", 0, {AmfNull{}, 1.0})));
  ASSERT_EQ(peers.HeardByOrigin().size(), 1);
  EXPECT_EQ(*DecodeCommand(kCommand, peers.HeardByOrigin()[0].payload)->Argument(1).AsNumber(), 7);
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
  peers.Origin(Say(ConnectResult(1, 0)) + Say(CreateStreamResult(4, 1)) +
               OriginStatus("NetStream.Publish.Start"));
  EXPECT_EQ(peers.to_origin, EncoderBytes() + media);
}

TEST(BridgeTest, MoreThanTheRecordHoldsIsNotTakenBeforeTheVerdict) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.Client(Bytes(peers.bridge.ClientAppetite()));
  EXPECT_EQ(peers.bridge.ClientAppetite(), 0);
}

TEST(BridgeTest, ChunkSizeAndWindowOfTheOriginReachTheClientBeforeTheVerdict) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.to_client.clear();
  peers.ConnectOrigin();
  peers.Origin(Say(MessageType::kWindowAckSize, 0, WindowAckSizePayload(12345), 2) +
               testing::SetChunkSize(4096));
  const auto heard = peers.HeardByClient();
  ASSERT_EQ(heard.size(), 2);
  EXPECT_EQ(ReadControlNumber(heard[0].payload), 12345);
  EXPECT_EQ(ReadControlNumber(heard[1].payload), 4096);
}

TEST(BridgeTest, TheOriginsRefusalIsToldInItsWords) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(PlayerBytes());
  peers.to_client.clear();
  peers.ConnectOrigin();
  peers.AnswerCommands(2, 9);
  peers.Origin(OriginStatus("NetStream.Play.StreamNotFound", 9, "error"));
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  EXPECT_EQ(SideOf(peers.bridge.status()), Side::kOrigin);
  EXPECT_TRUE(absl::IsPermissionDenied(peers.bridge.status()));
  const auto heard = peers.HeardByClient();
  ASSERT_EQ(heard.size(), 1);
  EXPECT_EQ(heard[0].header.stream_id, 1);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, heard[0].payload));
  EXPECT_EQ(status->description, "in the origin's words");
}

TEST(BridgeTest, ASilentCloseIsARefusal) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.to_client.clear();
  peers.ConnectOrigin();
  peers.AnswerCommands(4);
  peers.OriginCloses();
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  EXPECT_TRUE(absl::IsPermissionDenied(peers.bridge.status()));
  EXPECT_THAT(Peers::Names(peers.HeardByClient()),
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
  Pieces client;
  Pieces origin;
  peers.bridge.Connected({}, std::nullopt, {client, origin});
  peers.OriginCloses();
  ASSERT_EQ(peers.bridge.state(), State::kPicking);
  peers.ConnectOrigin();
  peers.Origin(Say(ConnectResult(1, 0)) + Say(CreateStreamResult(4, 1)));
  EXPECT_EQ(peers.to_origin, EncoderBytes());
}

TEST(BridgeTest, ARefusedConnectIsToldAsAStatusOfTheStream) {
  Peers peers;
  peers.HandshakeAsClient();
  peers.Client(EncoderBytes());
  peers.to_client.clear();
  peers.ConnectOrigin();
  peers.Origin(Say(ErrorResult(1, "NetConnection.Connect.Rejected", "closed on Sundays")));
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  const auto heard = peers.HeardByClient();
  ASSERT_EQ(heard.size(), 1);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, heard[0].payload));
  EXPECT_THAT(status->description, HasSubstr("closed on Sundays"));
  EXPECT_EQ(status->level, "error");
}

TEST(BridgeTest, ARedirectIsTheDriversToFollowAndNeverPassedOut) {
  for (const bool on_connect : {true, false}) {
    Peers peers;
    peers.HandshakeAsClient();
    peers.Client(PlayerBytes());
    peers.to_client.clear();
    peers.ConnectOrigin();
    AmfObject extra;
    extra.properties = {{"redirect", "rtmp://10.0.0.9/live/one"}};
    AmfObject information;
    information.properties = {
        {"level", "error"}, {"code", "NetConnection.Connect.Rejected"}, {"ex", extra}};
    if (on_connect) {
      peers.Origin(Say(Named("_error", 1, {AmfNull{}, information})));
    } else {
      peers.AnswerCommands(2);
      peers.Origin(Say(Named("onStatus", 0, {AmfNull{}, information}), 1, 5));
    }
    EXPECT_EQ(peers.bridge.state(), State::kPicking);
    EXPECT_EQ(peers.bridge.redirect(), "rtmp://10.0.0.9/live/one");
    EXPECT_THAT(Peers::Names(peers.HeardByClient()), IsEmpty());
    peers.ConnectOrigin();
    EXPECT_THAT(Peers::Names(peers.HeardByOrigin()), ElementsAre("connect", "createStream"));
  }
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
    ASSERT_EQ(peers_.bridge.state(), State::kFlowing);
    peers_.to_client.clear();
    peers_.to_origin.clear();
  }
  void EndFirst() { peers_.Client(Say(Named("closeStream", 0, {AmfNull{}}), 1, 8)); }

  Peers peers_;
};

TEST_F(SecondStream, IsPickedAnewOnceTheFirstHasEnded) {
  EndFirst();
  ASSERT_EQ(peers_.bridge.state(), State::kIdle);
  peers_.Client(PlayBytes("two"));
  ASSERT_EQ(peers_.bridge.state(), State::kPicking);
  EXPECT_EQ(peers_.bridge.key().stream, "two");
  peers_.Continue();
  EXPECT_THAT(Peers::Names(peers_.HeardByOrigin()), ElementsAre("closeStream", "play"));
  peers_.Origin(OriginStatus("NetStream.Play.Start"));
  EXPECT_EQ(peers_.bridge.state(), State::kFlowing);
  EXPECT_THAT(Peers::Names(peers_.HeardByClient()), ElementsAre("onStatus NetStream.Play.Start"));
}

TEST_F(SecondStream, MayBeOnAnotherOrigin) {
  EndFirst();
  peers_.Client(PlayBytes("two"));
  peers_.ConnectOrigin();
  EXPECT_THAT(Peers::Names(peers_.HeardByOrigin()), ElementsAre("connect", "createStream"));
  peers_.AnswerCommands(2, 4);
  const auto heard = peers_.HeardByOrigin();
  ASSERT_THAT(Peers::Names(heard), ElementsAre("connect", "createStream", "play"));
  EXPECT_EQ(heard[2].header.stream_id, 4);
  peers_.Origin(OriginStatus("NetStream.Play.Start", 4) + Video(4));
  const auto told = peers_.HeardByClient();
  ASSERT_EQ(told.size(), 2);
  EXPECT_EQ(told[1].header.stream_id, 1);
}

TEST_F(SecondStream, IsRefusedWhileTheFirstIsLive) {
  peers_.Client(PlayBytes("two", 2));
  EXPECT_EQ(peers_.bridge.state(), State::kFlowing);
  EXPECT_EQ(peers_.bridge.key().stream, "one");
  EXPECT_THAT(peers_.to_origin, IsEmpty());
  const auto heard = peers_.HeardByClient();
  ASSERT_EQ(heard.size(), 1);
  EXPECT_EQ(heard[0].header.stream_id, 2);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, heard[0].payload));
  EXPECT_TRUE(status->is_error());
  EXPECT_THAT(status->description, HasSubstr("example.com/live/one"));
}

TEST_F(SecondStream, IsToldWhyItHasToEnd) {
  peers_.Refuse(ProxyFailure(absl::StatusCode::kAborted, "the stream is elsewhere"));
  EXPECT_EQ(peers_.bridge.state(), State::kEnded);
  const auto heard = peers_.HeardByClient();
  ASSERT_EQ(heard.size(), 1);
  const auto status = StatusCommand::From(*DecodeCommand(kCommand, heard[0].payload));
  EXPECT_TRUE(status->is_error());
  EXPECT_EQ(status->description, "the stream is elsewhere");
}

TEST_F(SecondStream, OfTheSameNameGoesToTheSameOriginAtOnce) {
  peers_.Client(PlayBytes("one", 2));
  EXPECT_THAT(Peers::Names(peers_.HeardByOrigin()), ElementsAre("play"));
}

TEST_F(SecondStream, GetsAStreamIdThatTheClientDoesNotUse) {
  peers_.Client(Say(CreateStream(9)));
  peers_.Origin(Say(CreateStreamResult(9, 2)));
  const auto heard = peers_.HeardByClient();
  ASSERT_EQ(heard.size(), 1);
  EXPECT_EQ(*ResultCommand::From(*DecodeCommand(kCommand, heard[0].payload))->number, 2);
}

struct BadInput {
  std::string name;
  bool handshake = true;
  Bytes bytes;
  std::string complaint;  // In the status.
  std::string told;       // To the client, somewhere in its bytes.
};

class BridgeBadInputTest : public ::testing::TestWithParam<BadInput> {};

TEST_P(BridgeBadInputTest, EndsWithAClearErrorToItsSender) {
  Peers peers;
  if (GetParam().handshake) peers.HandshakeAsClient();
  peers.to_client.clear();
  peers.Client(GetParam().bytes);
  EXPECT_EQ(peers.bridge.state(), State::kEnded);
  EXPECT_EQ(SideOf(peers.bridge.status()), Side::kClient);
  EXPECT_THAT(std::string(MessageOf(peers.bridge.status())), HasSubstr(GetParam().complaint));
  EXPECT_THAT(std::string(peers.to_client.begin(), peers.to_client.end()),
              HasSubstr(GetParam().told));
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
        BadInput{"no_stream_name", true, ConnectBytes() + Say(CreateStream(2)) + PublishBytes(""),
                 "stream", "NetStream.Publish.BadName"},
        BadInput{"a_record_without_a_name", true,
                 ConnectBytes() + Say(MessageType::kVideo, 1, Bytes(66'000, 7), 6), "64 KiB",
                 "64 KiB"},
        BadInput{"chunk_size_zero", true, testing::SetChunkSize(0), "chunk size", "chunk size"}),
    [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace srsproxy::rtmp
