#include "tools/srsproxyctl/output/yaml.h"

#include <ostream>

#include <gtest/gtest.h>

namespace srsproxy::ctl {
namespace {

struct Row {
  const char* name;
  const char* json;
  const char* yaml;
};

void PrintTo(const Row& row, std::ostream* out) { *out << row.name; }

class YamlTest : public testing::TestWithParam<Row> {};

TEST_P(YamlTest, IsTheSameDocument) { EXPECT_EQ(YamlOfJson(GetParam().json), GetParam().yaml); }

INSTANTIATE_TEST_SUITE_P(
    Documents, YamlTest,
    testing::Values(
        Row{"FieldsKeepTheirOrder", R"({"b":1,"a":true})", "b: 1\na: true\n"},
        Row{"Text", R"({"id":"vid-1","key":"__defaultVhost__/live/x"})",
            "id: vid-1\nkey: __defaultVhost__/live/x\n"},
        Row{"TextThatLooksOtherwise",
            R"({"a":"12","b":"true","c":"","d":"2026-01-02T03:04:05Z","e":"no","f":"null"})",
            "a: \"12\"\nb: \"true\"\nc: \"\"\nd: \"2026-01-02T03:04:05Z\"\ne: \"no\"\n"
            "f: \"null\"\n"},
        Row{"TextWithMarks", R"({"a":"x: y","b":"# no","c":"a\nb"})",
            "a: \"x: y\"\nb: \"# no\"\nc: \"a\\nb\"\n"},
        Row{"Lists", R"({"a":["x","z"],"b":[],"c":{}})", "a:\n  - x\n  - z\nb: []\nc: {}\n"},
        Row{"ListOfMessages", R"([{"a":1,"b":{"c":[2]}}])", "- a: 1\n  b:\n    c:\n      - 2\n"}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace srsproxy::ctl
