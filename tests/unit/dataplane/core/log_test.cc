#include "dataplane/core/log.h"

#include <unistd.h>

#include <condition_variable>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <absl/time/clock.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>

#include "dataplane/core/log_writer.h"

namespace srsproxy {
namespace {

using ::testing::ElementsAre;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;
using ::testing::SizeIs;

// The lines that `write` logs.
template <typename Write>
std::vector<std::string> Logged(LogOptions options, Write write) {
  std::vector<std::string> lines;  // Filled by the logger's thread, which ends with the logger.
  options.sink = [&](std::string_view line) { lines.emplace_back(line); };
  {
    Logger logger(std::move(options));
    write(logger);
  }
  return lines;
}

// The rest of the one line that `write` logs as text at level info, after its message `m`.
template <typename Write>
std::string FieldsText(Write write, std::vector<std::string> redact = {}) {
  const auto lines = Logged({.redact = std::move(redact)}, write);
  if (lines.size() != 1) return "not one line";
  const size_t message = lines[0].find(" INFO m");
  return message == std::string::npos ? lines[0] : lines[0].substr(message + 7);
}

TEST(LogTest, TextLineHasTimeLevelMessageAndFields) {
  const auto lines = Logged({}, [](const Logger& logger) {
    logger.Warn("origin registered", {{"origin", "a-b-c"}, {"streams", 3}});
  });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
                                     "\\.[0-9]{3}Z WARN origin registered origin=a-b-c streams=3"));
}

TEST(LogTest, JsonLineIsOneObject) {
  const auto lines = Logged({.format = LogFormat::kJson}, [](const Logger& logger) {
    logger.Error("say \"no\"", {{"text", "a\nb"}, {"count", 7u}, {"ratio", 0.25}, {"on", true}});
  });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], MatchesRegex("\\{\"time\":\"[0-9T:.-]+Z\",\"level\":\"error\",.*"));
  EXPECT_THAT(
      lines[0],
      EndsWith(R"("message":"say \"no\"","text":"a\nb","count":7,"ratio":0.25,"on":true})"));
}

TEST(LogTest, LevelsBelowTheChosenOneAreLeftOut) {
  const auto lines = Logged({.level = LogLevel::kWarn}, [](const Logger& logger) {
    EXPECT_FALSE(logger.Enabled(LogLevel::kInfo));
    EXPECT_TRUE(logger.Enabled(LogLevel::kWarn));
    logger.Debug("1");
    logger.Info("2");
    logger.Warn("3");
    logger.Error("4");
  });
  EXPECT_THAT(lines, ElementsAre(EndsWith("WARN 3"), EndsWith("ERROR 4")));
}

TEST(LogTest, LevelFormatAndRedactionMayChange) {
  const auto lines = Logged({.level = LogLevel::kWarn}, [](Logger& logger) {
    logger.Info("1", {{"token", "a"}});
    logger.Configure({.level = LogLevel::kDebug, .format = LogFormat::kJson, .redact = {"token"}});
    logger.Debug("2", {{"token", "a"}});
    logger.Configure({.level = LogLevel::kError});
    logger.Warn("3");
    logger.Error("4", {{"token", "a"}});
  });
  EXPECT_THAT(lines, ElementsAre(EndsWith(R"("message":"2","token":"***"})"),
                                 EndsWith(" ERROR 4 token=a")));
}

struct ValueCase {
  const char* name;
  std::string value;
  const char* text;
};

class LogValueTest : public ::testing::TestWithParam<ValueCase> {};

TEST_P(LogValueTest, StaysOneReadableWord) {
  const auto& param = GetParam();
  EXPECT_EQ(FieldsText([&](const Logger& logger) {
              logger.Info("m", {{"k", param.value}});
            }),
            std::string(" k=") + param.text);
}

