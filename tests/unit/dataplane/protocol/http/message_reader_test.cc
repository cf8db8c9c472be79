#include "dataplane/protocol/http/message_reader.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace srsproxy::http {
namespace {

constexpr MessageReader::Rules kRules{.max_head = 256, .max_body = 32};

void Feed(MessageReader& reader, std::string_view bytes) {
  while (!bytes.empty()) {
    const auto into = reader.Prepare(bytes.size());
    ASSERT_FALSE(into.empty());
    std::copy_n(bytes.begin(), into.size(), into.begin());
    reader.Commit(into.size());
    bytes.remove_prefix(into.size());
  }
}

// Reads all requests of a connection, fed by the parts of what it says, and notes what is read:
// "GET /a: body", an error's "400 why", and at the end what is missing.
class Conversation {
 public:
  explicit Conversation(const MessageReader::Rules& rules = kRules) : reader_(rules) {}

  void Receive(std::string_view bytes) {
    while (!failed_ && !bytes.empty()) {
      const auto part = bytes.substr(0, kRules.max_head - reader_.unread());
      Feed(reader_, part);
      bytes.remove_prefix(part.size());
      ReadAll();
    }
  }

  std::vector<std::string> End() {
    const bool idle = !head_.has_value() && reader_.idle();
    reader_.Close();
    if (!failed_) ReadAll();
    if (!idle && !failed_) notes_.emplace_back("unfinished, and nobody says so");
    return notes_;
  }

 private:
  void ReadAll() {
    while (!failed_ && (head_.has_value() ? ReadBody() : ReadHead())) {
    }
  }

  bool ReadHead() {
    auto read = reader_.ReadRequest();
    if (auto* head = std::get_if<RequestHead>(&read)) head_ = std::move(*head);
    Fail(std::get_if<HeadError>(&read));
    return head_.has_value();
  }

  bool ReadBody() {
    auto read = reader_.ReadBody();
    const auto* body = std::get_if<std::string>(&read);
    if (body != nullptr) {
      notes_.push_back(head_->method + " " + head_->target + ": " + *body);
      head_.reset();
    }
    Fail(std::get_if<HeadError>(&read));
    return body != nullptr;
  }

  void Fail(const HeadError* error) {
    if (error == nullptr) return;
    failed_ = true;
    notes_.push_back(std::to_string(error->status) + " " + error->message);
  }

