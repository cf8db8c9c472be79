// A stream that flows, alone: what its client's commands lead to.

#include "dataplane/protocol/rtmp/relaying.h"

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

Bytes Close(uint32_t stream_id) {
  return MessageBytes(Named("closeStream", 0, {AmfNull{}}), stream_id, 8);
}
Bytes Play(std::string stream, uint32_t stream_id = 1) {
  return MessageBytes(Named("play", 0, {AmfNull{}, std::move(stream)}), stream_id, 8);
}

class RelayingTest : public ::testing::Test {
 protected:
  RelayingTest() {
    client_.app = "live";
    client_.tc_url = "rtmp://example.com/live";
    forwarder_.ReplaceOrigin(/*afresh=*/true, out());
    Start("one", Role::kViewer);
  }

  void Start(std::string stream, Role role) {
    StreamRequest request;
    request.key = {"example.com", "live", std::move(stream)};
    request.role = role;
    request.message.header.stream_id = 1;
    relaying_.emplace(client_, vhosts_, request, OriginConnection(), false, forwarder_);
  }
  // Returns how many bytes were read.
  size_t Client(Bytes bytes) {
    const auto read = forwarder_.ForwardToOrigin(bytes, out());
    EXPECT_TRUE(read.ok()) << read.status();
    EXPECT_TRUE(forwarder_.Flush(out()).ok());
    kept_.push_back(std::move(bytes));  // The output may point into it.
    return *read;
  }
  void Origin(Bytes bytes) {
    EXPECT_TRUE(forwarder_.ForwardToClient(bytes, out()).ok());
    kept_.push_back(std::move(bytes));
  }
  BridgeOutput out() { return {to_client_, to_origin_}; }
  static std::vector<std::string> Names(const BufferSequence& received) {
    return testing::Peers::Names(ChunkDecoder::Decode(received.Flatten()).messages);
  }

  const VhostPolicy vhosts_ = *VhostPolicy::Parse("*");
  ClientConnection client_;
  DuplexForwarder forwarder_;
  std::optional<Relaying> relaying_;
  BufferSequence to_client_;
  BufferSequence to_origin_;
  std::vector<Bytes> kept_;
};

TEST_F(RelayingTest, MediaIsSeenFromTheOneThatSendsIt) {
  const Bytes video = MessageBytes(MessageType::kVideo, 1, Bytes(20, 7), 6);
  Client(video);
  EXPECT_FALSE(relaying_->media_seen());
  Origin(video);
  EXPECT_TRUE(relaying_->media_seen());
  Start("one", Role::kPublisher);
  Origin(video);
  EXPECT_FALSE(relaying_->media_seen());
  Client(video);
  EXPECT_TRUE(relaying_->media_seen());
}

TEST_F(RelayingTest, EachWayToEndAStreamLeavesTheConnectionIdle) {
  const Bytes ends[] = {Close(1), MessageBytes(Named("deleteStream", 0, {AmfNull{}, 1.0})),
                        MessageBytes(Named("FCUnpublish", 0, {AmfNull{}, "one"}))};
  for (const Bytes& end : ends) {
    Start("one", Role::kPublisher);
    Client(end);
    EXPECT_TRUE(relaying_->TakeIdle());
    EXPECT_FALSE(relaying_->TakeIdle()) << "once";
  }
  Start("one", Role::kViewer);
  Client(MessageBytes(Named("FCUnpublish", 0, {AmfNull{}, "one"})) + Close(2));
  EXPECT_FALSE(relaying_->TakeIdle()) << "a viewer's stream is none of these";
}

TEST_F(RelayingTest, TheNextRequestIsHandedOverAndNothingBehindItIsRead) {
  const Bytes before = Close(1) + MessageBytes(Named("FCPublish", 4, {AmfNull{}, "two"}));
  EXPECT_EQ(Client(before + Play("two") + Play("three")), (before + Play("two")).size());
  const auto next = relaying_->TakeRequest();
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->key.stream, "two");
  EXPECT_EQ(next->encoder_calls.size(), 1);
  EXPECT_THAT(Names(to_origin_), ElementsAre("closeStream", "FCPublish"));
}

TEST_F(RelayingTest, AnotherKeyIsRefusedWhileOneIsLive) {
  Client(Play("two", 2));
  EXPECT_FALSE(relaying_->TakeRequest().has_value());
  EXPECT_THAT(Names(to_origin_), IsEmpty());
  EXPECT_THAT(Names(to_client_), ElementsAre("onStatus NetStream.Play.Failed"));
}

TEST_F(RelayingTest, TheSameKeyGoesOnAndCountsAsAStream) {
  Client(Play("one", 2));
  EXPECT_THAT(Names(to_origin_), ElementsAre("play"));
  Client(Close(1));
  EXPECT_FALSE(relaying_->TakeIdle());
  Client(Close(2));
  EXPECT_TRUE(relaying_->TakeIdle());
}

TEST_F(RelayingTest, StreamsOfTheSameKeyAreBounded) {
  for (uint32_t id = 2; id <= kMaxStreams; ++id) Client(Play("one", id));
  EXPECT_THAT(Names(to_client_), IsEmpty());
  Client(Play("one", kMaxStreams + 1));
  EXPECT_THAT(Names(to_client_), ElementsAre("onStatus NetStream.Play.Failed"));
}

TEST_F(RelayingTest, ACreatedStreamGetsAnIdThatIsFree) {
  forwarder_.MapStream(1, 7);
  Client(MessageBytes(CreateStream(9)));
  Origin(MessageBytes(CreateStreamResult(9, 1)));
  const auto received = ChunkDecoder::Decode(to_client_.Flatten()).messages;
  ASSERT_EQ(received.size(), 1);
  const auto result =
      ResultCommand::From(*DecodeCommand(received[0].header.type, received[0].payload));
  EXPECT_EQ(*result->number, 2) << "1 is the client's name for the origin's 7";
}

TEST_F(RelayingTest, ACommandThatCannotBeReadIsReportedOnce) {
  const Bytes name = {2, 0, 11, 'c', 'l', 'o', 's', 'e', 'S', 't', 'r', 'e', 'a', 'm', 0xee};
  const Bytes broken = MessageBytes(MessageType::kCommandAmf0, 1, name, 8);
  Client(broken + broken + Close(1));
  EXPECT_EQ(SideOf(relaying_->status()), Side::kClient);
  EXPECT_FALSE(relaying_->TakeIdle()) << "it has failed before";
  EXPECT_THAT(Names(to_client_), ElementsAre("onStatus NetConnection.Call.Failed"));
}

}  // namespace
}  // namespace srsproxy::rtmp
