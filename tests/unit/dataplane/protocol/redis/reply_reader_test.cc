#include "dataplane/protocol/redis/reply_reader.h"

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::redis {
namespace {

struct Outcome {
  std::vector<Reply> replies;
  absl::Status failed;
};

void Drain(ReplyReader& reader, Outcome& outcome) {
  while (true) {
    auto reply = reader.Next();
    if (!reply.ok()) {
      outcome.failed = reply.status();
      return;
    }
    if (!reply->has_value()) return;
    outcome.replies.push_back(**std::move(reply));
  }
}

// Reads `pieces`, one after another.
Outcome Read(const std::vector<std::string_view>& pieces, const ReplyLimits& limits = {}) {
  ReplyReader reader(limits);
  Outcome outcome;
  for (const std::string_view piece : pieces) {
    reader.Feed(piece);
    Drain(reader, outcome);
  }
  return outcome;
}

std::string Show(const std::vector<Reply>& replies) {
  std::string shown;
  for (const Reply& reply : replies) shown += reply.ToString() + "\n";
  return shown;
}

struct Script {
  std::string name;
  std::string bytes;
  std::string replies;
  absl::StatusCode ends = absl::StatusCode::kOk;
};

std::vector<Script> Scripts() {
  return {
      {"simple", "+OK\r\n-ERR no\r\n:42\r\n:-1\r\n$5\r\nhello\r\n$-1\r\n*-1\r\n",
       "(status) 'OK'\n(error) 'ERR no'\n42\n-1\n'hello'\nnil\nnil\n"},
      {"empty_things", "$0\r\n\r\n*0\r\n+\r\n", "''\n[]\n(status) ''\n"},
      {"binary", std::string("$6\r\na\r\n\0b\xff\r\n", 12), "'a\\r\\n\\x00\\x62\\xff'\n"},
      {"feed",
       "*1\r\n*2\r\n$4\r\nfeed\r\n*2\r\n*2\r\n$3\r\n1-1\r\n*2\r\n$1\r\nk\r\n$1\r\nv\r\n"
       "*2\r\n$3\r\n2-1\r\n*-1\r\n",
       "[['feed', [['1-1', ['k', 'v']], ['2-1', nil]]]]\n"},
      {"arrays_before_others", "*3\r\n*0\r\n*1\r\n:1\r\n$1\r\nx\r\n:2\r\n", "[[], [1], 'x']\n2\n"},
      {"error_within", "*2\r\n-WRONGTYPE no\r\n:1\r\n", "[(error) 'WRONGTYPE no', 1]\n"},
      {"deepest", "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "[[[[[[[[1]]]]]]]]\n"},
      {"too_deep", ":1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "1\n",
       absl::StatusCode::kDataLoss},
      {"http", "+OK\r\nHTTP/1.1 400 Bad Request\r\n\r\n", "(status) 'OK'\n",
       absl::StatusCode::kDataLoss},
      {"tls", "\x15\x03\x01\x00\x02\x02\x28", "", absl::StatusCode::kDataLoss},
      {"resp3", "%1\r\n+a\r\n:1\r\n", "", absl::StatusCode::kDataLoss},
      {"bad_integer", ":12x\r\n", "", absl::StatusCode::kDataLoss},
      {"bad_length", "$x\r\n", "", absl::StatusCode::kDataLoss},
      {"negative_length", "$-2\r\n", "", absl::StatusCode::kDataLoss},
      {"negative_array", "*-2\r\n", "", absl::StatusCode::kDataLoss},
      {"huge_array", "*1000000000\r\n:1\r\n*2\r\n:1\r\n", ""},
      {"more_than_an_int", "*9999999999\r\n", "", absl::StatusCode::kDataLoss},
      {"large_array_begins", ":1\r\n*200000\r\n:2\r\n", "1\n"},
      {"nested_arrays", "*200000\r\n*200000\r\n", ""},
  };
}

class ReplyScriptTest : public testing::TestWithParam<Script> {};

TEST_P(ReplyScriptTest, MeansTheSameWhole) {
  const auto& [name, bytes, replies, ends] = GetParam();
  const Outcome outcome = Read({bytes});
  EXPECT_EQ(Show(outcome.replies), replies);
  EXPECT_EQ(outcome.failed.code(), ends) << outcome.failed;
}

TEST_P(ReplyScriptTest, MeansTheSameAtEverySplit) {
  const auto& [name, text, replies, ends] = GetParam();
  const std::string_view bytes = text;
  for (size_t at = 0; at <= bytes.size(); ++at) {
    const Outcome outcome = Read({bytes.substr(0, at), bytes.substr(at)});
    EXPECT_EQ(Show(outcome.replies), replies) << "split at " << at;
    EXPECT_EQ(outcome.failed.code(), ends) << "split at " << at << ": " << outcome.failed;
  }
}

TEST_P(ReplyScriptTest, MeansTheSameByteByByte) {
  const auto& [name, text, replies, ends] = GetParam();
  std::vector<std::string_view> pieces;
  for (const char& byte : text) pieces.emplace_back(&byte, 1);
  const Outcome outcome = Read(pieces);
  EXPECT_EQ(Show(outcome.replies), replies);
  EXPECT_EQ(outcome.failed.code(), ends) << outcome.failed;
}

INSTANTIATE_TEST_SUITE_P(All, ReplyScriptTest, testing::ValuesIn(Scripts()),
                         [](const auto& script) { return script.param.name; });

TEST(ReplyReaderTest, AnErrorIsForGood) {
  ReplyReader reader;
  reader.Feed("nonsense");
  const absl::Status first = reader.Next().status();
  EXPECT_EQ(first.code(), absl::StatusCode::kDataLoss);
  reader.Feed("+OK\r\n");
  EXPECT_EQ(reader.Next().status(), first);
  EXPECT_FALSE(reader.incomplete());
}

TEST(ReplyReaderTest, AReplyThatIsUnderWayIsIncomplete) {
  ReplyReader reader;
  EXPECT_FALSE(reader.incomplete());
  reader.Feed("+OK\r\n*2\r\n:1\r\n");
  EXPECT_TRUE(*reader.Next());
  EXPECT_FALSE(*reader.Next());
  EXPECT_TRUE(reader.incomplete());
  reader.Feed(":2\r\n");
  EXPECT_TRUE(*reader.Next());
  EXPECT_FALSE(reader.incomplete());
}

// Feeds `total` bytes of `piece` over and over after `head`, and counts what was taken before it
// failed.
std::pair<size_t, absl::Status> FeedUntilRefused(std::string_view head, const std::string& piece,
                                                 size_t total) {
  ReplyReader reader;
  reader.Feed(head);
  size_t fed = head.size();
  while (fed < total) {
    if (auto reply = reader.Next(); !reply.ok()) return {fed, reply.status()};
    reader.Feed(piece);
    fed += piece.size();
  }
  return {fed, reader.Next().status()};
}

// Within the limits of the tests below.
constexpr ReplyLimits kSmall{.bytes = 10, .items = 4};

// What is too long is left out, and what is beside it and after it is read.
TEST(ReplyReaderTest, OfAReplyThatIsTooLongTheRestIsRead) {
  const Script scripts[] = {
      {"one string", "$11\r\n12345678901\r\n+OK\r\n",
       "(error) 'TOOLONG a string of 11 bytes'\n(status) 'OK'\n"},
      {"of several strings the last", "*3\r\n$6\r\n123456\r\n$5\r\n12345\r\n$4\r\n1234\r\n+OK\r\n",
       "['123456', (error) 'TOOLONG a reply with 5 more bytes', '1234']\n(status) 'OK'\n"},
      {"an array", "*5\r\n:1\r\n*2\r\n:2\r\n$3\r\nabc\r\n:3\r\n*-1\r\n*0\r\n+OK\r\n",
       "(error) 'TOOLONG a reply with 5 more items'\n(status) 'OK'\n"},
      {"an array in one",
       "*2\r\n*3\r\n:1\r\n:2\r\n$20\r\n01234567890123456789\r\n$2\r\nab\r\n+OK\r\n",
       "[(error) 'TOOLONG a reply with 3 more items', 'ab']\n(status) 'OK'\n"},
      {"what is left out counts for nothing",
       "*2\r\n*3\r\n$9\r\n123456789\r\n$9\r\n123456789\r\n:1\r\n$9\r\n123456789\r\n+OK\r\n",
       "[(error) 'TOOLONG a reply with 3 more items', '123456789']\n(status) 'OK'\n"},
  };
  for (const Script& script : scripts) {
    const std::string_view bytes = script.bytes;
    for (size_t at = 0; at <= bytes.size(); ++at) {
      const Outcome outcome = Read({bytes.substr(0, at), bytes.substr(at)}, kSmall);
      EXPECT_EQ(Show(outcome.replies), script.replies) << script.name << ", split at " << at;
      EXPECT_TRUE(outcome.failed.ok()) << script.name << ": " << outcome.failed;
    }
  }
}

TEST(ReplyReaderTest, AStringThatIsReadOverIsUnderWay) {
  ReplyReader reader(kSmall);
  reader.Feed("$11\r\n1234");
  EXPECT_TRUE(*reader.Next()) << "what stands in its place";
  EXPECT_TRUE(reader.incomplete());
  reader.Feed("5678901\r\n");
  EXPECT_FALSE(*reader.Next());
  EXPECT_FALSE(reader.incomplete());
}

TEST(ReplyReaderTest, ALineThatDoesNotEndIsRefused) {
  for (const std::string head : {"+", "-", ":", "$", "*"}) {
    const auto [fed, status] = FeedUntilRefused(head, std::string(1024, '1'), 1 << 20);
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << head << status;
    EXPECT_LE(fed, ReplyReader::kMaxLine + 4096) << head;
  }
}

TEST(ReplyReaderTest, TheLimitIsOfOneReplyNotOfAll) {
  const ReplyLimits limits{.bytes = 16, .items = 2};
  std::string many;
  for (int i = 0; i < 1000; ++i) many += "*2\r\n:1\r\n:2\r\n";
  const Outcome outcome = Read({many}, limits);
  EXPECT_TRUE(outcome.failed.ok()) << outcome.failed;
  EXPECT_EQ(outcome.replies.size(), 1000u);
}

}  // namespace
}  // namespace srsproxy::redis
