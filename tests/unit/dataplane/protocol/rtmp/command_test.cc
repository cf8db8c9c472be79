#include "dataplane/protocol/rtmp/command.h"

#include <algorithm>
#include <limits>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::rtmp {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Bytes = std::vector<uint8_t>;

constexpr MessageType kAmf0 = MessageType::kCommandAmf0;
constexpr MessageType kAmf3 = MessageType::kCommandAmf3;

AmfObject Object(std::vector<std::pair<std::string, AmfValue>> properties) {
  AmfObject object;
  object.properties = std::move(properties);
  return object;
}

std::string Text(const absl::Status& status) { return std::string(MessageOf(status)); }

TEST(CommandTest, ComesBackAsItWasWritten) {
  const Command sent{"play", 4, {AmfNull{}, "livestream?token=x", -2000}};
  for (const MessageType type : {kAmf0, kAmf3}) {
    const Bytes payload = EncodeCommand(type, sent);
    EXPECT_EQ(payload[0], type == kAmf3 ? 0 : 2);
    const auto command = DecodeCommand(type, payload);
    ASSERT_TRUE(command.ok()) << command.status();
    EXPECT_EQ(command->name, "play");
    EXPECT_EQ(command->transaction_id, 4);
    EXPECT_TRUE(command->arguments == sent.arguments);
  }
}

TEST(CommandTest, ReadsAmf3Arguments) {
  // A leading 0, "f", 1, and the AMF3 integer 5.
  const Bytes payload = {0, 2, 0, 1, 'f', 0, 0x3f, 0xf0, 0, 0, 0, 0, 0, 0, 0x11, 4, 5};
  const auto command = DecodeCommand(kAmf3, payload);
  ASSERT_TRUE(command.ok()) << command.status();
  EXPECT_EQ(*command->Argument(0).AsNumber(), 5);
  EXPECT_TRUE(command->Argument(7).is_null());
}

TEST(CommandTest, FailsWhenCutAnywhereButBetweenValues) {
  const Bytes payload = EncodeCommand(kAmf0, {"f", 1, {AmfNull{}, "ab"}});
  const std::vector<size_t> whole = {4, 13, 14, payload.size()};
  for (size_t size = 0; size <= payload.size(); ++size) {
    const bool ok = DecodeCommand(kAmf0, std::span(payload).first(size)).ok();
    EXPECT_EQ(ok, std::ranges::find(whole, size) != whole.end()) << size;
  }
}

TEST(CommandTest, NeedsAName) {
  EXPECT_THAT(Text(DecodeCommand(kAmf0, Bytes{5}).status()), HasSubstr("no name"));
}

