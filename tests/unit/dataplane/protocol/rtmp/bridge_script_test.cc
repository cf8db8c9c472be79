// Conversations as tables of steps. Each is run whole, cut everywhere, and again and again until
// one of its steps, after which one side fails: whatever happens, the bridge ends with the side at
// fault, the client hears what SRS's clients expect, and nothing comes of what is said afterwards.

#include <algorithm>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/bridge.h"
#include "tests/unit/dataplane/protocol/rtmp/bridge_peers.h"

namespace srsproxy::rtmp {
namespace {

using testing::Bytes;
using testing::Named;
using testing::operator+;
using testing::MessageBytes;
using testing::Peers;
using State = BridgeState;
using Commands = std::vector<std::string>;

struct Step {
  enum class What { kClientSends, kOriginSends, kConnect, kContinue } what;
  Bytes bytes;
  // What is so afterwards: the state, and the commands that were received on either side.
  State state;
  Commands client;
  Commands origin;
};

struct Script {
  std::string name;
  std::vector<Step> steps;
};
void PrintTo(const Script& script, std::ostream* os) { *os << script.name; }

Step Client(Bytes bytes, State state, Commands client = {}, Commands origin = {}) {
  return {Step::What::kClientSends, std::move(bytes), state, std::move(client), std::move(origin)};
}
Step Origin(Bytes bytes, State state, Commands client = {}, Commands origin = {}) {
  return {Step::What::kOriginSends, std::move(bytes), state, std::move(client), std::move(origin)};
}
Step Connect(Commands origin) {
  return {Step::What::kConnect, {}, State::kAwaitingOrigin, {}, std::move(origin)};
}
Step Continue(Commands origin) {
  return {Step::What::kContinue, {}, State::kAwaitingOrigin, {}, std::move(origin)};
}

Bytes ConnectBytes() {
  AmfObject object;
  object.properties = {{"app", "live"}, {"tcUrl", "rtmp://example.com/live"}};
  return MessageBytes(Command{"connect", 1, {object}});
}
Bytes Call(std::string name, double transaction) {
  return MessageBytes(Named(std::move(name), transaction, {AmfNull{}, "one"}));
}
Bytes Publish(std::string stream) {
  return MessageBytes(Named("publish", 5, {AmfNull{}, std::move(stream), "live"}), 1, 8);
}
Bytes Play(std::string stream) {
  return MessageBytes(Named("play", 0, {AmfNull{}, std::move(stream)}), 1, 8);
}
Bytes Close() { return MessageBytes(Named("closeStream", 0, {AmfNull{}}), 1, 8); }
Bytes Video(uint32_t stream_id, size_t size = 300) {
  return MessageBytes(MessageType::kVideo, stream_id, Bytes(size, 0x27), 6, 40);
}
Bytes Status(std::string_view code, uint32_t stream_id, std::string_view level = "status") {
  return MessageBytes(OnStatus(level, code, "in the origin's words"), stream_id, 5);
}
Bytes Redirect() {
  AmfObject extra;
  extra.properties = {{"redirect", "rtmp://10.0.0.9/live/one"}};
  AmfObject information;
  information.properties = {
      {"level", "error"}, {"code", "NetConnection.Connect.Rejected"}, {"ex", extra}};
  return MessageBytes(Named("_error", 1, {AmfNull{}, information}));
}
// Its first header needs one before it.
const Bytes kGarbage = {0xff};

std::vector<Script> Scripts() {
  const Step connect = Client(ConnectBytes(), State::kAwaitingRequest, {"_result", "onBWDone"});
  const Step create = Client(MessageBytes(CreateStream(2)), State::kAwaitingRequest, {"_result"});
  const Step connected = Origin(MessageBytes(ConnectResult(1, 0)), State::kAwaitingOrigin);
  const Step play_starts = Origin(Status("NetStream.Play.Start", 7), State::kRelaying,
                                  {"onStatus NetStream.Play.Start"});
  const std::vector<Step> playing = {
      connect,
      create,
      Client(Play("one"), State::kSelecting),
      Connect({"connect", "createStream"}),
      connected,
      Origin(MessageBytes(CreateStreamResult(2, 7)), State::kAwaitingOrigin, {}, {"play"}),
      play_starts,
      Origin(Video(7), State::kRelaying)};
  const auto after_playing = [&playing](std::vector<Step> steps) {
    steps.insert(steps.begin(), playing.begin(), playing.end());
    return steps;
  };
  return {
      {"Publish",
       {connect, Client(Call("releaseStream", 2), State::kAwaitingRequest, {"_result"}),
        Client(Call("FCPublish", 3), State::kAwaitingRequest, {"_result"}),
        Client(MessageBytes(CreateStream(4)), State::kAwaitingRequest, {"_result"}),
        Client(Publish("one"), State::kSelecting),
        Connect({"connect", "releaseStream", "FCPublish", "createStream"}), connected,
        Origin(MessageBytes(EmptyResult(2)) + MessageBytes(EmptyResult(3)), State::kAwaitingOrigin),
        Origin(MessageBytes(CreateStreamResult(4, 1)), State::kAwaitingOrigin, {}, {"publish"}),
        Origin(MessageBytes(Named("onFCPublish", 0, {AmfNull{}})), State::kAwaitingOrigin),
        Origin(Status("NetStream.Publish.Start", 1), State::kRelaying,
               {"onFCPublish", "onStatus NetStream.Publish.Start"}),
        Client(Video(1), State::kRelaying),
        Client(Call("FCUnpublish", 6), State::kIdle, {}, {"FCUnpublish"})}},
      {"Play", playing},
      {"SecondStreamOnTheSameOrigin",
       after_playing({Client(Close(), State::kIdle, {}, {"closeStream"}),
                      Client(Play("two"), State::kSelecting), Continue({"play"}), play_starts,
                      Client(Close(), State::kIdle, {}, {"closeStream"}),
                      Client(Publish("three"), State::kSelecting), Continue({"publish"}),
                      Origin(Status("NetStream.Publish.Start", 7), State::kRelaying,
                             {"onStatus NetStream.Publish.Start"})})},
      {"SecondStreamOnAnotherOrigin",
       after_playing(
           {Client(Close(), State::kIdle, {}, {"closeStream"}),
            Client(Play("two"), State::kSelecting), Connect({"connect", "createStream"}), connected,
            Origin(MessageBytes(CreateStreamResult(2, 7)), State::kAwaitingOrigin, {}, {"play"}),
            play_starts, Origin(Video(7), State::kRelaying)})},
      {"Redirect",
       {connect, create, Client(Play("one"), State::kSelecting),
        Connect({"connect", "createStream"}), Origin(Redirect(), State::kSelecting),
        Connect({"connect", "createStream"}), connected,
        Origin(MessageBytes(CreateStreamResult(2, 7)), State::kAwaitingOrigin, {}, {"play"}),
        play_starts}},
      {"PlaysWithoutAWord",
       {connect, create, Client(Play("one"), State::kSelecting),
        Connect({"connect", "createStream"}), connected,
        Origin(MessageBytes(CreateStreamResult(2, 1)), State::kAwaitingOrigin, {}, {"play"}),
        Origin(Video(1, kDefaultChunkSize), State::kRelaying)}},
  };
}

// What both sides have received since the last time.
class Conversation {
 public:
  explicit Conversation(size_t step = SIZE_MAX, size_t first = SIZE_MAX) : peers(step, first) {
    peers.HandshakeAsClient();
  }