  MessageReader reader_;
  std::optional<RequestHead> head_;
  std::vector<std::string> notes_;
  bool failed_ = false;
};

struct RequestsRow {
  const char* name;
  std::string wire;
  std::vector<std::string> read;
};

class RequestsTest : public testing::TestWithParam<RequestsRow> {};

TEST_P(RequestsTest, AreReadTheSameHoweverTheyAreCut) {
  const std::string& wire = GetParam().wire;
  for (size_t cut = 0; cut <= wire.size(); ++cut) {
    Conversation conversation;
    conversation.Receive(std::string_view(wire).substr(0, cut));
    conversation.Receive(std::string_view(wire).substr(cut));
    EXPECT_EQ(conversation.End(), GetParam().read) << "cut at " << cut;
  }
  Conversation bytewise;
  for (const char& byte : wire) bytewise.Receive({&byte, 1});
  EXPECT_EQ(bytewise.End(), GetParam().read);
}

const std::string kHost = "Host: h\r\n";
const std::string kChunked = "Transfer-Encoding: chunked\r\n";

INSTANTIATE_TEST_SUITE_P(
    All, RequestsTest,
    testing::Values(
        RequestsRow{"One", "GET /a HTTP/1.1\r\n" + kHost + "\r\n", {"GET /a: "}},
        RequestsRow{
            "OneAfterAnEmptyLine", "\r\nGET /a HTTP/1.1\r\n" + kHost + "\r\n", {"GET /a: "}},
        RequestsRow{"TwoEmptyLines",
                    "\r\n\r\nGET /a HTTP/1.1\r\n" + kHost + "\r\n",
                    {"400 the head is malformed: bad method"}},
        RequestsRow{"SeveralWithBodies",
                    "POST /a HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc" +
                        "POST /b HTTP/1.1\r\n" + kHost + kChunked +
                        "\r\n2\r\nde\r\n1;x=y\r\nf\r\n0\r\nTrailer: t\r\n\r\n" +
                        "\r\nGET /c HTTP/1.1\r\n" + kHost + "\r\n",
                    {"POST /a: abc", "POST /b: def", "GET /c: "}},
        RequestsRow{
            "BodyOfTheLongestLength",
            "POST /a HTTP/1.1\r\n" + kHost + "Content-Length: 32\r\n\r\n" + std::string(32, 'x'),
            {"POST /a: " + std::string(32, 'x')}},
        RequestsRow{"BodyTooLong",
                    "POST /a HTTP/1.1\r\n" + kHost + "Content-Length: 33\r\n\r\n",
                    {"413 the body is longer than 32 bytes"}},
        RequestsRow{"ChunksTooLong",
                    "POST /a HTTP/1.1\r\n" + kHost + kChunked + "\r\n21\r\n" +
                        std::string(33, 'x') + "\r\n0\r\n\r\n",
                    {"413 the body is longer than 32 bytes"}},
        RequestsRow{"HeadTooLong",
                    "GET /" + std::string(300, 'a'),
                    {"431 the head is longer than 256 bytes"}},
        RequestsRow{"NoHost", "GET /a HTTP/1.1\r\n\r\n", {"400 Host is missing"}},
        RequestsRow{"NoHostOfHttp10", "GET /a HTTP/1.0\r\n\r\n", {"GET /a: "}},
        RequestsRow{"HeadCutOff", "GET /a HTTP/1.1\r\nHost", {"400 the head is cut off"}},
        RequestsRow{"BodyCutOff",
                    "POST /a HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nab",
                    {"400 the body is cut off"}},
        RequestsRow{"BareLineFeed",
                    "GET /a HTTP/1.1\r\n" + kHost + "\r\nGET /b HTTP/1.1\n",
                    {"GET /a: ", "400 a line ends without CR"}},
        RequestsRow{"BrokenChunk",
                    "POST /a HTTP/1.1\r\n" + kHost + kChunked + "\r\nx\r\n",
                    {"400 the chunks of the body are malformed"}},
        RequestsRow{"Nothing", "", {}}),
    [](const auto& test) { return std::string(test.param.name); });

TEST(MessageReaderTest, AHostIsNeededWhereTheRulesRequireIt) {
  MessageReader reader({.host_needed = false});
  Feed(reader, "GET /a HTTP/1.1\r\n\r\n");
  EXPECT_TRUE(std::holds_alternative<RequestHead>(reader.ReadRequest()));
}

TEST(MessageReaderTest, KnowsWhetherAClientWaitsForContinue) {
  const auto waits = [](std::string_view length, std::string_view behind) {
    MessageReader reader(kRules);
    Feed(reader, "POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: " +
                     std::string(length) + "\r\n\r\n" + std::string(behind));
    EXPECT_TRUE(std::holds_alternative<RequestHead>(reader.ReadRequest()));
    return reader.awaits_continue();
  };
  EXPECT_TRUE(waits("3", ""));
  EXPECT_FALSE(waits("3", "a")) << "it has not waited";
  EXPECT_FALSE(waits("33", "")) << "it is told no";
  EXPECT_FALSE(waits("0", ""));
}

TEST(MessageReaderTest, IsIdleBetweenMessages) {
  MessageReader reader(kRules);
  EXPECT_TRUE(reader.idle());
  Feed(reader, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n");
  EXPECT_FALSE(reader.idle());
  EXPECT_TRUE(std::holds_alternative<RequestHead>(reader.ReadRequest()));
  EXPECT_FALSE(reader.idle()) << "its body is to come";
  Feed(reader, "a");
  EXPECT_TRUE(std::holds_alternative<std::string>(reader.ReadBody()));
  EXPECT_TRUE(reader.idle());
}

TEST(MessageReaderTest, HandsOutWhatCameBehindAHead) {
  MessageReader reader(kRules);
  Feed(reader, "GET / HTTP/1.1\r\nHost: h\r\n\r\nGET /b");
  EXPECT_TRUE(std::holds_alternative<RequestHead>(reader.ReadRequest()));
  EXPECT_EQ(reader.unread(), 6U);
  const auto unread = reader.TakeUnread();
  EXPECT_EQ(AsText(unread), "GET /b");
  EXPECT_TRUE(reader.idle());
  reader.Append(unread);
  Feed(reader, " HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(std::holds_alternative<RequestHead>(reader.ReadRequest()));
}

// Reads an answer to GET fed in one piece, or byte by byte.
std::string ReadAnswer(std::string_view wire, bool bytewise) {
  MessageReader reader(kRules);
  std::string head_text;
  const auto step = [&]() -> std::string {
    if (head_text.empty()) {
      auto read = reader.ReadResponse("GET");
      if (const auto* error = std::get_if<HeadError>(&read)) return error->message;
      if (const auto* head = std::get_if<ResponseHead>(&read)) {
        head_text = std::to_string(head->status) + ": ";
      }
    }
    if (head_text.empty()) return "";
    auto read = reader.ReadBody();
    if (const auto* error = std::get_if<HeadError>(&read)) return error->message;
    const auto* body = std::get_if<std::string>(&read);
    return body == nullptr ? "" : head_text + *body;
  };
  const size_t part = bytewise ? 1 : std::max<size_t>(wire.size(), 1);
  for (; !wire.empty(); wire.remove_prefix(part)) {
    Feed(reader, wire.substr(0, part));
    if (auto read = step(); !read.empty()) return read;
  }
  reader.Close();
  return step();
}

TEST(MessageReaderTest, ReadsAnswers) {
  const struct {
    std::string_view wire;
    std::string_view read;
  } rows[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "200: ab"},
      {"HTTP/1.1 200 OK\r\n\r\nuntil the close", "200: until the close"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
       "HTTP/1.1 404 No\r\nContent-Length: 0\r\n\r\n",
       "404: "},
      {"HTTP/1.1 204 No Content\r\n\r\n", "204: "},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", "the body is cut off"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n", "the body is longer than 32 bytes"},
      {"HTTP/1.1 200 OK\r\nContent", "the head is cut off"},
  };
  for (const auto& row : rows) {
    EXPECT_EQ(ReadAnswer(row.wire, false), row.read) << row.wire;
    EXPECT_EQ(ReadAnswer(row.wire, true), row.read) << row.wire;
  }
}

TEST(MessageReaderTest, ABodyThatIsTooLongIsDistinguishedFromABrokenOne) {
  for (const std::string wire : {"HTTP/1.1 200 OK\r\nContent-Length: 33\r\n\r\n",
                                 "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nx\r\n"}) {
    MessageReader reader({.max_body = 32});
    Feed(reader, wire);
    ASSERT_TRUE(std::holds_alternative<ResponseHead>(reader.ReadResponse("GET")));
    const auto read = reader.ReadBody();
    ASSERT_TRUE(std::holds_alternative<HeadError>(read));
    EXPECT_EQ(std::get<HeadError>(read).status, wire.find("33") != wire.npos ? 413U : 502U);
  }
}

TEST(MessageReaderTest, AnOriginThatOnlySendsContinueGivesNoAnswer) {
  MessageReader reader;
  std::string wire;
  for (int i = 0; i < 9; ++i) wire += "HTTP/1.1 100 Continue\r\n\r\n";
  Feed(reader, wire);
  const auto read = reader.ReadResponse("GET");
  ASSERT_TRUE(std::holds_alternative<HeadError>(read));
  EXPECT_EQ(std::get<HeadError>(read).status, 502U);
}

TEST(MessageReaderTest, KnowsWhetherAnythingHasCome) {
  MessageReader reader;
  EXPECT_TRUE(reader.untouched());
  reader.Prepare(10);
  reader.Commit(0);
  EXPECT_TRUE(reader.untouched());
  Feed(reader, "H");
  EXPECT_FALSE(reader.untouched());
}

}  // namespace
}  // namespace srsproxy::http