INSTANTIATE_TEST_SUITE_P(Values, LogValueTest,
                         ::testing::Values(ValueCase{"plain", "live/a-1", "live/a-1"},
                                           ValueCase{"empty", "", R"("")"},
                                           ValueCase{"blank", "a b", R"("a b")"},
                                           ValueCase{"equals", "a=b", R"("a=b")"},
                                           ValueCase{"quote", "a\"b", R"("a\"b")"},
                                           ValueCase{"newline", "a\nINFO b", R"("a\nINFO b")"},
                                           ValueCase{"escape", "\x1b[2J", R"("\u001b[2J")"},
                                           ValueCase{"utf8", "поток", "поток"},
                                           ValueCase{"not_utf8", "a\xff\xc3", "\"a\uFFFD\uFFFD\""},
                                           ValueCase{"c1_control", "a\u009bb", R"("a\u009bb")"}),
                         [](const auto& test) { return test.param.name; });

TEST(LogTest, MessageCannotForgeALine) {
  const auto lines = Logged({}, [](const Logger& logger) { logger.Info("a\nb\x1b"); });
  EXPECT_THAT(lines, ElementsAre(EndsWith(R"(INFO a\nb\u001b)")));
}

TEST(LogTest, NumbersKeepTheirValue) {
  EXPECT_EQ(FieldsText([](const Logger& logger) {
              logger.Info("m", {{"least", std::numeric_limits<int64_t>::min()},
                                {"most", std::numeric_limits<uint64_t>::max()},
                                {"seconds", 123456.789},
                                {"nan", std::numeric_limits<double>::quiet_NaN()}});
            }),
            " least=-9223372036854775808 most=18446744073709551615 seconds=123456.789 nan=null");
}

TEST(LogTest, SecretsAreHiddenInMessagesValuesAndSecretFields) {
  const auto lines = Logged({.redact = {"token"}}, [](const Logger& logger) {
    logger.Info("bad url rtmp://h/app?token=SECRET1",
                {{"stream", "s?token=SECRET2&a=1"}, {"token", "SECRET3"}});
  });
  ASSERT_THAT(lines, SizeIs(1));
  EXPECT_THAT(lines[0], ::testing::Not(HasSubstr("SECRET")));
  EXPECT_THAT(lines[0], HasSubstr(R"(stream="s?token=***&a=1" token=***)"));
}

// A sink that holds the logger's thread until it is let go.
class Gate {
 public:
  void Wait() {
    std::unique_lock lock(mutex_);
    waiting_ = true;
    changed_.notify_all();
    changed_.wait(lock, [this] { return open_; });
  }
  void AwaitVisitor() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return waiting_; });
  }
  void Open() {
    const std::lock_guard lock(mutex_);
    open_ = true;
    changed_.notify_all();
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool waiting_ = false;
  bool open_ = false;
};

TEST(LogTest, FullQueueDropsTheOldestAndCountsWithoutBlocking) {
  Gate gate;
  std::vector<std::string> lines;
  std::optional<Logger> logger;
  logger.emplace(LogOptions{.queue_lines = 4, .sink = [&](std::string_view line) {
                              gate.Wait();
                              lines.emplace_back(line);
                            }});
  logger->Info("first");
  gate.AwaitVisitor();  // The writer holds the first line; four more fit.
  for (int i = 1; i <= 10; ++i) logger->Info("line", {{"i", i}});
  EXPECT_EQ(logger->dropped(), 6u);
  gate.Open();
  logger.reset();
  ASSERT_THAT(lines, SizeIs(::testing::Ge(4u)));
  EXPECT_THAT(lines.front(), EndsWith("first"));
  EXPECT_THAT(lines.back(), EndsWith("i=10"));
}

TEST(LogWriterTest, EndsWhileItsSinkBlocks) {
  const auto gate = std::make_shared<Gate>();  // Outlives this test in the sink that is left alone.
  {
    LogWriter writer(4, [gate](std::string_view) {
      gate->Wait();
      return true;
    });
    writer.Write("held");
    writer.Write("waits");
    gate->AwaitVisitor();
    EXPECT_FALSE(writer.Flush(absl::Milliseconds(10)));
    gate->Open();
    EXPECT_TRUE(writer.Flush(absl::Seconds(20)));
  }
  const auto never = std::make_shared<Gate>();
  auto blocked = std::make_optional<LogWriter>(4, [never](std::string_view) {
    never->Wait();
    return true;
  });
  blocked->Write("held");
  never->AwaitVisitor();
  const absl::Time start = absl::Now();
  blocked.reset();
  EXPECT_LT(absl::Now() - start, absl::Seconds(5));
  never->Open();
}

TEST(LogWriterTest, CountsWhatTheSinkLoses) {
  LogWriter writer(4, [](std::string_view line) { return line == "kept"; });
  writer.Write("kept");
  writer.Write("lost");
  EXPECT_TRUE(writer.Flush(absl::Seconds(20)));
  EXPECT_EQ(writer.dropped(), 1u);
}

TEST(LogWriterTest, WaitsForANonBlockingDescriptor) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_NONBLOCK), 0);
  const std::string line(1 << 18, 'x');  // More than a pipe holds.
  std::jthread writer([&] { EXPECT_TRUE(WriteLineTo(ends[1], line)); });
  size_t got = 0;
  std::string buffer(4096, '\0');
  while (got < line.size() + 1) {
    pollfd readable{ends[0], POLLIN, 0};
    ASSERT_EQ(poll(&readable, 1, 20'000), 1);
    const ssize_t count = read(ends[0], buffer.data(), buffer.size());
    ASSERT_GT(count, 0);
    got += static_cast<size_t>(count);
  }
  writer.join();
  close(ends[0]);
  EXPECT_FALSE(WriteLineTo(ends[0], "nobody"));
  close(ends[1]);
}

TEST(LogTest, ThreadsMayLogAtOnce) {
  constexpr int kThreads = 4;
  constexpr int kLines = 200;
  const auto lines = Logged({.queue_lines = kThreads * kLines}, [](const Logger& logger) {
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t) {
      threads.emplace_back([&logger, t] {
        for (int i = 0; i < kLines; ++i) logger.Info("m", {{"thread", t}, {"i", i}});
      });
    }
  });
  EXPECT_THAT(lines, SizeIs(kThreads * kLines));
}

}  // namespace
}  // namespace srsproxy
