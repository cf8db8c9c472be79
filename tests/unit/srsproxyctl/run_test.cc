// What the program does beyond what it prints: what it asks of the proxy, whom it asks, when it
// refuses, and how failures end.
#include "tools/srsproxyctl/run.h"

#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RunTest : public CommandTest {
 protected:
  int RunCommand(const std::vector<std::string>& arguments, const std::string& typed = "") {
    return RunArguments(arguments, typed);
  }
};

TEST_F(RunTest, RegisterSendsEveryOption) {
  ASSERT_EQ(
      RunCommand({"origin",    "register",   "--ip",     "10.0.0.9",  "--server",    "s",
                  "--service", "v",          "--pid",    "7",         "--device-id", "d",
                  "--zone",    "z",          "--weight", "2.5",       "--capacity",  "1000",
                  "--label",   "a=b=c",      "--label",  "e=",        "--rtmp",      "1935,1936",
                  "--http",    "8080",       "--api",    "1985",      "--srt",       "udp://10080",
                  "--rtc",     "udp://8000", "--rtc",    "tcp://8000"}),
      0)
      << err();
  EXPECT_THAT(fake_.calls(),
              ElementsAre("RegisterOrigin registration { ip: \"10.0.0.9\" device_id: \"d\" server: "
                          "\"s\" service: \"v\" pid: \"7\" rtmp: \"1935\" rtmp: \"1936\" http: "
                          "\"8080\" api: \"1985\" srt: \"udp://10080\" rtc: \"udp://8000\" rtc: "
                          "\"tcp://8000\" weight: 2.5 zone: \"z\" labels { key: \"a\" value: "
                          "\"b=c\" } labels { key: \"e\" value: \"\" } capacity: 1000 }"));
}

TEST_F(RunTest, RegisterWithoutWeightLeavesItToTheProxy) {
  ASSERT_EQ(RunCommand({"origin", "register", "--ip", "10.0.0.9", "--server", "s", "--service", "v",
                        "--pid", "7", "--rtmp", "1935", "--dry-run"}),
            0);
  ASSERT_THAT(fake_.calls(), SizeIs(1));
  EXPECT_THAT(fake_.calls()[0], Not(HasSubstr("weight")));
  EXPECT_THAT(fake_.calls()[0], HasSubstr("validate_only: true"));
}

TEST_F(RunTest, RegisterNeverShowsTheLease) {
  for (const char* format : {"table", "wide", "json", "jsonl", "name"}) {
    ASSERT_EQ(RunCommand({"origin", "register", "--ip", "10.0.0.9", "--server", "s", "--service",
                          "v", "--pid", "7", "--rtmp", "1935", "-o", format}),
              0);
    EXPECT_THAT(out() + err(), Not(HasSubstr("the-secret-lease"))) << format;
  }
}

TEST_F(RunTest, DeregisterAsksOnATerminal) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  fake_.deregister_warning = "it comes back with its next heartbeat";
  environment_.input_is_terminal = true;
  EXPECT_EQ(RunCommand({"origin", "deregister", "a"}, "y\n"), 0);
  EXPECT_THAT(err(), HasSubstr("Deregister origin a-run1-100?"));
  EXPECT_THAT(err(), HasSubstr("Note: it comes back with its next heartbeat\n"));
  EXPECT_THAT(fake_.changes(), SizeIs(1));
}

TEST_F(RunTest, DeregisterReportsWhetherTheOriginIsGone) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  fake_.deregister_leaves = true;
  EXPECT_EQ(RunCommand({"origin", "deregister", "a", "--yes"}), 0);
  EXPECT_THAT(out(), HasSubstr("leaving"));
  environment_.input_is_terminal = true;
  EXPECT_EQ(RunCommand({"origin", "deregister", "a", "--kick"}, "y\n"), 0);
  EXPECT_THAT(err(), HasSubstr("Its sessions are ended"));
  EXPECT_THAT(out(), HasSubstr("gone"));
}

TEST_F(RunTest, DeregisterDoesNothingUnlessTheAnswerIsYes) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  environment_.input_is_terminal = true;
  for (const char* answer : {"n\n", "\n", "", "yesterday\n"}) {
    EXPECT_EQ(RunCommand({"origin", "deregister", "a"}, answer), 1);
    EXPECT_THAT(err(), HasSubstr("Error: nothing was done")) << answer;
  }
  EXPECT_THAT(fake_.changes(), IsEmpty());
}

