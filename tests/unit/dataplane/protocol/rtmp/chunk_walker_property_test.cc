// Random senders, random splits, and everything a walker can be asked to do, against the model.
#include <map>
#include <random>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "dataplane/protocol/rtmp/chunk_walker.h"
#include "tests/unit/dataplane/protocol/rtmp/chunk_model.h"

namespace srsproxy::rtmp::testing {
namespace {

constexpr uint32_t kOwnStreamId = 77;  // Of injected messages.

// Treats a message by a hash of its header, so that every split gives the same output.
class HashObserver : public ChunkWalker::Observer {
 public:
  explicit HashObserver(bool pass_all) : pass_all_(pass_all) {}

  Treatment TreatmentOf(const MessageHeader& header) const {
    if (pass_all_ || header.type == MessageType::kSetChunkSize ||
        header.type == MessageType::kAbort) {
      return Treatment::kPass;
    }
    const uint32_t hash = (header.length * 31 + header.timestamp * 7 + header.chunk_stream_id) % 11;
    if (hash < 5) return Treatment::kPass;
    constexpr Treatment kOthers[] = {Treatment::kPassAndShow, Treatment::kHold,
                                     Treatment::kHold,        Treatment::kHold,
                                     Treatment::kConsume,     Treatment::kDrop};
    return kOthers[hash - 5];
  }
  static bool Forwards(const MessageHeader& header) { return header.length % 3 != 0; }

  // What of a message the receiver shall get.
  std::vector<Message> Expect(const std::vector<Message>& messages) const {
    std::vector<Message> expected;
    for (Message message : messages) {
      const Treatment treatment = TreatmentOf(message.header);
      if (treatment == Treatment::kConsume || treatment == Treatment::kDrop) continue;
      if (treatment == Treatment::kHold) {
        if (!Forwards(message.header)) continue;
        for (uint8_t& byte : message.payload) byte ^= 0xff;
      }
      expected.push_back(message);
    }
    return expected;
  }

  Treatment OnMessageStart(const MessageHeader& header, std::span<const uint8_t> prefix) override {
    const bool with_prefix =
        IsCommand(header.type) || IsData(header.type) || header.type == MessageType::kUserControl;
    EXPECT_EQ(prefix.size(), with_prefix ? std::min(header.length, 16u) : 0u);
    prefixes_[header.chunk_stream_id].assign(prefix.begin(), prefix.end());
    return TreatmentOf(header);
  }

  Decision OnMessage(const MessageHeader& header, std::span<uint8_t> payload) override {
    const Bytes& prefix = prefixes_[header.chunk_stream_id];
    EXPECT_TRUE(std::equal(prefix.begin(), prefix.end(), payload.begin()));
    shown.push_back({header, Bytes(payload.begin(), payload.end())});
    if (TreatmentOf(header) == Treatment::kHold) {
      for (uint8_t& byte : payload) byte ^= 0xff;
    }
    return Forwards(header) ? Decision::kForward : Decision::kConsume;
  }

  std::vector<Message> shown;

 private:
  const bool pass_all_;
  std::map<uint32_t, Bytes> prefixes_;
};

// The receiver's messages by chunk stream, without what the walker itself may add.
std::map<uint32_t, std::vector<Message>> ByChunkStream(const std::vector<Message>& messages) {
  std::map<uint32_t, std::vector<Message>> by_stream;
  for (const Message& message : messages) {
    if (message.header.type == MessageType::kSetChunkSize) continue;
    if (message.header.stream_id == kOwnStreamId) continue;
    by_stream[message.header.chunk_stream_id].push_back(message);
  }
  return by_stream;
}

// Feeds `bytes` to `walker` in pieces of random sizes.
Bytes WalkSplit(ChunkWalker& walker, Bytes bytes, std::mt19937_64& random, uint32_t most) {
  Bytes output;
  Pieces out;
  for (size_t at = 0; at < bytes.size();) {
    const size_t size = std::min<size_t>(1 + random() % most, bytes.size() - at);
    out.Clear();
    const auto walked = walker.Walk(std::span(bytes).subspan(at, size), out);
    EXPECT_TRUE(walked.ok()) << walked.status();
    if (!walked.ok()) return output;
    EXPECT_EQ(*walked, size);
    out.CopyTo(output);
    at += size;
  }
  return output;
}

struct Row {
  const char* name;
  ExtendedStyle style;
};
class ChunkWalkerProperty : public ::testing::TestWithParam<Row> {
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

TEST_P(ChunkWalkerProperty, PassesEveryByteAsItCame) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    // With smaller chunks, messages that wait for their first 16 bytes are overtaken.
    RandomSender sender(round, GetParam().style, 16);
    Bytes input = FinishedInput(sender, kChunks);
    HashObserver observer(true);
    ChunkWalker walker(Side::kOrigin, &observer);
    const Bytes original = input;
    Pieces out;
    ASSERT_TRUE(walker.Walk(input, out).ok());
    EXPECT_TRUE(out.Flatten() == original);
  }
}

TEST_P(ChunkWalkerProperty, ReceiverGetsWhatTheObserverLetsThrough) {
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
      ChunkWalker walker(Side::kOrigin, &observer);
      const Bytes output = WalkSplit(walker, input, random, most);
      if (whole.empty()) whole = output;
      ASSERT_TRUE(output == whole) << "the split shows";
      const auto received = ChunkDecoder::Decode(output);
      ASSERT_EQ(received.error, "");
      EXPECT_EQ(ByChunkStream(received.messages), ByChunkStream(observer.Expect(sent.messages)));
    }
  }
}