  void Do(const Step& step) {
    switch (step.what) {
      case Step::What::kClientSends:
        peers.Client(step.bytes);
        break;
      case Step::What::kOriginSends:
        peers.Origin(step.bytes);
        break;
      case Step::What::kConnect:
        peers.ConnectOrigin();
        origin_heard_ = 0;
        break;
      case Step::What::kContinue:
        peers.Continue();
        break;
    }
    connected = connected || step.what == Step::What::kConnect;
    if (!peers.bridge.redirect().empty()) connected = false;
    EXPECT_EQ(peers.bridge.state(), step.state);
    EXPECT_EQ(ClientReceives(), step.client);
    EXPECT_EQ(OriginReceives(), step.origin);
  }

  Commands ClientReceives() {
    Commands names = Peers::Names(peers.ReceivedByClient());
    peers.ForgetClient();
    return names;
  }
  Commands OriginReceives() {
    if (!connected) return {};
    Commands names = Peers::Names(peers.ReceivedByOrigin());
    names.erase(names.begin(), names.begin() + static_cast<ptrdiff_t>(origin_heard_));
    origin_heard_ += names.size();
    return names;
  }

  // It has ended, by `side`, and stays so whatever is said.
  void ExpectEnd(Side side) {
    EXPECT_EQ(peers.bridge.state(), State::kEnded);
    EXPECT_EQ(SideOf(peers.bridge.status()), side) << peers.bridge.status();
    const absl::Status status = peers.bridge.status();
    EXPECT_EQ(peers.bridge.ClientReadCapacity(), 0);
    ClientReceives();
    const size_t to_origin = peers.to_origin.size();
    peers.Client(Play("more"));
    if (connected && !peers.bridge.origin_handshaking()) peers.Origin(Video(1));
    peers.OriginCloses();
    EXPECT_TRUE(peers.to_client.empty());
    EXPECT_EQ(peers.to_origin.size(), to_origin);
    EXPECT_EQ(peers.bridge.state(), State::kEnded);
    EXPECT_EQ(peers.bridge.status(), status);
  }

