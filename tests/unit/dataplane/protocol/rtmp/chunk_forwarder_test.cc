// Scripts: what goes in, what comes out, at every split of the input.
#include "dataplane/protocol/rtmp/chunk_forwarder.h"

#include <functional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/protocol/rtmp/chunk_model.h"

namespace srsproxy::rtmp::testing {
namespace {

using ::testing::HasSubstr;

static_assert(HasEveryName<MessageType>());

Bytes Filled(size_t size, uint8_t value) { return Bytes(size, value); }

// Treats messages as its functions say; without them, everything passes.
class ScriptObserver : public MessageObserver {
 public:
  using Start = std::function<MessageAction(const MessageHeader&, std::span<const uint8_t>)>;
  using Whole = std::function<Decision(const MessageHeader&, std::span<uint8_t>)>;

  MessageAction OnMessageStart(const MessageHeader& header,
                               std::span<const uint8_t> prefix) override {
    started.push_back(header);
    return start ? start(header, prefix) : MessageAction::kPass;
  }
  Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override {
    shown.push_back({header, Bytes(payload.begin(), payload.end())});
    return whole ? whole(header, payload) : Decision::kForward;
  }

  Start start;
  Whole whole;
  std::vector<MessageHeader> started;
  std::vector<Message> shown;
};

MessageAction ConsumeCommands(const MessageHeader& header, std::span<const uint8_t>) {
  return IsCommand(header.type) ? MessageAction::kConsume : MessageAction::kPass;
}
MessageAction HoldCommands(const MessageHeader& header, std::span<const uint8_t>) {
  return IsCommand(header.type) ? MessageAction::kHold : MessageAction::kPass;
}
MessageAction DropControl(const MessageHeader& header, std::span<const uint8_t>) {
  return header.chunk_stream_id == 2 ? MessageAction::kDrop : MessageAction::kPass;
}
Decision Invert(const MessageHeader&, std::span<uint8_t> payload) {
  for (uint8_t& byte : payload) byte ^= 0xff;
  return Decision::kForward;
}
Decision Swallow(const MessageHeader&, std::span<uint8_t>) { return Decision::kConsume; }

constexpr MessageType kCommand = MessageType::kCommandAmf0;
constexpr MessageType kVideo = MessageType::kVideo;

struct Script {
  std::string name;
  Bytes input;
  Bytes output;
  ScriptObserver::Start start = nullptr;
  ScriptObserver::Whole whole = nullptr;
  uint32_t map_stream_1_to = 1;
};

void PrintTo(const Script& script, std::ostream* os) { *os << script.name; }

class ChunkForwarderScript : public ::testing::TestWithParam<Script> {
 protected:
  // Feeds the input cut at `cuts`.
  Bytes Run(const std::vector<size_t>& cuts) {
    const Script& script = GetParam();
    ScriptObserver observer;
    observer.start = script.start;
    observer.whole = script.whole;
    ChunkForwarder forwarder(Side::kOrigin, &observer);
    forwarder.MapStreamId(1, script.map_stream_1_to);
    Bytes input = script.input;
    Bytes output;
    size_t from = 0;
    for (size_t index = 0; index <= cuts.size(); ++index) {
      const size_t to = index < cuts.size() ? cuts[index] : input.size();
      BufferSequence out;
      const auto forwarded = forwarder.Forward(std::span(input).subspan(from, to - from), out);
      EXPECT_TRUE(forwarded.ok()) << forwarded.status();
      out.CopyTo(output);
      from = to;
    }
    EXPECT_TRUE(forwarder.at_input_boundary());
    EXPECT_TRUE(forwarder.at_output_boundary());
    return output;
  }
};

TEST_P(ChunkForwarderScript, AtOnce) { EXPECT_EQ(Run({}), GetParam().output); }

TEST_P(ChunkForwarderScript, ByteByByte) {
  std::vector<size_t> cuts(GetParam().input.size());
  for (size_t at = 0; at < cuts.size(); ++at) cuts[at] = at;
  EXPECT_EQ(Run(cuts), GetParam().output);
}

TEST_P(ChunkForwarderScript, CutOnceAnywhere) {
  for (size_t cut = 0; cut <= GetParam().input.size(); ++cut) {
    ASSERT_EQ(Run({cut}), GetParam().output) << "cut at " << cut;
  }
}

// Shorthands: a whole message in one chunk, on chunk stream 4 and message stream 1.
Bytes Video(uint8_t format, uint32_t timestamp, size_t length) {
  return Chunk({format, 4, timestamp, static_cast<uint32_t>(length), kVideo, 1}, Filled(length, 9));
}
Bytes CommandOn(uint32_t id, uint8_t format, uint32_t timestamp, size_t length) {
  return Chunk({format, id, timestamp, static_cast<uint32_t>(length), kCommand, 1},
               Filled(length, 2));
}

std::vector<Script> Scripts() {
  const Bytes long_video = Chunk({0, 4, 10, 300, kVideo, 1}, Filled(128, 1));
  const Bytes video_128 = Continuation(4, Filled(128, 1));
  const Bytes video_44 = Continuation(4, Filled(44, 1));
  std::vector<Script> scripts;
  const auto passes = [&scripts](std::string name, Bytes bytes) {
    scripts.push_back({std::move(name), bytes, bytes});
  };

  passes("EveryFormat", Video(0, 0, 20) + Video(1, 40, 30) + Video(2, 40, 30) + Video(3, 0, 30));
  passes("TwoByteChunkStreamId", Chunk({0, 64, 1, 3, kVideo, 1}, Filled(3, 1)) +
                                     Chunk({1, 319, 1, 3, kVideo, 1}, Filled(3, 1)));
  passes("ThreeByteChunkStreamId", Chunk({0, 320, 1, 200, kVideo, 1}, Filled(128, 1)) +
                                       Continuation(320, Filled(72, 1)) +
                                       Chunk({0, 65599, 1, 3, kVideo, 1}, Filled(3, 1)));
  passes("LongFormOfShortId", Bytes{0x01, 0x00, 0x00, 0, 0, 1, 0, 0, 1, 9, 1, 0, 0, 0, 0xaa});
  passes("EmptyMessage", Chunk({0, 4, 5, 0, kVideo, 1}) + Continuation(4, {}) + Video(1, 4, 1));
  passes("Interleaved", long_video + CommandOn(3, 0, 0, 128) + video_128 +
                            Chunk({1, 5, 1, 2, MessageType::kAudio, 0}, Filled(2, 7)) + video_44);
  passes("ChunkSizeGrowsInAMessage",
         long_video + SetChunkSize(200) + Continuation(4, Filled(172, 1)));
  passes("ChunkSizeShrinksInAMessage", long_video + SetChunkSize(100) +
                                           Continuation(4, Filled(100, 1)) +
                                           Continuation(4, Filled(72, 1)));
  passes("LargestChunkSize", SetChunkSize(kMaxChunkSize) + Video(0, 0, 5000));
  passes("Abort", long_video + Abort(4) + Video(1, 3, 30));
  passes("AbortOfNothing", Abort(9) + Video(0, 3, 30));
  passes("ExtendedTimestamp", Chunk({0, 4, 0x1000000, 300, kVideo, 1}, Filled(128, 1)) +
                                  Continuation(4, Filled(128, 1), 0x1000000) +
                                  Continuation(4, Filled(44, 1), 0x1000000) + Video(1, 40, 9));
  passes("ExtendedTimestampNotRepeated",
         Chunk({0, 4, 0x1000000, 300, kVideo, 1}, Filled(128, 1)) + video_128 + video_44);
  passes("ExtendedTimestampResembled",  // The payload starts as the timestamp does.
         Chunk({0, 4, 0x01020304, 131, kVideo, 1}, Filled(128, 1)) +
             Continuation(4, Bytes{1, 2, 9}) + Video(1, 4, 1));
  passes("ExtendedTimestampLast", Chunk({0, 4, 0xffffff, 129, kVideo, 1}, Filled(128, 1)) +
                                      Continuation(4, Filled(1, 1), 0xffffff));
  passes("ExtendedDelta", Video(0, 0, 8) + Chunk({2, 4, 0x1000000}, Filled(8, 9)) +
                              Continuation(4, Filled(8, 9), 0x1000000));

  const Bytes mapped = Chunk({0, 4, 0, 20, kVideo, 0x0a0b0c0d}, Filled(20, 9));
  scripts.push_back({"StreamIdMapped", Video(0, 0, 20) + Video(1, 40, 30),
                     mapped + Video(1, 40, 30), nullptr, nullptr, 0x0a0b0c0d});
  scripts.push_back({"OtherStreamIdNotMapped", Chunk({0, 4, 0, 2, kVideo, 2}, Filled(2, 9)),
                     Chunk({0, 4, 0, 2, kVideo, 2}, Filled(2, 9)), nullptr, nullptr, 7});

  scripts.push_back({"ConsumedThenFormat0",
                     CommandOn(3, 0, 5, 40) + Chunk({0, 3, 9, 4, kVideo, 1}, Filled(4, 9)),
                     Chunk({0, 3, 9, 4, kVideo, 1}, Filled(4, 9)), ConsumeCommands});
  scripts.push_back({"ConsumedThenFormat1",
                     CommandOn(3, 0, 5, 40) + Chunk({1, 3, 9, 4, kVideo}, Filled(4, 9)),
                     Chunk({0, 3, 14, 4, kVideo, 1}, Filled(4, 9)), ConsumeCommands});
  const auto consume_first = [](const MessageHeader& header, std::span<const uint8_t>) {
    return header.timestamp == 5 ? MessageAction::kConsume : MessageAction::kPass;
  };
  scripts.push_back(
      {"ConsumedThenFormat2", Video(0, 5, 4) + Video(2, 9, 4), Video(0, 14, 4), consume_first});
  scripts.push_back({"ConsumedThenFormat3AddsTheTimestamp", Video(0, 5, 4) + Video(3, 0, 4),
                     Video(0, 10, 4), consume_first});
  scripts.push_back(
      {"Format3AfterTheFirstBecomesFormat2",
       Video(0, 5, 4) + Video(2, 9, 4) + Video(3, 0, 4) + Video(3, 0, 4) + Video(2, 7, 4) +
           Video(3, 0, 4),
       Video(0, 14, 4) + Video(2, 9, 4) + Video(3, 0, 4) + Video(2, 7, 4) + Video(3, 0, 4),
       consume_first});
  scripts.push_back({"Format1EndsRebasing",
                     Video(0, 5, 4) + Video(2, 9, 4) + Video(1, 3, 4) + Video(3, 0, 4),
                     Video(0, 14, 4) + Video(1, 3, 4) + Video(3, 0, 4), consume_first});
  scripts.push_back({"RebasedIntoExtended",
                     Video(0, 5, 4) + Chunk({1, 4, 0xfffffe, 130, kVideo}, Filled(128, 9)) +
                         Continuation(4, Filled(2, 9)) + Continuation(4, Filled(128, 8)) +
                         Continuation(4, Filled(2, 8)),
                     Chunk({0, 4, 0x1000003, 130, kVideo, 1}, Filled(128, 9)) +
                         Continuation(4, Filled(2, 9), 0x1000003) +
                         Chunk({2, 4, 0xfffffe}, Filled(128, 8)) + Continuation(4, Filled(2, 8)),
                     consume_first});
  scripts.push_back({"RebasedOutOfExtended",
                     Video(0, 5, 4) + Chunk({1, 4, 0xfffffff0, 130, kVideo}, Filled(128, 9)) +
                         Continuation(4, Filled(2, 9), 0xfffffff0) +
                         Chunk({1, 4, 0xfffffffa, 130, kVideo}, Filled(128, 9)) +
                         Continuation(4, Filled(2, 9), 0xfffffffa),
                     Chunk({0, 4, 0xfffffff5, 130, kVideo, 1}, Filled(128, 9)) +
                         Continuation(4, Filled(2, 9), 0xfffffff5) +
                         Chunk({1, 4, 0xfffffffa, 130, kVideo}, Filled(128, 9)) +
                         Continuation(4, Filled(2, 9), 0xfffffffa),
                     consume_first});
  scripts.push_back(
      {"RebasedLosesExtended",
       Video(0, 5, 4) + Chunk({1, 4, 0xffffffff, 130, kVideo}, Filled(128, 9)) +
           Continuation(4, Filled(2, 9), 0xffffffff) + Continuation(4, Filled(128, 8), 0xffffffff) +
           Continuation(4, Filled(2, 8), 0xffffffff),
       Chunk({0, 4, 4, 130, kVideo, 1}, Filled(128, 9)) + Continuation(4, Filled(2, 9)) +
           Chunk({2, 4, 0xffffffff}, Filled(128, 8)) + Continuation(4, Filled(2, 8), 0xffffffff),
       consume_first});
  scripts.push_back({"RebasedWithMappedStreamId", Video(0, 5, 4) + Video(2, 9, 4),
                     Chunk({0, 4, 14, 4, kVideo, 6}, Filled(4, 9)), consume_first, nullptr, 6});

  const auto drop_long = [](const MessageHeader& header, std::span<const uint8_t>) {
    return header.length > 100 ? MessageAction::kDrop : MessageAction::kPass;
  };
  scripts.push_back({"DroppedMedia", long_video + video_128 + video_44 + Video(1, 1, 3),
                     Video(0, 11, 3), drop_long});
  scripts.push_back({"DroppedCommand",
                     Chunk({0, 3, 0, 200, kCommand, 1}, Filled(128, 2)) +
                         Continuation(3, Filled(72, 2)) + Video(0, 1, 3),
                     Video(0, 1, 3), drop_long});

  const Bytes command_200 = Chunk({0, 3, 0, 200, kCommand, 1}, Filled(128, 2));
  const Bytes inverted_200 = Chunk({0, 3, 0, 200, kCommand, 1}, Filled(128, 0xfd));
  scripts.push_back({"HeldAndChanged", CommandOn(3, 0, 7, 40) + Video(0, 1, 3),
                     Chunk({0, 3, 7, 40, kCommand, 1}, Filled(40, 0xfd)) + Video(0, 1, 3),
                     HoldCommands, Invert});
  scripts.push_back(
      {"HeldWhileMediaFlows", command_200 + Video(0, 1, 3) + Continuation(3, Filled(72, 2)),
       Video(0, 1, 3) + inverted_200 + Continuation(3, Filled(72, 0xfd)), HoldCommands, Invert});
  scripts.push_back({"HeldAndRecut",
                     command_200 + SetChunkSize(300) + Continuation(3, Filled(72, 2)),
                     SetChunkSize(300) + Chunk({0, 3, 0, 200, kCommand, 1}, Filled(200, 0xfd)),
                     HoldCommands, Invert});
  scripts.push_back({"HeldWithStreamIdMapped", CommandOn(3, 0, 7, 4),
                     Chunk({0, 3, 7, 4, kCommand, 8}, Filled(4, 0xfd)), HoldCommands, Invert, 8});
  scripts.push_back({"HeldAndSwallowed",
                     CommandOn(3, 0, 7, 40) + Chunk({1, 3, 1, 3, kVideo}, Filled(3, 9)),
                     Chunk({0, 3, 8, 3, kVideo, 1}, Filled(3, 9)), HoldCommands, Swallow});
  scripts.push_back(
      {"HeldAndAborted", command_200 + Abort(3) + Chunk({1, 3, 1, 3, kVideo}, Filled(3, 9)),
       Abort(3) + Chunk({0, 3, 1, 3, kVideo, 1}, Filled(3, 9)), HoldCommands, Invert});
  scripts.push_back({"ConsumedAndAborted",
                     command_200 + Abort(3) + Chunk({1, 3, 1, 3, kVideo}, Filled(3, 9)),
                     Abort(3) + Chunk({0, 3, 1, 3, kVideo, 1}, Filled(3, 9)), ConsumeCommands});
  for (const bool repeated : {true, false}) {
    const int64_t extended = repeated ? 0x1000000 : -1;
    scripts.push_back({repeated ? "HeldExtendedRepeated" : "HeldExtendedNotRepeated",
                       Chunk({0, 3, 0x1000000, 200, kCommand, 1}, Filled(128, 2)) +
                           Continuation(3, Filled(72, 2), extended),
                       Chunk({0, 3, 0x1000000, 200, kCommand, 1}, Filled(128, 0xfd)) +
                           Continuation(3, Filled(72, 0xfd), extended),
                       HoldCommands, Invert});
  }

  const Bytes command_8 = SetChunkSize(8) + Chunk({0, 3, 0, 40, kCommand, 1}, Filled(8, 2));
  const Bytes more_8 = Continuation(3, Filled(8, 2));
  passes("PrefixInSmallChunks", command_8 + more_8 + more_8 + more_8 + more_8);
  scripts.push_back(
      {"PrefixOvertaken", command_8 + Video(0, 1, 3) + more_8 + more_8 + more_8 + more_8,
       SetChunkSize(8) + Video(0, 1, 3) + Chunk({0, 3, 0, 40, kCommand, 1}, Filled(8, 2)) + more_8 +
           more_8 + more_8 + more_8});
  scripts.push_back({"PrefixInChunksOfTwoSizes",
                     command_8 + SetChunkSize(16) + Continuation(3, Filled(16, 2)) +
                         Continuation(3, Filled(16, 2)),
                     SetChunkSize(8) + SetChunkSize(16) +
                         Chunk({0, 3, 0, 40, kCommand, 1}, Filled(16, 2)) +
                         Continuation(3, Filled(16, 2)) + more_8});
  scripts.push_back({"DroppedChunkSizeIsToldBeforeItMatters",
                     SetChunkSize(200) + Video(0, 1, 100) + Video(0, 2, 150) + Video(0, 3, 150),
                     Video(0, 1, 100) + SetChunkSize(200) + Video(0, 2, 150) + Video(0, 3, 150),
                     DropControl});
  scripts.push_back({"DroppedChunkSizeInAMessage",
                     Chunk({0, 4, 0, 300, kVideo, 1}, Filled(128, 1)) + SetChunkSize(172) +
                         Continuation(4, Filled(172, 1)),
                     Chunk({0, 4, 0, 300, kVideo, 1}, Filled(128, 1)) + SetChunkSize(172) +
                         Continuation(4, Filled(172, 1)),
                     DropControl});
  scripts.push_back({"AbortIsNotDropped",
                     Chunk({0, 4, 0, 300, kVideo, 1}, Filled(128, 1)) + Abort(4),
                     Chunk({0, 4, 0, 300, kVideo, 1}, Filled(128, 1)) + Abort(4), DropControl});
  scripts.push_back(
      {"SetChunkSizeInSmallChunks",
       SetChunkSize(3) + Chunk({0, 2, 0, 4, MessageType::kSetChunkSize}, Bytes{0, 0, 0}) +
           Continuation(2, Bytes{100}) + Video(0, 1, 90),
       SetChunkSize(3) + Chunk({0, 2, 0, 4, MessageType::kSetChunkSize}, Bytes{0, 0, 0}) +
           Continuation(2, Bytes{100}) + Video(0, 1, 90)});
  return scripts;
}

INSTANTIATE_TEST_SUITE_P(All, ChunkForwarderScript, ::testing::ValuesIn(Scripts()),
                         [](const auto& row) { return row.param.name; });

class ChunkForwarderTest : public ::testing::Test {
 protected:
  Bytes Forward(Bytes in) {
    BufferSequence out;
    const auto forwarded = forwarder_.Forward(in, out);
    EXPECT_TRUE(forwarded.ok()) << forwarded.status();
    return out.Flatten();
  }
  Bytes Inject(const MessageHeader& header, const Bytes& payload) {
    BufferSequence out;
    EXPECT_TRUE(forwarder_.Inject(header, payload, out).ok());
    return out.Flatten();
  }