TEST_P(ChunkWalkerProperty, StreamIdsAreMapped) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    RandomSender sender(2000 + round, GetParam().style);
    HashObserver observer(false);
    ChunkWalker walker(Side::kOrigin, &observer);
    std::mt19937_64 random(round);
    const Bytes first = FinishedInput(sender, kChunks);
    const Bytes second = FinishedInput(sender, kChunks);
    Bytes output = WalkSplit(walker, first, random, 300);
    walker.MapStreamId(1, 0x01020304);
    output += WalkSplit(walker, second, random, 300);

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

TEST_P(ChunkWalkerProperty, InjectedMessagesArriveWholeAndInOrder) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    RandomSender sender(3000 + round, GetParam().style);
    HashObserver observer(false);
    ChunkWalker walker(Side::kOrigin, &observer);
    std::mt19937_64 random(round);
    Bytes input;
    Bytes output;
    std::vector<Message> own;
    for (int step = 0; step < 30; ++step) {
      const Bytes bytes = step < 29 ? RandomInput(sender, 3) : FinishedInput(sender, 3);
      input += bytes;
      // Anywhere, also in the middle of a chunk.
      const auto cut = static_cast<ptrdiff_t>(random() % bytes.size());
      output += WalkSplit(walker, Bytes(bytes.begin(), bytes.begin() + cut), random, 50);
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
      Pieces out;
      ASSERT_TRUE(walker.Inject(message.header, message.payload, out).ok());
      output += out.Flatten();
      own.push_back(message);
      output += WalkSplit(walker, Bytes(bytes.begin() + cut, bytes.end()), random, 50);
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

TEST_P(ChunkWalkerProperty, AnotherSenderTakesOverAnywhere) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    HashObserver observer(false);
    ChunkWalker walker(Side::kOrigin, &observer);
    std::mt19937_64 random(round);
    Bytes output;
    std::vector<Message> expected;
    for (int turn = 0; turn < 3; ++turn) {
      RandomSender sender(4000 + 3 * round + turn, GetParam().style);
      Bytes input = turn == 2 ? FinishedInput(sender, kChunks) : RandomInput(sender, kChunks);
      if (turn < 2) input.resize(input.size() - random() % 40);
      output += WalkSplit(walker, input, random, 300);
      if (turn == 2) {
        const auto more = observer.Expect(ChunkDecoder::Decode(input).messages);
        expected.insert(expected.end(), more.begin(), more.end());
      } else {
        Pieces out;
        walker.ResetInput(out);
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

TEST_P(ChunkWalkerProperty, AnotherReceiverTakesOverAnywhere) {
  for (int round = 0; round < kRounds; ++round) {
    SCOPED_TRACE(round);
    HashObserver observer(false);
    ChunkWalker walker(Side::kClient, &observer);
    std::mt19937_64 random(round);
    RandomSender sender(5000 + round, GetParam().style);
    const Bytes input = FinishedInput(sender, 2 * kChunks);
    const size_t cut = random() % (input.size() / 2);
    Bytes first(input.begin(), input.begin() + static_cast<ptrdiff_t>(cut));
    Bytes second(input.begin() + static_cast<ptrdiff_t>(cut), input.end());
    const auto before = ChunkDecoder::Decode(WalkSplit(walker, first, random, 300));
    walker.ResetOutput();
    const auto after = ChunkDecoder::Decode(WalkSplit(walker, second, random, 300));
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

INSTANTIATE_TEST_SUITE_P(Styles, ChunkWalkerProperty,
                         ::testing::Values(Row{"ExtendedRepeated", ExtendedStyle::kRepeat},
                                           Row{"ExtendedOmitted", ExtendedStyle::kOmit},
                                           Row{"ExtendedAbsolute", ExtendedStyle::kAbsolute}),
                         [](const auto& row) { return std::string(row.param.name); });

}  // namespace
}  // namespace srsproxy::rtmp::testing