  Peers peers;
  bool connected = false;

 private:
  size_t origin_heard_ = 0;
};

class BridgeScriptTest : public ::testing::TestWithParam<Script> {
 protected:
  // Calls `fail` after each step of the script, and after none.
  template <typename Fail>
  void AfterEachStep(Fail fail) {
    const auto& steps = GetParam().steps;
    for (size_t done = 0; done <= steps.size() && !HasFailure(); ++done) {
      SCOPED_TRACE("after " + std::to_string(done) + " steps");
      Conversation run;
      for (size_t i = 0; i < done; ++i) run.Do(steps[i]);
      fail(run, std::span(steps).subspan(done));
    }
  }
};

INSTANTIATE_TEST_SUITE_P(All, BridgeScriptTest, ::testing::ValuesIn(Scripts()),
                         [](const auto& script) { return script.param.name; });

TEST_P(BridgeScriptTest, HoldsAtEverySplit) {
  size_t longest = 0;
  for (const Step& step : GetParam().steps) longest = std::max(longest, step.bytes.size());
  for (size_t first = 1; first <= longest && !HasFailure(); ++first) {
    SCOPED_TRACE("cut at " + std::to_string(first));
    Conversation run(SIZE_MAX, first);
    for (const Step& step : GetParam().steps) run.Do(step);
  }
  for (const size_t size : {1, 2, 3, 7, 64}) {
    SCOPED_TRACE("pieces of " + std::to_string(size));
    Conversation run(size);
    for (const Step& step : GetParam().steps) run.Do(step);
  }
}

TEST_P(BridgeScriptTest, GarbageOfTheClientIsReportedToItWhenItIsRead) {
  AfterEachStep([](Conversation& run, std::span<const Step> rest) {
    const State before = run.peers.bridge.state();
    const size_t capacity = run.peers.bridge.ClientReadCapacity();
    run.peers.Client(kGarbage);
    if (before == State::kSelecting || before == State::kAwaitingOrigin) {
      // It waits for the verdict with what else the client has sent.
      EXPECT_EQ(run.peers.bridge.state(), before);
      EXPECT_EQ(run.peers.bridge.ClientReadCapacity(), capacity - kGarbage.size());
      for (const Step& step : rest) {
        if (step.state == State::kRelaying) {
          run.peers.Origin(step.bytes);
          break;
        }
        run.Do(step);
      }
    }
    EXPECT_EQ(run.ClientReceives().back(), "onStatus NetConnection.Call.Failed");
    run.ExpectEnd(Side::kClient);
  });
}

TEST_P(BridgeScriptTest, GarbageOfTheOriginEndsTheStream) {
  AfterEachStep([](Conversation& run, std::span<const Step>) {
    if (!run.connected) return;
    const bool waits = run.peers.bridge.state() == State::kAwaitingOrigin;
    const bool publishes = run.peers.bridge.role() == Role::kPublisher;
    run.peers.Origin(kGarbage);
    Commands received;
    if (waits) {
      received = {publishes ? "onStatus NetStream.Publish.Failed"
                            : "onStatus NetStream.Play.Failed"};
    }
    EXPECT_EQ(run.ClientReceives(), received);
    run.ExpectEnd(Side::kOrigin);
  });
}

TEST_P(BridgeScriptTest, AnOriginThatClosesBeforeItsVerdictHasRefused) {
  AfterEachStep([](Conversation& run, std::span<const Step>) {
    if (!run.connected) return;
    const State before = run.peers.bridge.state();
    const bool publishes = run.peers.bridge.role() == Role::kPublisher;
    run.peers.OriginCloses();
    switch (before) {
      case State::kAwaitingOrigin:
        EXPECT_EQ(run.ClientReceives(), Commands{publishes ? "onStatus NetStream.Publish.BadName"
                                                           : "onStatus NetStream.Play.Failed"});
        EXPECT_TRUE(absl::IsPermissionDenied(run.peers.bridge.status()));
        run.ExpectEnd(Side::kOrigin);
        break;
      case State::kSelecting:  // The driver connects another one.
        EXPECT_EQ(run.peers.bridge.state(), before);
        break;
      default:
        EXPECT_EQ(run.peers.bridge.state(), State::kEnded);
        EXPECT_TRUE(run.peers.bridge.status().ok());
        EXPECT_EQ(run.ClientReceives(), Commands{});
        break;
    }
  });
}

TEST_P(BridgeScriptTest, ARefusalOfTheOriginIsPassedOnInItsWords) {
  AfterEachStep([](Conversation& run, std::span<const Step>) {
    if (!run.connected || run.peers.bridge.state() == State::kSelecting) return;
    const State before = run.peers.bridge.state();
    run.peers.Origin(Status("NetStream.Some.Refusal", 7, "error"));
    EXPECT_EQ(run.ClientReceives(), Commands{"onStatus NetStream.Some.Refusal"});
    if (before == State::kAwaitingOrigin) {
      EXPECT_TRUE(absl::IsPermissionDenied(run.peers.bridge.status()));
      run.ExpectEnd(Side::kOrigin);
    } else {
      EXPECT_EQ(run.peers.bridge.state(), before) << "after the verdict the client decides";
    }
  });
}

TEST_P(BridgeScriptTest, ARefusalOfTheProxyIsSentAsAStatus) {
  AfterEachStep([](Conversation& run, std::span<const Step>) {
    const bool publishes = run.peers.bridge.role() == Role::kPublisher;
    run.peers.Refuse(ProxyFailure(absl::StatusCode::kUnavailable, "nobody can serve it"));
    EXPECT_EQ(run.ClientReceives(), Commands{publishes ? "onStatus NetStream.Publish.Failed"
                                                       : "onStatus NetStream.Play.Failed"});
    run.ExpectEnd(Side::kProxy);
  });
}

// An origin that fails in its handshake has received nothing: the script goes on with the next one.
TEST_P(BridgeScriptTest, AnOriginThatFailsInItsHandshakeIsForgotten) {
  for (const bool closes : {true, false}) {
    Conversation run;
    for (const Step& step : GetParam().steps) {
      if (step.what == Step::What::kConnect) {
        BufferSequence client;
        BufferSequence origin;
        run.peers.bridge.Connected({}, std::nullopt, {client, origin});
        EXPECT_TRUE(run.peers.bridge.origin_handshaking());
        closes ? run.peers.OriginCloses() : run.peers.Origin(Bytes(10, 'H'));
        EXPECT_EQ(run.peers.bridge.state(), State::kSelecting);
        EXPECT_FALSE(run.peers.bridge.origin_handshaking());
      }
      run.Do(step);
    }
  }
}

}  // namespace
}  // namespace srsproxy::rtmp
