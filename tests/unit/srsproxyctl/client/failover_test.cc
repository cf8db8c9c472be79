// Which proxy is asked, and which one next.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

const grpc::Status kUnavailable =
    MakeFailure(grpc::StatusCode::UNAVAILABLE, "srsproxy is stopping", "UNAVAILABLE");

class FailoverTest : public CommandTest {
 protected:
  FailoverTest() {
    fake_.origins = second_.origins = {MakeOrigin("a", "10.0.0.1")};
    second_.proxy.set_id("second");
    environment_.variables["SRSPROXYCTL_ENDPOINT"] = fake_.endpoint() + "," + second_.endpoint();
  }

  FakeProxy second_;
};

TEST_F(FailoverTest, AReadingCallIsMadeAtTheNextProxy) {
  fake_.failure = kUnavailable;
  EXPECT_EQ(RunCommand("proxy get -o name"), 0);
  EXPECT_EQ(out(), "second\n");
  EXPECT_EQ(err(), "Note: " + fake_.endpoint() + " is unavailable; asked " + second_.endpoint() +
                       " instead\n");
}

TEST_F(FailoverTest, AChangeWithARequestIdIsMadeAtTheNextProxyUnderTheSameId) {
  fake_.failure = kUnavailable;
  EXPECT_EQ(RunCommand("origin cordon a"), 0);
  ASSERT_THAT(fake_.request_ids(), SizeIs(1));
  EXPECT_EQ(second_.request_ids(), fake_.request_ids());
}

TEST_F(FailoverTest, AChangeWithoutRequestIdIsNeverMadeTwice) {
  fake_.failure = kUnavailable;
  EXPECT_EQ(RunCommand("origin register --ip 10.0.0.9 --server s --service r --pid 1 --rtmp 1935"),
            4);
  EXPECT_THAT(second_.calls(), IsEmpty());
}

TEST_F(FailoverTest, WhatConcernsOneProxyIsNotAskedOfAnother) {
  fake_.failure = kUnavailable;
  for (const char* command : {"proxy drain --yes", "config reload", "config set log_level=debug",
                              "rebalance cancel", "rebalance apply p --yes"}) {
    EXPECT_EQ(RunCommand(command), 4) << command;
  }
  EXPECT_THAT(second_.calls(), IsEmpty());
}

TEST_F(FailoverTest, AChangeThatMayHaveBeenDoneIsReported) {
  fake_.failure = grpc::Status(grpc::StatusCode::UNAVAILABLE, "Socket closed");
  EXPECT_EQ(RunCommand("config reload"), 4);
  EXPECT_THAT(err(), HasSubstr("It may have been done all the same"));
  EXPECT_EQ(RunCommand("proxy get --endpoint " + fake_.endpoint()), 4);
  EXPECT_THAT(err(), testing::Not(HasSubstr("may have been done")));
}

TEST_F(FailoverTest, OnlyUnavailableIsAReasonToAskAnother) {
  for (const auto code : {grpc::StatusCode::INTERNAL, grpc::StatusCode::PERMISSION_DENIED,
                          grpc::StatusCode::NOT_FOUND, grpc::StatusCode::ABORTED}) {
    fake_.failure = MakeFailure(code, "no", "INTERNAL");
    EXPECT_NE(RunCommand("proxy get"), 0);
  }
  EXPECT_THAT(second_.calls(), IsEmpty());
}

TEST_F(FailoverTest, AListIsNotPiecedTogetherFromTwoProxies) {
  fake_.streams.resize(5, MakeStream("v/live/a", "o"));
  fake_.failure = kUnavailable;
  fake_.failing_page = true;
  EXPECT_EQ(RunCommand("stream list"), 4);
  EXPECT_THAT(fake_.calls(), SizeIs(2));
  EXPECT_THAT(second_.calls(), IsEmpty());
}

TEST_F(FailoverTest, WhenNobodyAnswersEachIsNamed) {
  environment_.variables["SRSPROXYCTL_ENDPOINT"] = "127.0.0.1:1,127.0.0.1:2";
  EXPECT_EQ(RunCommand("proxy get"), 4);
  EXPECT_THAT(err(), HasSubstr("127.0.0.1:1 cannot be connected to; 127.0.0.1:2 cannot be"));
}

}  // namespace
}  // namespace srsproxy::ctl
