// What the program does beyond what it prints: what it asks of the proxy, whom it asks, when it
// refuses, and how failures end.
#include "tools/srsproxyctl/run.h"

#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/fake_proxy.h"

namespace srsproxy::ctl {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class RunTest : public testing::Test {
 protected:
  RunTest() { environment_.variables["SRSPROXYCTL_ENDPOINT"] = fake_.endpoint(); }

  int RunCommand(const std::vector<std::string>& arguments, const std::string& typed = "") {
    std::istringstream in(typed);
    out_.str("");
    err_.str("");
    return ctl::Run(arguments, in, out_, err_, environment_);
  }

  FakeProxy fake_;
  Environment environment_;
  std::ostringstream out_;
  std::ostringstream err_;
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
      << err_.str();
  ASSERT_THAT(fake_.registered, SizeIs(1));
  EXPECT_FALSE(fake_.registered[0].validate_only());
  const v1::OriginRegistration& sent = fake_.registered[0].registration();
  EXPECT_EQ(sent.ip(), "10.0.0.9");
  EXPECT_EQ(sent.server(), "s");
  EXPECT_EQ(sent.service(), "v");
  EXPECT_EQ(sent.pid(), "7");
  EXPECT_EQ(sent.device_id(), "d");
  EXPECT_EQ(sent.zone(), "z");
  EXPECT_EQ(sent.weight(), 2.5);
  EXPECT_EQ(sent.capacity(), 1000);
  EXPECT_THAT(sent.labels(),
              testing::UnorderedElementsAre(testing::Pair("a", "b=c"), testing::Pair("e", "")));
  EXPECT_THAT(sent.rtmp(), ElementsAre("1935", "1936"));
  EXPECT_THAT(sent.http(), ElementsAre("8080"));
  EXPECT_THAT(sent.api(), ElementsAre("1985"));
  EXPECT_THAT(sent.srt(), ElementsAre("udp://10080"));
  EXPECT_THAT(sent.rtc(), ElementsAre("udp://8000", "tcp://8000"));
}

TEST_F(RunTest, RegisterWithoutWeightLeavesItToTheProxy) {
  ASSERT_EQ(RunCommand({"origin", "register", "--ip", "10.0.0.9", "--server", "s", "--service", "v",
                        "--pid", "7", "--rtmp", "1935", "--dry-run"}),
            0);
  ASSERT_THAT(fake_.registered, SizeIs(1));
  EXPECT_FALSE(fake_.registered[0].registration().has_weight());
  EXPECT_TRUE(fake_.registered[0].validate_only());
}

TEST_F(RunTest, RegisterNeverShowsTheLease) {
  for (const char* format : {"table", "wide", "json", "jsonl", "name"}) {
    ASSERT_EQ(RunCommand({"origin", "register", "--ip", "10.0.0.9", "--server", "s", "--service",
                          "v", "--pid", "7", "--rtmp", "1935", "-o", format}),
              0);
    EXPECT_THAT(out_.str() + err_.str(), Not(HasSubstr("the-secret-lease"))) << format;
  }
}

TEST_F(RunTest, DeregisterAsksOnATerminal) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  environment_.input_is_terminal = true;
  EXPECT_EQ(RunCommand({"origin", "deregister", "a"}, "y\n"), 0);
  EXPECT_THAT(err_.str(), HasSubstr("Deregister origin a-run1-100?"));
  ASSERT_THAT(fake_.deregistered, SizeIs(1));
  EXPECT_EQ(fake_.deregistered[0].origin_id(), "a-run1-100");
}

TEST_F(RunTest, DeregisterDoesNothingUnlessTheAnswerIsYes) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  environment_.input_is_terminal = true;
  for (const char* answer : {"n\n", "\n", "", "yesterday\n"}) {
    EXPECT_EQ(RunCommand({"origin", "deregister", "a"}, answer), 1);
    EXPECT_THAT(err_.str(), HasSubstr("Error: nothing was done")) << answer;
  }
  EXPECT_THAT(fake_.deregistered, IsEmpty());
}

TEST_F(RunTest, DeregisterDoesNothingWithoutYesAndTerminal) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  EXPECT_EQ(RunCommand({"origin", "deregister", "a"}, "y\n"), 2);
  EXPECT_THAT(err_.str(), HasSubstr("--yes"));
  EXPECT_THAT(fake_.deregistered, IsEmpty());
}

TEST_F(RunTest, DeregisterDoesNothingWhenTheOriginIsAmbiguous) {
  fake_.origins = {MakeOrigin("a1", "10.0.0.1"), MakeOrigin("a2", "10.0.0.2"),
                   MakeOrigin("a3", "10.0.0.3")};
  EXPECT_EQ(RunCommand({"origin", "deregister", "a", "--yes"}), 2);
  EXPECT_THAT(err_.str(), HasSubstr("a3-run1-100"));  // From the second page.
  EXPECT_THAT(fake_.deregistered, IsEmpty());
}

TEST_F(RunTest, ExplainAsksForTheProtocolAndRole) {
  ASSERT_EQ(RunCommand({"stream", "explain", "srt://h:1?streamid=live/a", "--protocol", "srt",
                        "--role", "publisher"}),
            0);
  ASSERT_THAT(fake_.lookups, SizeIs(1));
  EXPECT_EQ(fake_.lookups[0].stream(), "srt://h:1?streamid=live/a");
  EXPECT_EQ(fake_.lookups[0].protocol(), v1::PROTOCOL_SRT);
  EXPECT_EQ(fake_.lookups[0].role(), v1::ROLE_PUBLISHER);
}

