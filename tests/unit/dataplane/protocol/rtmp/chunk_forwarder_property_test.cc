// Random senders, random splits, and everything a forwarder can be asked to do, against the model.
#include <map>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/chunk_forwarder.h"
#include "tests/unit/dataplane/protocol/rtmp/chunk_model.h"

namespace srsproxy::rtmp::testing {
namespace {

constexpr uint32_t kOwnStreamId = 77;  // Of injected messages.

// Treats a message by a hash of its header, so that every split gives the same output.
class HashObserver : public MessageObserver {
 public:
  explicit HashObserver(bool pass_all) : pass_all_(pass_all) {}

  MessageAction ActionOf(const MessageHeader& header) const {
    if (pass_all_ || header.type == MessageType::kSetChunkSize ||
        header.type == MessageType::kAbort) {
      return MessageAction::kPass;
    }
    const uint32_t hash = (header.length * 31 + header.timestamp * 7 + header.chunk_stream_id) % 11;
    if (hash < 5) return MessageAction::kPass;
    constexpr MessageAction kOthers[] = {MessageAction::kPassAndShow, MessageAction::kHold,
                                         MessageAction::kHold,        MessageAction::kHold,
                                         MessageAction::kConsume,     MessageAction::kDrop};
    return kOthers[hash - 5];
  }
  static bool Forwards(const MessageHeader& header) { return header.length % 3 != 0; }

  // What of a message the receiver shall get.
  std::vector<Message> Expect(const std::vector<Message>& messages) const {
    std::vector<Message> expected;
    for (Message message : messages) {
      const MessageAction action = ActionOf(message.header);
      if (action == MessageAction::kConsume || action == MessageAction::kDrop) continue;
      if (action == MessageAction::kHold) {
        if (!Forwards(message.header)) continue;
        for (uint8_t& byte : message.payload) byte ^= 0xff;
      }
      expected.push_back(message);
    }
    return expected;
  }

  MessageAction OnMessageStart(const MessageHeader& header,
                               std::span<const uint8_t> prefix) override {
    const bool with_prefix =
        IsCommand(header.type) || IsData(header.type) || header.type == MessageType::kUserControl;
    EXPECT_EQ(prefix.size(), with_prefix ? std::min(header.length, 16u) : 0u);
    prefixes_[header.chunk_stream_id].assign(prefix.begin(), prefix.end());
    return ActionOf(header);
  }

  Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override {
    const Bytes& prefix = prefixes_[header.chunk_stream_id];
    EXPECT_TRUE(std::equal(prefix.begin(), prefix.end(), payload.begin()));
    shown.push_back({header, Bytes(payload.begin(), payload.end())});
    if (ActionOf(header) == MessageAction::kHold) {
      for (uint8_t& byte : payload) byte ^= 0xff;
    }
    return Forwards(header) ? Decision::kForward : Decision::kConsume;
  }

  std::vector<Message> shown;

 private:
  const bool pass_all_;
  std::map<uint32_t, Bytes> prefixes_;
};

// The receiver's messages by chunk stream, without what the forwarder itself may add.
std::map<uint32_t, std::vector<Message>> ByChunkStream(const std::vector<Message>& messages) {
  std::map<uint32_t, std::vector<Message>> by_stream;
  for (const Message& message : messages) {
    if (message.header.type == MessageType::kSetChunkSize) continue;
    if (message.header.stream_id == kOwnStreamId) continue;
    by_stream[message.header.chunk_stream_id].push_back(message);
  }
  return by_stream;
}

// Feeds `bytes` to `forwarder` in pieces of random sizes.
Bytes ForwardSplit(ChunkForwarder& forwarder, Bytes bytes, std::mt19937_64& random, uint32_t most) {
  Bytes output;
  BufferSequence out;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min<size_t>(1 + random() % most, bytes.size() - at);
    out.Clear();
    const auto forwarded = forwarder.Forward(std::span(bytes).subspan(at, size), out);
    EXPECT_TRUE(forwarded.ok()) << forwarded.status();
    if (!forwarded.ok()) return output;
    EXPECT_EQ(*forwarded, size);
    out.CopyTo(output);
    at += size;
  }
  return output;
}

struct Row {
  const char* name;
  ExtendedStyle style;
};
class ChunkForwarderProperty : public ::testing::TestWithParam<Row> {
 protected:
  static constexpr int kRounds = 20;
  static constexpr int kChunks = 80;
};

Bytes RandomInput(RandomSender& sender, int chunks) {
  Bytes input;
  for (int i = 0; i < chunks; ++i) input += sender.NextChunk();
  return input;
}

Bytes FinishedInput(RandomSender& sender, int chunks) {
  Bytes input = RandomInput(sender, chunks);
  const Bytes end = sender.Finish();
  return std::move(input) + end;
}

TEST_P(ChunkForwarderProperty, PassesEveryByteAsItCame) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    // With smaller chunks, messages that wait for their first 16 bytes are overtaken.
    RandomSender sender(round, GetParam().style, 16);
    Bytes input = FinishedInput(sender, kChunks);
    HashObserver observer(true);
    ChunkForwarder forwarder(Side::kOrigin, &observer);
    const Bytes original = input;
    BufferSequence out;
    ASSERT_TRUE(forwarder.Forward(input, out).ok());
    EXPECT_TRUE(out.Flatten() == original);
  }
}