  ScriptObserver observer_;
  ChunkForwarder forwarder_{Side::kOrigin, &observer_};
  const MessageHeader own_{.chunk_stream_id = 3, .type = kCommand, .stream_id = 0};
};

TEST_F(ChunkForwarderTest, ABufferWithoutRewritingIsOnePiece) {
  Bytes in = SetChunkSize(200) + Video(0, 1, 150) + Video(1, 40, 150) + Video(3, 0, 150);
  BufferSequence out;
  ASSERT_TRUE(forwarder_.Forward(in, out).ok());
  ASSERT_EQ(out.list().size(), 2u) << "SetChunkSize is copied, the rest is a view";
  EXPECT_EQ(out.list()[1].data(), in.data() + SetChunkSize(200).size());
}

TEST_F(ChunkForwarderTest, ReportsEveryMessageWithItsAbsoluteTimestamp) {
  Forward(Video(0, 5, 20) + Video(1, 40, 30) + Video(3, 0, 30) + CommandOn(3, 0, 1, 4));
  const MessageHeader video{4, kVideo, 30, 1, 85};
  ASSERT_EQ(observer_.started.size(), 4u);
  EXPECT_EQ(observer_.started[2], video);
  EXPECT_EQ(observer_.started[3], (MessageHeader{3, kCommand, 4, 1, 1}));
}

TEST_F(ChunkForwarderTest, ShowsWhatPasses) {
  observer_.start = [](const MessageHeader&, std::span<const uint8_t>) {
    return MessageAction::kPassAndShow;
  };
  const Bytes in = Chunk({0, 4, 10, 200, kVideo, 1}, Filled(128, 1)) +
                   Continuation(4, Filled(72, 1)) + CommandOn(3, 0, 0, 20);
  EXPECT_EQ(Forward(in), in);
  ASSERT_EQ(observer_.shown.size(), 2u);
  EXPECT_EQ(observer_.shown[0].payload, Filled(200, 1));
  EXPECT_EQ(observer_.shown[1].payload, Filled(20, 2));
}

TEST_F(ChunkForwarderTest, StopsRightAfterTheMessage) {
  observer_.start = HoldCommands;
  observer_.whole = [this](const MessageHeader&, std::span<uint8_t>) {
    forwarder_.Stop();
    return Decision::kForward;
  };
  const Bytes first = Video(0, 1, 3) + CommandOn(3, 0, 0, 20);
  Bytes in = first + Video(1, 1, 3);
  BufferSequence out;
  const auto forwarded = forwarder_.Forward(in, out);
  ASSERT_TRUE(forwarded.ok());
  EXPECT_EQ(*forwarded, first.size());
  EXPECT_EQ(out.Flatten(), first);
  EXPECT_EQ(Forward(Bytes(in.begin() + static_cast<ptrdiff_t>(*forwarded), in.end())),
            Video(1, 1, 3));
}

TEST_F(ChunkForwarderTest, InjectsAtOnceBetweenChunks) {
  EXPECT_EQ(Inject(own_, Filled(200, 5)),
            Chunk({0, 3, 0, 200, kCommand, 0}, Filled(128, 5)) + Continuation(3, Filled(72, 5)));
  MessageHeader late = own_;
  late.timestamp = 0x1000000;
  EXPECT_EQ(Inject(late, Filled(130, 5)),
            Chunk({0, 3, 0x1000000, 130, kCommand, 0}, Filled(128, 5)) +
                Continuation(3, Filled(2, 5), 0x1000000));
}

TEST_F(ChunkForwarderTest, InjectsAtTheEndOfTheChunk) {
  const Bytes in = Chunk({0, 4, 10, 200, kVideo, 1}, Filled(128, 1));
  Forward(Bytes(in.begin(), in.begin() + 50));
  EXPECT_FALSE(forwarder_.at_output_boundary());
  EXPECT_EQ(Inject(own_, Filled(4, 5)), Bytes());
  EXPECT_EQ(Forward(Bytes(in.begin() + 50, in.end()) + Continuation(4, Filled(72, 1))),
            Bytes(in.begin() + 50, in.end()) + Chunk({0, 3, 0, 4, kCommand, 0}, Filled(4, 5)) +
                Continuation(4, Filled(72, 1)));
}

TEST_F(ChunkForwarderTest, InjectsOnABusyChunkStreamWhenItsMessageHasEnded) {
  Forward(Chunk({0, 3, 10, 200, kVideo, 1}, Filled(128, 1)));
  EXPECT_EQ(Inject(own_, Filled(4, 5)), Bytes());
  EXPECT_EQ(Forward(Continuation(3, Filled(72, 1)) + Chunk({1, 3, 1, 2, kVideo}, Filled(2, 1))),
            Continuation(3, Filled(72, 1)) + Chunk({0, 3, 0, 4, kCommand, 0}, Filled(4, 5)) +
                Chunk({0, 3, 11, 2, kVideo, 1}, Filled(2, 1)));
}

TEST_F(ChunkForwarderTest, BoundsWhatWaitsToBeInjected) {
  Forward(Chunk({0, 3, 10, 200, kVideo, 1}, Filled(128, 1)));
  BufferSequence out;
  ASSERT_TRUE(forwarder_.Inject(own_, Filled(60'000, 5), out).ok());
  EXPECT_EQ(forwarder_.Inject(own_, Filled(60'000, 5), out).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(ChunkForwarderTest, RefusesToInjectWhatRtmpCannotCarry) {
  BufferSequence out;
  for (const uint32_t id : {0u, 1u, 65600u}) {
    const absl::Status status = forwarder_.Inject({.chunk_stream_id = id}, {}, out);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(SideOf(status), Side::kProxy);
  }
}

TEST_F(ChunkForwarderTest, SendsTheReceiverTheSendersChunkSizeBeforeItMatters) {
  Inject({.chunk_stream_id = 2, .type = MessageType::kSetChunkSize}, U32(5000));
  EXPECT_EQ(forwarder_.output_chunk_size(), 5000u);
  EXPECT_EQ(Forward(Video(0, 1, 128)), Video(0, 1, 128)) << "fits in one chunk of either size";
  const Bytes in =
      Chunk({0, 5, 1, 200, kVideo, 1}, Filled(128, 1)) + Continuation(5, Filled(72, 1));
  EXPECT_EQ(Forward(in), SetChunkSize(128) + in);
  EXPECT_EQ(Forward(SetChunkSize(4096) + Video(0, 1, 300)), SetChunkSize(4096) + Video(0, 1, 300));
}

TEST_F(ChunkForwarderTest, FillsUpWhatTheFormerSenderLeft) {
  Forward(Chunk({0, 4, 10, 300, kVideo, 1}, Filled(128, 1)) +
          Chunk({0, 5, 10, 150, kVideo, 1}, Filled(100, 1)));
  BufferSequence out;
  forwarder_.ResetInput(out);
  EXPECT_EQ(out.Flatten(), Filled(28, 0) + Continuation(4, Filled(128, 0)) +
                               Continuation(4, Filled(44, 0)) + Continuation(5, Filled(22, 0)));
  EXPECT_TRUE(forwarder_.at_output_boundary());
  EXPECT_EQ(Forward(Chunk({1, 4, 3, 2, kVideo}, Filled(2, 1))),
            Chunk({0, 4, 3, 2, kVideo, 0}, Filled(2, 1)));
}

TEST_F(ChunkForwarderTest, AbortsALongMessageOfTheFormerSender) {
  Forward(Chunk({0, 4, 10, 1'000'000, kVideo, 1}, Filled(100, 1)));
  BufferSequence out;
  forwarder_.ResetInput(out);
  EXPECT_EQ(out.Flatten(), Filled(28, 0) + Abort(4));
  EXPECT_EQ(Forward(Video(0, 1, 3)), Video(0, 1, 3));
}

TEST_F(ChunkForwarderTest, DropsWhatTheFormerReceiverGotHalfOf) {
  Forward(SetChunkSize(200) + Chunk({0, 4, 10, 300, kVideo, 1}, Filled(150, 1)));
  forwarder_.ResetOutput();
  EXPECT_EQ(forwarder_.output_chunk_size(), 128u);
  EXPECT_EQ(
      Forward(Filled(50, 1) + Continuation(4, Filled(100, 1)) + Video(1, 5, 3) + Video(2, 5, 3)),
      Video(0, 15, 3) + Video(2, 5, 3));
  EXPECT_EQ(Forward(Video(1, 5, 150)), SetChunkSize(200) + Video(1, 5, 150));
}

TEST_F(ChunkForwarderTest, ALaterMappingReachesChunkStreamsInUse) {
  Forward(Video(0, 5, 3));
  forwarder_.MapStreamId(1, 9);
  EXPECT_EQ(Forward(Video(2, 5, 3) + Video(2, 5, 3)),
            Chunk({0, 4, 10, 3, kVideo, 9}, Filled(3, 9)) + Video(2, 5, 3));
  forwarder_.MapStreamId(1, 1);
  EXPECT_EQ(Forward(Video(2, 5, 3)), Video(0, 20, 3));
}

TEST_F(ChunkForwarderTest, IsSmall) { EXPECT_LE(sizeof(ChunkForwarder), 200u); }

struct BrokenInput {
  std::string name;
  Bytes input;
  std::string message;
  MessageAction action = MessageAction::kPass;
};

void PrintTo(const BrokenInput& row, std::ostream* os) { *os << row.name; }

class ChunkForwarderBroken : public ::testing::TestWithParam<BrokenInput> {};

TEST_P(ChunkForwarderBroken, IsTheSendersFault) {
  for (const bool byte_by_byte : {false, true}) {
    ScriptObserver observer;
    observer.start = [](const MessageHeader&, std::span<const uint8_t>) {
      return GetParam().action;
    };
    ChunkForwarder forwarder(Side::kClient, &observer);
    Bytes input = GetParam().input;
    absl::Status status;
    BufferSequence out;
    const size_t step = byte_by_byte ? 1 : input.size();
    for (size_t at = 0; at < input.size() && status.ok(); at += step) {
      status = forwarder.Forward(std::span(input).subspan(at, step), out).status();
    }
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(SideOf(status), Side::kClient);
    EXPECT_THAT(std::string(status.message()), HasSubstr(GetParam().message));
  }
}

std::vector<BrokenInput> BrokenInputs() {
  Bytes many;
  for (uint32_t id = 2; id < 70; ++id) many += Chunk({0, id, 0, 1, kVideo, 1}, Filled(1, 1));
  Bytes endless = SetChunkSize(kMaxChunkSize) + Chunk({0, 3, 0, 0xffffff, kCommand, 1});
  endless += Filled(70'000, 2);
  Bytes endless_control =
      SetChunkSize(kMaxChunkSize) + Chunk({0, 2, 0, 0xffffff, MessageType::kSetChunkSize, 0});
  endless_control += Filled(70'000, 2);
  return {
      {"ChunkSizeZero", SetChunkSize(0), "sets its chunk size to 0"},
      {"ChunkSizeTwoGigabytes", SetChunkSize(0x80000000), "sets its chunk size to 2147483648"},
      {"ChunkSizeCut", Chunk({0, 2, 0, 3, MessageType::kSetChunkSize}, Filled(3, 1)), "3 bytes"},
      {"AbortCut", Chunk({0, 2, 0, 1, MessageType::kAbort}, Filled(1, 1)), "1 bytes, not 4"},
      {"TooManyChunkStreams", many, "more than 64 chunk streams"},
      {"StartsWithFormat2", Chunk({2, 4, 1}), "starts with a header of format 2"},
      {"StartsWithFormat3", Continuation(4, {}), "starts with a header of format 3"},
      {"MessageInsideAnother", Chunk({0, 4, 0, 200, kVideo, 1}, Filled(128, 1)) + Video(1, 0, 3),
       "72 bytes of the one before are missing"},
      {"HeldWithoutEnd", endless, "longer than it may be", MessageAction::kHold},
      {"ConsumedWithoutEnd", endless, "longer than it may be", MessageAction::kConsume},
      {"ShownWithoutEnd", endless, "longer than it may be", MessageAction::kPassAndShow},
      {"ControlWithoutEnd", endless_control, "longer than it may be"},
  };
}

INSTANTIATE_TEST_SUITE_P(All, ChunkForwarderBroken, ::testing::ValuesIn(BrokenInputs()),
                         [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy::rtmp::testing
