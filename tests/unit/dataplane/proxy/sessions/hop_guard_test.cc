#include "dataplane/proxy/sessions/hop_guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_clock.h"

namespace srsproxy {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

constexpr BootId kOwn{0x1111111111111111};
constexpr BootId kOther{0x2222222222222222};

http::Fields FieldsWith(std::initializer_list<const char*> lines) {
  http::Fields fields;
  for (const char* line : lines) fields.insert(kHopsField, line);
  return fields;
}

TEST(HopsOfTest, AllLinesCount) {
  EXPECT_TRUE(HopsOf({}).empty());
  EXPECT_EQ(HopsOf(FieldsWith({"2222222222222222"})).size(), 1);
  const auto hops = HopsOf(FieldsWith({"2222222222222222", "what?", "1111111111111111"}));
  EXPECT_EQ(hops.ToText(), "2222222222222222, 1111111111111111");
}

class HopGuardTest : public ::testing::Test {
 protected:
  static LogOptions Options(std::vector<std::string>& lines) {
    LogOptions options;
    options.sink = [&lines](std::string_view line) { lines.emplace_back(line); };
    return options;
  }

  std::vector<std::string> lines_;
  FakeClock clock_;
  std::unique_ptr<Logger> logger_ = std::make_unique<Logger>(Options(lines_));
  HopGuard guard_{kOwn, clock_, *logger_};
};

TEST_F(HopGuardTest, PutsItselfBeforeTheHops) {
  http::Fields fields = FieldsWith({"3333333333333333", "2222222222222222"});
  guard_.Mark(fields, HopsOf(fields));
  EXPECT_EQ(fields.count(kHopsField), 1U);
  EXPECT_EQ(http::ValueOf(fields, kHopsField),
            "1111111111111111, 3333333333333333, 2222222222222222");
  guard_.Mark(fields, {});
  EXPECT_EQ(http::ValueOf(fields, kHopsField), "1111111111111111");
}

TEST_F(HopGuardTest, RefusesALoopAndLogsItOnceInAWhile) {
  EXPECT_TRUE(guard_.Check(HopList().Through(kOther), "10.0.0.1:5").ok());
  const HopList loop = HopList().Through(kOwn).Through(kOther);
  for (int i = 0; i < 500; ++i) EXPECT_TRUE(IsLoop(guard_.Check(loop, "10.0.0.1:5")));
  clock_.Advance(absl::Seconds(11));
  EXPECT_TRUE(IsLoop(guard_.Check(loop, "10.0.0.1:5")));
  logger_.reset();
  ASSERT_THAT(lines_, SizeIs(2));
  EXPECT_THAT(lines_[0], HasSubstr("10.0.0.1:5"));
  EXPECT_THAT(lines_[0], Not(HasSubstr("2222"))) << "the mark is never logged";
  EXPECT_THAT(lines_[1], HasSubstr("refused=500"));
}

}  // namespace
}  // namespace srsproxy