TEST_P(ChunkForwarderProperty, ReceiverGetsWhatTheObserverLetsThrough) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    RandomSender sender(1000 + round, GetParam().style);
    const Bytes input = FinishedInput(sender, kChunks);
    const auto sent = ChunkDecoder::Decode(input);
    ASSERT_EQ(sent.error, "");
    Bytes whole;
    for (const uint32_t most : {1u << 30, 1u, 7u, 100u, 2000u}) {
      SCOPED_TRACE(most);
      std::mt19937_64 random(round);
      HashObserver observer(false);
      ChunkForwarder forwarder(Side::kOrigin, &observer);
      const Bytes output = ForwardSplit(forwarder, input, random, most);
      if (whole.empty()) whole = output;
      ASSERT_TRUE(output == whole) << "the split shows";
      const auto received = ChunkDecoder::Decode(output);
      ASSERT_EQ(received.error, "");
      EXPECT_EQ(ByChunkStream(received.messages), ByChunkStream(observer.Expect(sent.messages)));
    }
  }
}

TEST_P(ChunkForwarderProperty, StreamIdsAreMapped) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    RandomSender sender(2000 + round, GetParam().style);
    HashObserver observer(false);
    ChunkForwarder forwarder(Side::kOrigin, &observer);
    std::mt19937_64 random(round);
    const Bytes first = FinishedInput(sender, kChunks);
    const Bytes second = FinishedInput(sender, kChunks);
    Bytes output = ForwardSplit(forwarder, first, random, 300);
    forwarder.MapStreamId(1, 0x01020304);
    output += ForwardSplit(forwarder, second, random, 300);

    const size_t before = ChunkDecoder::Decode(first).messages.size();
    const auto all = ChunkDecoder::Decode(first + second).messages;
    std::vector<Message> early(all.begin(), all.begin() + static_cast<ptrdiff_t>(before));
    std::vector<Message> late(all.begin() + static_cast<ptrdiff_t>(before), all.end());
    std::vector<Message> expected = observer.Expect(early);
    for (Message message : observer.Expect(late)) {
      if (message.header.stream_id == 1) message.header.stream_id = 0x01020304;
      expected.push_back(message);
    }
    const auto received = ChunkDecoder::Decode(output);
    ASSERT_EQ(received.error, "");
    EXPECT_EQ(ByChunkStream(received.messages), ByChunkStream(expected));
  }
}

TEST_P(ChunkForwarderProperty, InjectedMessagesArriveWholeAndInOrder) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    RandomSender sender(3000 + round, GetParam().style);
    HashObserver observer(false);
    ChunkForwarder forwarder(Side::kOrigin, &observer);
    std::mt19937_64 random(round);
    Bytes input;
    Bytes output;
    std::vector<Message> own;
    for (int step = 0; step < 30; ++step) {
      const Bytes bytes = step < 29 ? RandomInput(sender, 3) : FinishedInput(sender, 3);
      input += bytes;
      // Anywhere, also in the middle of a chunk.
      const auto cut = static_cast<ptrdiff_t>(random() % bytes.size());
      output += ForwardSplit(forwarder, Bytes(bytes.begin(), bytes.begin() + cut), random, 50);
      Message message;
      constexpr uint32_t kIds[] = {2, 3, 5, 64, 9};
      message.header = {kIds[random() % std::size(kIds)], MessageType::kCommandAmf0, 0,
                        kOwnStreamId, random() % 3 == 0 ? 0x1000000u : 5u};
      message.payload.assign(random() % 300, static_cast<uint8_t>(step));
      if (random() % 5 == 0) {
        message.header.type = MessageType::kSetChunkSize;
        message.payload = U32(1 + random() % 500);
      }
      message.header.length = static_cast<uint32_t>(message.payload.size());
      BufferSequence out;
      ASSERT_TRUE(forwarder.Inject(message.header, message.payload, out).ok());
      output += out.Flatten();
      own.push_back(message);
      output += ForwardSplit(forwarder, Bytes(bytes.begin() + cut, bytes.end()), random, 50);
    }
    const auto received = ChunkDecoder::Decode(output);
    ASSERT_EQ(received.error, "");
    EXPECT_EQ(ByChunkStream(received.messages),
              ByChunkStream(observer.Expect(ChunkDecoder::Decode(input).messages)));
    std::vector<Message> own_received;
    for (const Message& message : received.messages) {
      if (message.header.stream_id == kOwnStreamId) own_received.push_back(message);
    }
    EXPECT_EQ(own_received, own);
  }
}