TEST(CommandTest, RefusesObjects10000Deep) {
  Bytes payload = EncodeCommand(kAmf0, {"connect", 1, {}});
  for (int i = 0; i < 10'000; ++i) payload.insert(payload.end(), {3, 0, 1, 'a'});
  EXPECT_THAT(Text(DecodeCommand(kAmf0, payload).status()), HasSubstr("too deep"));
}

struct PeekRow {
  std::string name;
  MessageType type;
  Bytes prefix;
  std::string peeked;
};

void PrintTo(const PeekRow& row, std::ostream* os) { *os << row.name; }

class PeekTest : public ::testing::TestWithParam<PeekRow> {};

TEST_P(PeekTest, FindsTheName) {
  EXPECT_EQ(PeekCommandName(GetParam().type, GetParam().prefix), GetParam().peeked);
}

Bytes Prefix(MessageType type, const std::string& name) {
  Bytes payload = EncodeCommand(type, {name, 0, {}});
  payload.resize(16);
  return payload;
}

INSTANTIATE_TEST_SUITE_P(
    All, PeekTest,
    ::testing::Values(PeekRow{"Short", kAmf0, Prefix(kAmf0, "play"), "play"},
                      PeekRow{"Long", kAmf0, Prefix(kAmf0, "releaseStream2"), "releaseStream"},
                      PeekRow{"Amf3", kAmf3, Prefix(kAmf3, "releaseStream"), "releaseStrea"},
                      PeekRow{"NoCommand", MessageType::kDataAmf0, Prefix(kAmf0, "play"), ""},
                      PeekRow{"NoString", kAmf0, Bytes(16, 0), ""},
                      PeekRow{"TooShort", kAmf0, Bytes{2, 0}, ""},
                      PeekRow{"Empty", kAmf0, Bytes{}, ""}),
    [](const auto& row) { return row.param.name; });

TEST(ConnectCommandTest, ReadsWhatFlashSends) {
  const auto connect = ConnectCommand::From({"connect",
                                             1,
                                             {Object({{"app", "live?token=a/b"},
                                                      {"flashVer", "WIN 32,0,0,101"},
                                                      {"swfUrl", "http://h/p.swf"},
                                                      {"tcUrl", "rtmp://h:1935/live"},
                                                      {"fpad", false},
                                                      {"pageUrl", "http://h/"},
                                                      {"objectEncoding", 3}})}});
  ASSERT_TRUE(connect.ok()) << connect.status();
  EXPECT_EQ(connect->app, "live?token=a/b");
  EXPECT_EQ(connect->tc_url, "rtmp://h:1935/live");
  EXPECT_EQ(connect->page_url, "http://h/");
  EXPECT_EQ(connect->swf_url, "http://h/p.swf");
  EXPECT_EQ(connect->flash_version, "WIN 32,0,0,101");
  EXPECT_EQ(connect->object_encoding, 3);
}

TEST(ConnectCommandTest, NeedsToKnowTheApp) {
  EXPECT_THAT(Text(ConnectCommand::From({"connect", 1, {}}).status()),
              HasSubstr("connect has no command object"));
  EXPECT_THAT(Text(ConnectCommand::From({"connect", 1, {Object({{"app", 5}})}}).status()),
              HasSubstr("no app and no tcUrl"));
}

TEST(PublishCommandTest, ReadsNameAndType) {
  const auto publish = PublishCommand::From({"publish", 5, {AmfNull{}, "cam?k=v", "live"}});
  ASSERT_TRUE(publish.ok());
  EXPECT_EQ(publish->stream_name, "cam?k=v");
  EXPECT_EQ(publish->type, "live");
  EXPECT_EQ(PublishCommand::From({"publish", 5, {AmfNull{}, "cam"}})->type, "");
  EXPECT_THAT(Text(PublishCommand::From({"publish", 5, {AmfNull{}, 7}}).status()),
              HasSubstr("publish has no stream name"));
}

TEST(PlayCommandTest, ReadsPlayAndPlay2) {
  const auto play = PlayCommand::From({"play", 0, {AmfNull{}, "cam", -1000, 60, false}});
  ASSERT_TRUE(play.ok());
  EXPECT_EQ(play->stream_name, "cam");
  EXPECT_EQ(play->start, -1000);
  EXPECT_EQ(play->duration, 60);
  EXPECT_FALSE(play->reset);

  const auto bare = PlayCommand::From({"play", 0, {AmfNull{}, "cam"}});
  ASSERT_TRUE(bare.ok());
  EXPECT_EQ(bare->start, -2);
  EXPECT_TRUE(bare->reset);

  const auto play2 = PlayCommand::From(
      {"play2", 0, {AmfNull{}, Object({{"streamName", "b"}, {"start", 5}, {"len", 6}})}});
  ASSERT_TRUE(play2.ok());
  EXPECT_EQ(play2->stream_name, "b");
  EXPECT_EQ(play2->start, 5);
  EXPECT_EQ(play2->duration, 6);

  EXPECT_FALSE(PlayCommand::From({"play", 0, {AmfNull{}}}).ok());
  EXPECT_FALSE(PlayCommand::From({"play2", 0, {AmfNull{}, Object({})}}).ok());
}

TEST(StreamNameCommandTest, ReadsTheName) {
  EXPECT_EQ(StreamNameCommand::From({"FCPublish", 3, {AmfNull{}, "cam"}})->stream_name, "cam");
  EXPECT_THAT(Text(StreamNameCommand::From({"FCPublish", 3, {}}).status()),
              HasSubstr("FCPublish has no stream name"));
}

TEST(DeleteStreamCommandTest, ReadsTheStreamId) {
  EXPECT_EQ(DeleteStreamCommand::From({"deleteStream", 0, {AmfNull{}, 1}})->stream_id, 1u);
  for (const AmfValue& bad : {AmfValue(-1), AmfValue(5e9), AmfValue("1"),
                              AmfValue(std::numeric_limits<double>::quiet_NaN())}) {
    EXPECT_FALSE(DeleteStreamCommand::From({"deleteStream", 0, {AmfNull{}, bad}}).ok());
  }
}

TEST(ResultCommandTest, ReadsOurOwnAndOthersResults) {
  const auto connected = ResultCommand::From(ConnectResult(1, 3));
  ASSERT_TRUE(connected.ok());
  EXPECT_TRUE(connected->ok);
  EXPECT_EQ(connected->code, "NetConnection.Connect.Success");
  EXPECT_FALSE(connected->number.has_value());
  EXPECT_EQ(*ConnectResult(1, 3).Argument(1).AsObject()->Find("objectEncoding")->AsNumber(), 3);

  const auto created = ResultCommand::From(CreateStreamResult(4, 17));
  ASSERT_TRUE(created.ok());
  EXPECT_EQ(created->transaction_id, 4);
  EXPECT_EQ(created->number, 17);

  EXPECT_TRUE(ResultCommand::From(EmptyResult(2))->ok);

  const auto refused =
      ResultCommand::From(ErrorResult(1, "NetConnection.Connect.Rejected", "no such app"));
  ASSERT_TRUE(refused.ok());
  EXPECT_FALSE(refused->ok);
  EXPECT_EQ(refused->code, "NetConnection.Connect.Rejected");
  EXPECT_EQ(refused->description, "no such app");

  EXPECT_FALSE(ResultCommand::From({"onStatus", 0, {}}).ok());
}

TEST(ResultCommandTest, ReadsARedirect) {
  const auto moved = ResultCommand::From(
      {"_error",
       1,
       {AmfNull{}, Object({{"code", "NetConnection.Connect.Rejected"},
                           {"ex", Object({{"code", 302}, {"redirect", "rtmp://h2/live"}})}})}});
  ASSERT_TRUE(moved.ok());
  EXPECT_EQ(moved->redirect, "rtmp://h2/live");
}

TEST(StatusCommandTest, ReadsOnStatusWhereverItsObjectIs) {
  const auto status = StatusCommand::From(OnStatus("error", "NetStream.Publish.BadName", "in use"));
  ASSERT_TRUE(status.ok());
  EXPECT_TRUE(status->is_error());
  EXPECT_EQ(status->code, "NetStream.Publish.BadName");
  EXPECT_EQ(status->description, "in use");

  const auto bare =
      StatusCommand::From({"onFCPublish", 0, {Object({{"code", "NetStream.Publish.Start"}})}});
  ASSERT_TRUE(bare.ok());
  EXPECT_FALSE(bare->is_error());

  EXPECT_FALSE(StatusCommand::From({"onStatus", 0, {AmfNull{}}}).ok());
}

}  // namespace
}  // namespace srsproxy::rtmp
