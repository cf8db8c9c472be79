// `srsproxyctl proxy top`.
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/srsproxyctl/command_test.h"

namespace srsproxy::ctl {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

class TopTest : public CommandTest {
 protected:
  TopTest() {
    fake_.proxy.set_id("edge-1");
    fake_.proxy.set_ready(true);
    fake_.proxy.set_origins(1);
    fake_.proxy.set_streams(4);
    fake_.proxy.set_sessions(342);
    fake_.origins = {MakeOrigin("a", "10.0.0.1")};
    fake_.origins[0].mutable_load()->set_cpu_ratio(0.25);
    fake_.origins[0].mutable_load()->set_bits_per_second(12'345'678);
    fake_.origins[0].set_streams(4);
  }
};

TEST_F(TopTest, WithoutATerminalItIsShownOnce) {
  EXPECT_EQ(RunCommand("proxy top"), 0) << err();
  EXPECT_EQ(out(),
            "PROXY   READY  ORIGINS  STREAMS  SESSIONS  NEW/S  IN          OUT\n"
            "edge-1  yes    1        4        342       1.5    1.0 Mbit/s  500.0 Mbit/s\n"
            "\n"
            "ORIGIN      HEALTH   STREAMS  CPU   MEMORY  CONNECTIONS  BIT RATE\n"
            "a-run1-100  healthy  4        25 %  -       -            12.3 Mbit/s\n");
  EXPECT_THAT(slept_, testing::ElementsAre(absl::Seconds(2)));
}

TEST_F(TopTest, ItIsShownAsOftenAsRequested) {
  EXPECT_EQ(RunCommand("proxy top --count 3 --interval 1s -o name"), 0);
  EXPECT_EQ(out(), "edge-1\na-run1-100\nedge-1\na-run1-100\nedge-1\na-run1-100\n");
  EXPECT_THAT(slept_, SizeIs(3));
}

TEST_F(TopTest, OnATerminalItIsDrawnAnewUntilItFails) {
  environment_.output_is_terminal = true;
  environment_.sleep = [this](absl::Duration duration) {
    now_ += duration;
    slept_.push_back(duration);
    if (slept_.size() == 3) fake_.failure = grpc::Status(grpc::StatusCode::INTERNAL, "broken");
  };
  EXPECT_EQ(RunCommand("proxy top"), 1);
  const std::string clear = "\x1b[H\x1b[2J";
  EXPECT_THAT(out(), testing::StartsWith(clear));
  EXPECT_NE(out().find(clear, 1), std::string::npos);
}

TEST_F(TopTest, AProxyThatRestartedHasNoRates) {
  environment_.sleep = [this](absl::Duration duration) {
    now_ += duration;
    fake_.proxy.set_pid(99);
    fake_.proxy.set_bytes_in(0);
  };
  EXPECT_EQ(RunCommand("proxy top"), 0);
  EXPECT_THAT(out(), HasSubstr("0.0    0 bit/s  0 bit/s\n"));
}

}  // namespace
}  // namespace srsproxy::ctl
