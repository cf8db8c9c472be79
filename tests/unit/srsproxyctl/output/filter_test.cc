#include "tools/srsproxyctl/output/filter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace srsproxy::ctl {
namespace {

const std::vector<std::string> kFields = {"id", "state"};

struct Row {
  const char* name;
  std::string term;
  std::string text;
  bool matches;
};

class FilterTermTest : public testing::TestWithParam<Row> {};

TEST_P(FilterTermTest, Matches) {
  const auto term = FilterTerm::Parse(GetParam().term, kFields);
  ASSERT_TRUE(term.ok()) << term.status();
  EXPECT_EQ(term->Matches(GetParam().text), GetParam().matches);
}

INSTANTIATE_TEST_SUITE_P(Terms, FilterTermTest,
                         testing::Values(Row{"Same", "state=live", "live", true},
                                         Row{"Longer", "state=live", "lively", false},
                                         Row{"Shorter", "state=live", "liv", false},
                                         Row{"Prefix", "state=li*", "live", true},
                                         Row{"NotThePrefix", "state=li*", "alive", false},
                                         Row{"Anything", "state=*", "", true},
                                         Row{"Nothing", "state=", "", true},
                                         Row{"NothingIsNotSomething", "state=", "live", false},
                                         Row{"EqualsInTheValue", "state=a=b", "a=b", true},
                                         Row{"StarInTheMiddle", "state=a*b", "axb", false}),
                         [](const auto& row) { return row.param.name; });

TEST(FilterTermParseTest, FindsTheField) {
  EXPECT_EQ(FilterTerm::Parse("id=x", kFields)->field(), 0u);
  EXPECT_EQ(FilterTerm::Parse("state=x", kFields)->field(), 1u);
}

TEST(FilterTermParseTest, NamesTheFieldsThereAre) {
  const auto term = FilterTerm::Parse("colour=red", kFields);
  EXPECT_EQ(term.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_THAT(std::string(term.status().message()), testing::HasSubstr("id, state"));
}

TEST(FilterTermParseTest, RefusesATermWithoutValue) {
  EXPECT_EQ(FilterTerm::Parse("state", kFields).status().code(),
            absl::StatusCode::kInvalidArgument);
}

}  // namespace
}  // namespace srsproxy::ctl