TEST_P(ChunkForwarderProperty, AnotherSenderTakesOverAnywhere) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    HashObserver observer(false);
    ChunkForwarder forwarder(Side::kOrigin, &observer);
    std::mt19937_64 random(round);
    Bytes output;
    std::vector<Message> expected;
    for (int turn = 0; turn < 3; ++turn) {
      RandomSender sender(4000 + 3 * round + turn, GetParam().style);
      Bytes input = turn == 2 ? FinishedInput(sender, kChunks) : RandomInput(sender, kChunks);
      if (turn < 2) input.resize(input.size() - random() % 40);
      output += ForwardSplit(forwarder, input, random, 300);
      if (turn == 2) {
        const auto more = observer.Expect(ChunkDecoder::Decode(input).messages);
        expected.insert(expected.end(), more.begin(), more.end());
      } else {
        BufferSequence out;
        forwarder.ResetInput(out);
        output += out.Flatten();
        // The receiver is between two messages.
        EXPECT_EQ(ChunkDecoder::Decode(output).error, "");
        EXPECT_TRUE(ChunkDecoder::Decode(output).unfinished.empty());
        expected = ChunkDecoder::Decode(output).messages;
      }
    }
    const auto received = ChunkDecoder::Decode(output);
    ASSERT_EQ(received.error, "");
    EXPECT_EQ(ByChunkStream(received.messages), ByChunkStream(expected));
  }
}

TEST_P(ChunkForwarderProperty, AnotherReceiverTakesOverAnywhere) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    HashObserver observer(false);
    ChunkForwarder forwarder(Side::kClient, &observer);
    std::mt19937_64 random(round);
    RandomSender sender(5000 + round, GetParam().style);
    const Bytes input = FinishedInput(sender, 2 * kChunks);
    const size_t cut = random() % (input.size() / 2);
    Bytes first(input.begin(), input.begin() + static_cast<ptrdiff_t>(cut));
    Bytes second(input.begin() + static_cast<ptrdiff_t>(cut), input.end());
    const auto before = ChunkDecoder::Decode(ForwardSplit(forwarder, first, random, 300));
    forwarder.ResetOutput();
    const auto after = ChunkDecoder::Decode(ForwardSplit(forwarder, second, random, 300));
    ASSERT_EQ(after.error, "");

    // Each message goes to one receiver, whole; what the first got half of goes to none.
    std::map<uint32_t, std::vector<Message>> received = ByChunkStream(before.messages);
    auto expected = ByChunkStream(observer.Expect(ChunkDecoder::Decode(input).messages));
    for (auto& [id, messages] : expected) {
      const auto partial = before.unfinished.find(id);
      const size_t whole = received[id].size();
      if (partial == before.unfinished.end() || whole >= messages.size()) continue;
      if (messages[whole].header != partial->second.header) continue;  // Aborted later.
      messages.erase(messages.begin() + static_cast<ptrdiff_t>(whole));
    }
    for (const auto& [id, messages] : ByChunkStream(after.messages)) {
      received[id].insert(received[id].end(), messages.begin(), messages.end());
    }
    std::erase_if(received, [](const auto& entry) { return entry.second.empty(); });
    std::erase_if(expected, [](const auto& entry) { return entry.second.empty(); });
    EXPECT_EQ(received, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Styles, ChunkForwarderProperty,
                         ::testing::Values(Row{"ExtendedRepeated", ExtendedStyle::kRepeat},
                                           Row{"ExtendedOmitted", ExtendedStyle::kOmit},
                                           Row{"ExtendedAbsolute", ExtendedStyle::kAbsolute}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace srsproxy::rtmp::testing
