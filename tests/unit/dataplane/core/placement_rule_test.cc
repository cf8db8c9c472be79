#include "dataplane/core/placement_rule.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

struct GlobCase {
  const char* name;
  const char* glob;
  const char* vhost;
  const char* app;
  bool fits;
};

class PlacementGlobTest : public testing::TestWithParam<GlobCase> {};

TEST_P(PlacementGlobTest, FitsVhostAndApp) {
  const GlobCase& row = GetParam();
  const auto rule = PlacementRule::Parse(std::string(row.glob) + " -> a=b");
  ASSERT_TRUE(rule.ok()) << rule.status();
  EXPECT_EQ(rule->Fits({row.vhost, row.app, "stream"}), row.fits);
}

INSTANTIATE_TEST_SUITE_P(
    Globs, PlacementGlobTest,
    testing::Values(GlobCase{"same", "v.com/live", "v.com", "live", true},
                    GlobCase{"other_app", "v.com/live", "v.com", "lives", false},
                    GlobCase{"other_vhost", "v.com/live", "w.com", "live", false},
                    GlobCase{"alone_fits_all", "*", "v.com", "a/b/c", true},
                    GlobCase{"any_vhost", "*/live", "v.com", "live", true},
                    GlobCase{"any_app", "v.com/*", "v.com", "live", true},
                    GlobCase{"any_app_of_one_level", "v.com/*", "v.com", "a/b", false},
                    GlobCase{"two_levels", "v.com/*/*", "v.com", "a/b", true},
                    GlobCase{"too_many_levels", "v.com/*/*", "v.com", "a", false},
                    GlobCase{"within_a_level", "*/a*/b", "v.com", "ax/b", true},
                    GlobCase{"not_over_a_level", "*/a*b", "v.com", "a/b", false},
                    GlobCase{"prefix", "*.com/live*", "v.com", "live-hd", true},
                    GlobCase{"star_is_nothing", "v.com/live*", "v.com", "live", true},
                    GlobCase{"backtracks", "*/*aab", "v.com", "aaaab", true},
                    GlobCase{"two_stars", "*/*a*b*", "v.com", "xaxbx", true},
                    GlobCase{"one_character", "v?com/liv?", "v.com", "live", true},
                    GlobCase{"question_is_no_level", "v.com?live/*", "v.com", "live/a", false},
                    GlobCase{"question_needs_one", "v.com/live?", "v.com", "live", false},
                    GlobCase{"any_of_both", "*/*", "v.com", "live", true}),
    [](const auto& row) { return row.param.name; });

TEST(PlacementRuleTest, SelectsByLabelsZoneAndServer) {
  Origin origin;
  origin.zone = "eu-1";
  origin.registration.server = "vid-1";
  origin.registration.zone = "told";
  origin.labels = {{"disk", "ssd"}, {"gpu", "yes"}, {"zone", "a label"}};
  const auto selects = [&](const std::string& selector) {
    return PlacementRule::Parse("* -> " + selector).value().Selects(origin);
  };
  EXPECT_TRUE(selects("disk=ssd"));
  EXPECT_TRUE(selects("disk=ssd,gpu=yes"));
  EXPECT_FALSE(selects("disk=ssd,gpu=no"));
  EXPECT_FALSE(selects("rack=7"));
  EXPECT_TRUE(selects("zone=eu-1")) << "as an operator may have set it";
  EXPECT_FALSE(selects("zone=told"));
  EXPECT_TRUE(selects("server=vid-1,zone=eu-1"));
  EXPECT_FALSE(selects("server=vid-2"));
}

TEST(PlacementRuleTest, ReadsBackWhatItShows) {
  const auto rule = PlacementRule::Parse("  */live->disk = ssd , zone=eu-1 ").value();
  EXPECT_EQ(rule.ToString(), "*/live -> disk=ssd,zone=eu-1");
  EXPECT_EQ(PlacementRule::Parse(rule.ToString()).value(), rule);
}

TEST(PlacementRuleTest, NamesWhatIsWrong) {
  const std::pair<const char*, const char*> rows[] = {
      {"v.com/live", "'v.com/live': is not written `glob -> label=value`"},
      {"live -> a=b", "'live -> a=b': the glob is neither of `vhost/app` nor `*`"},
      {" -> a=b", "' -> a=b': the glob is neither of `vhost/app` nor `*`"},
      {"* ->", "'* ->': the selector is no list of `label=value`"},
      {"* -> a", "'* -> a': the selector is no list of `label=value`"},
      {"* -> a=", "'* -> a=': the selector is no list of `label=value`"},
      {"* -> =b", "'* -> =b': the selector is no list of `label=value`"},
      {"* -> a=b,", "'* -> a=b,': the selector is no list of `label=value`"},
      {"* -> a=b,a=c", "'* -> a=b,a=c': the label a is given twice"},
      {"* -> a=\xff", "'* -> a=\\xff': is not printable UTF-8"},
  };
  for (const auto& [text, message] : rows) {
    const auto rule = PlacementRule::Parse(text);
    EXPECT_EQ(rule.status().code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(MessageOf(rule.status()), message);
  }
}

}  // namespace
}  // namespace srsproxy