TEST_F(RunTest, DeregisterDoesNothingWhenTheOriginIsAmbiguous) {
  fake_.origins = {MakeOrigin("a1", "10.0.0.1"), MakeOrigin("a2", "10.0.0.2"),
                   MakeOrigin("a3", "10.0.0.3")};
  EXPECT_EQ(RunCommand({"origin", "deregister", "a", "--yes"}), 2);
  EXPECT_THAT(err(), HasSubstr("a3-run1-100"));
  EXPECT_THAT(fake_.changes(), IsEmpty());
}

TEST_F(RunTest, ExplainAsksForTheProtocolAndRole) {
  ASSERT_EQ(RunCommand({"stream", "explain", "srt://h:1?streamid=live/a", "--protocol", "srt",
                        "--role", "publisher"}),
            0);
  EXPECT_THAT(fake_.calls(),
              ElementsAre("LookupStream stream: \"srt://h:1?streamid=live/a\" protocol: "
                          "PROTOCOL_SRT role: ROLE_PUBLISHER"));
}

TEST_F(RunTest, ExplainNamesNothingWhenNoOriginCanServe) {
  EXPECT_EQ(RunCommand({"stream", "explain", "live/a", "-o", "name"}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(RunCommand({"stream", "explain", "live/a"}), 0);
  EXPECT_THAT(out(), HasSubstr("no origin can serve it"));
}

TEST_F(RunTest, TextThatIsNotUtf8IsRefused) {
  for (const char* key : {"live/\xff", "live/\xc3", "live/\xc0\xaf", "live/\xed\xa0\x80"}) {
    EXPECT_EQ(RunCommand({"stream", "get", key}), 2);
    EXPECT_THAT(err(), testing::EndsWith("is not UTF-8\n"));
  }
  EXPECT_THAT(fake_.calls(), IsEmpty());
  EXPECT_EQ(RunCommand({"stream", "explain", "live/пример"}), 0);
}

TEST_F(RunTest, EveryPageIsFollowed) {
  for (int i = 0; i < 5; ++i) {
    fake_.streams.push_back(MakeStream("v/live/" + std::to_string(i), "o"));
  }
  ASSERT_EQ(RunCommand({"stream", "list", "-o", "name"}), 0);
  EXPECT_EQ(out(), "v/live/0\nv/live/1\nv/live/2\nv/live/3\nv/live/4\n");
  EXPECT_THAT(fake_.calls(), SizeIs(3));
}

TEST_F(RunTest, LabelsAreSorted) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  for (const char* key : {"x", "b", "m", "a"}) {
    (*fake_.origins[0].mutable_labels())[key] = "1";
  }
  ASSERT_EQ(RunCommand({"origin", "get", "a"}), 0);
  EXPECT_THAT(out(), HasSubstr(" a=1,b=1,m=1,x=1\n"));
}

TEST_F(RunTest, NothingToListIsReportedBesideTheData) {
  EXPECT_EQ(RunCommand({"origin", "list"}), 0);
  EXPECT_EQ(out(), "");
  EXPECT_EQ(err(), "Note: no origin is known\n");
  EXPECT_EQ(RunCommand({"origin", "list", "-o", "json"}), 0);
  EXPECT_EQ(out(), "{\"origins\":[],\"conflicts\":[],\"refusals\":[]}\n");
}

TEST_F(RunTest, TheProxysWordsReachTheOperator) {
  struct Row {
    grpc::StatusCode code;
    int exit_code;
  };
  for (const Row& row :
       {Row{grpc::StatusCode::INVALID_ARGUMENT, 2}, Row{grpc::StatusCode::NOT_FOUND, 3},
        Row{grpc::StatusCode::UNAVAILABLE, 4}, Row{grpc::StatusCode::PERMISSION_DENIED, 5},
        Row{grpc::StatusCode::FAILED_PRECONDITION, 6}, Row{grpc::StatusCode::INTERNAL, 1}}) {
    fake_.failure = grpc::Status(row.code, "these are the words", "details");
    EXPECT_EQ(RunCommand({"proxy", "get"}), row.exit_code);
    EXPECT_EQ(out(), "");
    EXPECT_EQ(err(), "Error: these are the words\n") << row.code;
  }
}

TEST_F(RunTest, TheReasonAndWhatToDoArePrinted) {
  fake_.failure =
      MakeFailure(grpc::StatusCode::FAILED_PRECONDITION, "live/a is in use", "STREAM_LIVE");
  EXPECT_EQ(RunCommand({"stream", "release", "live/a", "--yes"}), 6);
  EXPECT_THAT(err(), HasSubstr("Error: live/a is in use (STREAM_LIVE)\nHint: "));
  EXPECT_THAT(err(), HasSubstr("--force"));
}

TEST_F(RunTest, AnOriginThatTheProxyFindsAmbiguousIsUsage) {
  fake_.failure =
      MakeFailure(grpc::StatusCode::FAILED_PRECONDITION, "a means two origins", "AMBIGUOUS_ORIGIN");
  EXPECT_EQ(RunCommand({"stream", "pin", "live/a", "a"}), 2);
}

TEST_F(RunTest, ProxiesThatDidNotAnswerMakeAListPartial) {
  fake_.unreachable_proxies = {"edge-2"};
  EXPECT_EQ(RunCommand({"proxy", "list"}), 8);
  EXPECT_EQ(err(), "Note: edge-2 did not answer\n");
}

TEST_F(RunTest, EventsSinceAreCountedFromNow) {
  EXPECT_EQ(RunCommand({"event", "list", "--since", "1h", "--stream", "live/a"}), 0);
  EXPECT_THAT(fake_.calls(), ElementsAre("ListEvents page_size: 1000 stream: \"live/a\" since { "
                                         "seconds: 1767319445 }"));
}

TEST_F(RunTest, AVariableWithNoWayToPrintIsNamed) {
  environment_.variables["SRSPROXYCTL_OUTPUT"] = "prose";
  EXPECT_EQ(RunCommand({"proxy", "get"}), 2);
  EXPECT_THAT(err(), HasSubstr("SRSPROXYCTL_OUTPUT"));
  environment_.variables["SRSPROXYCTL_OUTPUT"] = "json";
  EXPECT_EQ(RunCommand({"proxy", "get"}), 0);
  EXPECT_THAT(out(), testing::StartsWith("{"));
}

TEST_F(RunTest, TheProxysWordsCannotSteerTheTerminal) {
  fake_.failure = grpc::Status(grpc::StatusCode::NOT_FOUND, "no stream \x1b[2J", "details");
  EXPECT_EQ(RunCommand({"proxy", "get"}), 3);
  EXPECT_EQ(err(), "Error: no stream \\x1b[2J\n");
}

TEST_F(RunTest, AProxyThatDoesNotAnswerIsNamed) {
  fake_.silent = true;
  EXPECT_EQ(RunCommand({"proxy", "get", "--timeout", "50ms"}), 4);
  EXPECT_EQ(err(), "Error: " + fake_.endpoint() +
                       " did not answer within 50ms; --timeout allows it more\n");
}

TEST_F(RunTest, AnUnreachableProxyIsNamed) {
  EXPECT_EQ(RunCommand({"proxy", "get", "--endpoint", "127.0.0.1:1"}), 4);
  EXPECT_THAT(err(), HasSubstr("Error: 127.0.0.1:1 cannot be connected to"));
  EXPECT_THAT(err(), HasSubstr("--endpoint"));
}

TEST_F(RunTest, TheNextEndpointIsAskedWhenOneCannotBeReached) {
  fake_.proxy.set_id("second");
  EXPECT_EQ(
      RunCommand({"proxy", "get", "-o", "name", "--endpoint", "127.0.0.1:1," + fake_.endpoint()}),
      0);
  EXPECT_EQ(out(), "second\n");
  EXPECT_EQ(err(),
            "Note: 127.0.0.1:1 cannot be connected to; asked " + fake_.endpoint() + " instead\n");
}

TEST_F(RunTest, TheFirstEndpointThatAnswersIsTheOnlyOneAsked) {
  FakeProxy second;
  fake_.failure = grpc::Status(grpc::StatusCode::INTERNAL, "broken", "details");
  EXPECT_EQ(
      RunCommand({"origin", "list", "--endpoint", fake_.endpoint() + "," + second.endpoint()}), 1);
  EXPECT_THAT(second.calls(), IsEmpty());
}

TEST_F(RunTest, TheFlagWinsOverTheVariable) {
  environment_.variables["SRSPROXYCTL_ENDPOINT"] = "127.0.0.1:1";
  fake_.proxy.set_id("flagged");
  EXPECT_EQ(RunCommand({"proxy", "get", "-o", "name", "--endpoint", fake_.endpoint()}), 0);
  EXPECT_EQ(out(), "flagged\n");
}

TEST_F(RunTest, GlobalOptionsMayStandBeforeTheCommand) {
  fake_.proxy.set_id("p");
  EXPECT_EQ(RunCommand({"-o", "name", "proxy", "get"}), 0);
  EXPECT_EQ(out(), "p\n");
}

TEST_F(RunTest, OutputThatCannotBeWrittenIsAFailure) {
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(RunCommand({"version"}), 1);
  EXPECT_EQ(err(), "Error: the output could not be written\n");
}

}  // namespace
}  // namespace srsproxy::ctl