TEST_F(RunTest, ExplainNamesNothingWhenNoOriginCanServe) {
  EXPECT_EQ(RunCommand({"stream", "explain", "live/a", "-o", "name"}), 0);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(RunCommand({"stream", "explain", "live/a"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr("no origin can serve it"));
}

TEST_F(RunTest, TextThatIsNotUtf8IsRefused) {
  for (const char* key : {"live/\xff", "live/\xc3", "live/\xc0\xaf", "live/\xed\xa0\x80"}) {
    EXPECT_EQ(RunCommand({"stream", "get", key}), 2);
    EXPECT_THAT(err_.str(), testing::EndsWith("is not UTF-8\n"));
  }
  EXPECT_THAT(fake_.lookups, IsEmpty());
  EXPECT_EQ(RunCommand({"stream", "explain", "live/пример"}), 0);
}

TEST_F(RunTest, EveryPageIsFollowed) {
  for (int i = 0; i < 5; ++i) {
    fake_.streams.push_back(MakeStream("v/live/" + std::to_string(i), "o"));
  }
  ASSERT_EQ(RunCommand({"stream", "list", "-o", "name"}), 0);
  EXPECT_EQ(out_.str(), "v/live/0\nv/live/1\nv/live/2\nv/live/3\nv/live/4\n");
  EXPECT_EQ(fake_.list_calls, 3);
}

TEST_F(RunTest, LabelsAreSorted) {
  fake_.origins = {MakeOrigin("a", "10.0.0.1")};
  for (const char* key : {"x", "b", "m", "a"}) {
    (*fake_.origins[0].mutable_registration()->mutable_labels())[key] = "1";
  }
  ASSERT_EQ(RunCommand({"origin", "get", "a"}), 0);
  EXPECT_THAT(out_.str(), HasSubstr(" a=1,b=1,m=1,x=1\n"));
}

TEST_F(RunTest, NothingToListIsSaidBesideTheData) {
  EXPECT_EQ(RunCommand({"origin", "list"}), 0);
  EXPECT_EQ(out_.str(), "");
  EXPECT_EQ(err_.str(), "Note: no origin is known\n");
  EXPECT_EQ(RunCommand({"origin", "list", "-o", "json"}), 0);
  EXPECT_EQ(out_.str(), "{\"origins\":[],\"conflicts\":[],\"refusals\":[]}\n");
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
    EXPECT_EQ(out_.str(), "");
    EXPECT_EQ(err_.str(), "Error: these are the words\n") << row.code;
  }
}

TEST_F(RunTest, TheProxysWordsCannotSteerTheTerminal) {
  fake_.failure = grpc::Status(grpc::StatusCode::NOT_FOUND, "no stream \x1b[2J", "details");
  EXPECT_EQ(RunCommand({"proxy", "get"}), 3);
  EXPECT_EQ(err_.str(), "Error: no stream \\x1b[2J\n");
}

TEST_F(RunTest, AProxyThatDoesNotAnswerIsNamed) {
  fake_.silent = true;
  EXPECT_EQ(RunCommand({"proxy", "get", "--timeout", "50ms"}), 4);
  EXPECT_EQ(err_.str(), "Error: " + fake_.endpoint() +
                            " did not answer within 50ms; --timeout allows it more\n");
}

TEST_F(RunTest, AnUnreachableProxyIsNamed) {
  EXPECT_EQ(RunCommand({"proxy", "get", "--endpoint", "127.0.0.1:1"}), 4);
  EXPECT_THAT(err_.str(), HasSubstr("Error: 127.0.0.1:1 cannot be connected to"));
  EXPECT_THAT(err_.str(), HasSubstr("--endpoint"));
}

TEST_F(RunTest, TheNextEndpointIsAskedWhenOneCannotBeReached) {
  fake_.proxy.set_id("second");
  EXPECT_EQ(
      RunCommand({"proxy", "get", "-o", "name", "--endpoint", "127.0.0.1:1," + fake_.endpoint()}),
      0);
  EXPECT_EQ(out_.str(), "second\n");
  EXPECT_EQ(err_.str(),
            "Note: 127.0.0.1:1 cannot be connected to; asked " + fake_.endpoint() + " instead\n");
}

TEST_F(RunTest, TheFirstEndpointThatAnswersIsTheOnlyOneAsked) {
  FakeProxy second;
  fake_.failure = grpc::Status(grpc::StatusCode::INTERNAL, "broken", "details");
  EXPECT_EQ(
      RunCommand({"origin", "list", "--endpoint", fake_.endpoint() + "," + second.endpoint()}), 1);
  EXPECT_EQ(second.list_calls, 0);
}

TEST_F(RunTest, TheFlagWinsOverTheVariable) {
  environment_.variables["SRSPROXYCTL_ENDPOINT"] = "127.0.0.1:1";
  fake_.proxy.set_id("flagged");
  EXPECT_EQ(RunCommand({"proxy", "get", "-o", "name", "--endpoint", fake_.endpoint()}), 0);
  EXPECT_EQ(out_.str(), "flagged\n");
}

TEST_F(RunTest, GlobalOptionsMayStandBeforeTheCommand) {
  fake_.proxy.set_id("p");
  EXPECT_EQ(RunCommand({"-o", "name", "proxy", "get"}), 0);
  EXPECT_EQ(out_.str(), "p\n");
}

TEST_F(RunTest, OutputThatCannotBeWrittenIsAFailure) {
  out_.setstate(std::ios::badbit);
  EXPECT_EQ(RunCommand({"version"}), 1);
  EXPECT_EQ(err_.str(), "Error: the output could not be written\n");
}

}  // namespace
}  // namespace srsproxy::ctl
