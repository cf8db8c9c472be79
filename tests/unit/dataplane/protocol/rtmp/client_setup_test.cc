// A client's setup alone: bytes in, answers and a named stream out.

#include "dataplane/protocol/rtmp/client_setup.h"

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/dataplane/protocol/rtmp/bridge_peers.h"

namespace srsproxy::rtmp {
namespace {

using testing::Bytes;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using testing::Named;
using testing::operator+;
using testing::MessageBytes;

class ClientSetupTest : public ::testing::Test {
 protected:
  void Shake() {
    ClientHandshake handshake({.time_ms = 1, .random = 2, .hops = way_});
    while (true) {
      Read(handshake.TakeOutput());
      if (handshake.done()) break;
      ASSERT_TRUE(handshake.Consume(raw_.Flatten()).ok());
      raw_.Clear();
    }
    ASSERT_TRUE(setup_.handshake_done());
  }
  void Read(const Bytes& bytes) { setup_.Read(bytes, raw_, answers_); }
  std::vector<std::string> Answered() const {
    std::vector<std::string> names;
    for (const KeptMessage& message : answers_) {
      if (!IsCommand(message.header.type)) continue;
      names.push_back(DecodeCommand(message.header.type, message.payload)->name);
    }
    return names;
  }

  static Bytes Connect() {
    AmfObject object;
    object.properties = {{"app", "live"}, {"tcUrl", "rtmp://example.com/live"}};
    return MessageBytes(Command{"connect", 3, {object}});
  }
  static Bytes Play(std::string stream) {
    return MessageBytes(Named("play", 0, {AmfNull{}, std::move(stream)}), 1, 8);
  }

  const HopList way_ = HopList().Through(BootId{1});
  const VhostPolicy vhosts_ = *VhostPolicy::Parse("*");
  ClientSetup setup_{vhosts_, {.time_ms = 7, .random = 8}};
  BufferSequence raw_;
  std::vector<KeptMessage> answers_;
};

TEST_F(ClientSetupTest, HandsOverWhatTheClientWantsAndAllThatItSent) {
  Shake();
  const Bytes create = Connect() + MessageBytes(CreateStream(2));
  const Bytes call = MessageBytes(Named("getStreamLength", 3, {AmfNull{}, "one"}));
  const Bytes behind = {1, 2, 3};
  Read(create + call + Play("one") + behind);
  ASSERT_TRUE(setup_.named());
  EXPECT_TRUE(setup_.status().ok());
  EXPECT_THAT(Answered(), ElementsAre("_result", "onBWDone", "_result"));

  const ClientConnection connection = setup_.TakeConnection();
  EXPECT_EQ(connection.hops, way_);
  EXPECT_EQ(connection.connect_transaction, 3);
  EXPECT_EQ(connection.app, "live");
  EXPECT_EQ(connection.tc_url, "rtmp://example.com/live");
  const StreamRequest request = setup_.TakeRequest();
  EXPECT_EQ(request.key.ToString(), "example.com/live/one");
  EXPECT_EQ(request.role, Role::kViewer);
  EXPECT_EQ(request.message.header.stream_id, 1);
  const ReplayBuffer replay = setup_.TakeReplay();
  EXPECT_TRUE(replay.holds_request);
  EXPECT_EQ(replay.bytes, create + call + Play("one") + behind);
  EXPECT_EQ(replay.create->end, create.size());
  EXPECT_EQ(replay.create->transaction_id, 2);
  EXPECT_EQ(replay.request_end, replay.bytes.size() - behind.size());
  EXPECT_EQ(replay.calls.size(), 1);
}

TEST_F(ClientSetupTest, EverySplitHandsOverTheSame) {
  const Bytes all = Connect() + MessageBytes(CreateStream(2)) + Play("one");
  for (size_t cut = 1; cut < all.size(); ++cut) {
    ClientSetup setup(vhosts_, {.time_ms = 7, .random = 8});
    ClientHandshake handshake({.time_ms = 1, .random = 2});
    BufferSequence raw;
    std::vector<KeptMessage> answers;
    setup.Read(handshake.TakeOutput(), raw, answers);
    ASSERT_TRUE(handshake.Consume(raw.Flatten()).ok());
    const Bytes c2(handshake.TakeOutput());
    setup.Read(c2, raw, answers);
    setup.Read(std::span(all).first(cut), raw, answers);
    ASSERT_FALSE(setup.named()) << cut;
    setup.Read(std::span(all).subspan(cut), raw, answers);
    ASSERT_TRUE(setup.named()) << cut;
    const ReplayBuffer replay = setup.TakeReplay();
    EXPECT_EQ(replay.bytes, all);
    EXPECT_EQ(replay.request_end, all.size());
    EXPECT_EQ(replay.create->end, (Connect() + MessageBytes(CreateStream(2))).size());
  }
}

TEST_F(ClientSetupTest, ANameThatCannotBeIsNamedAndRefused) {
  Shake();
  Read(Connect() + MessageBytes(CreateStream(2)) + Play(""));
  EXPECT_TRUE(setup_.named());
  EXPECT_TRUE(absl::IsInvalidArgument(setup_.status()));
  EXPECT_EQ(SideOf(setup_.status()), Side::kClient);
  EXPECT_EQ(Answered().back(), "onStatus");
}

TEST_F(ClientSetupTest, NothingIsReadBehindAFault) {
  Shake();
  Read(Play("one") + Connect());
  EXPECT_TRUE(setup_.ended());
  EXPECT_FALSE(setup_.named());
  EXPECT_THAT(Answered(), ElementsAre("onStatus"));
  Read(Connect());
  EXPECT_THAT(Answered(), ElementsAre("onStatus"));
}

TEST_F(ClientSetupTest, TheReplayBufferIsBounded) {
  Shake();
  Read(Connect());
  Read(MessageBytes(MessageType::kVideo, 1, Bytes(setup_.free() - 700, 7), 6));
  EXPECT_FALSE(setup_.ended());
  Read(Bytes(setup_.free(), 0x01));
  EXPECT_EQ(setup_.free(), 0);
  EXPECT_TRUE(setup_.ended());
}

TEST_F(ClientSetupTest, HttpIsAnsweredInItsOwnWords) {
  const std::string_view request = "GET /live/one.flv HTTP/1.1\r\n\r\n";
  Read(Bytes(request.begin(), request.end()));
  EXPECT_EQ(SideOf(setup_.status()), Side::kClient);
  const Bytes received = raw_.Flatten();
  EXPECT_TRUE(std::string(received.begin(), received.end()).starts_with("HTTP/1.1 400 "));
  EXPECT_THAT(answers_, IsEmpty());
}

}  // namespace
}  // namespace srsproxy::rtmp
