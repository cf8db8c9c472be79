#include "dataplane/protocol/srs_api/json_text.h"

#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace srsproxy::srs_api {
namespace {

namespace json = boost::json;

TEST(JsonTextTest, IsWrittenAsItWasRead) {
  const std::vector<std::string> texts = {
      "{}",
      "[]",
      "null",
      R"({"a":[],"b":{},"c":[1,-2,18446744073709551615,true,false,null]})",
      R"({"mem_percent":0.57,"load_1m":3.21,"alive":0.1,"tiny":1e-09,"half":0.5})",
      R"(["\"\\\n","é","\u0001"])",
  };
  for (const std::string& text : texts) EXPECT_EQ(WriteJson(json::parse(text)), text);
}

TEST(JsonTextTest, WhatIsTooLargeIsNoNumber) {
  EXPECT_EQ(WriteJson(json::parse("[1e400,-1e400]")), "[null,null]");
}

TEST(JsonTextTest, EveryHundredthStaysOne) {
  for (int i = 1; i < 10'000; ++i) {
    const std::string text =
        std::to_string(i / 100) + (i % 100 < 10 ? ".0" : ".") + std::to_string(i % 100);
    EXPECT_EQ(json::parse(WriteJson(json::parse(text))).to_number<double>(), std::stod(text));
    EXPECT_LE(WriteJson(json::parse(text)).size(), text.size());
  }
}

TEST(JsonTextTest, Jsonp) { EXPECT_EQ(AsJsonp(R"({"code":0})", "f.g"), R"(f.g({"code":0}))"); }

}  // namespace
}  // namespace srsproxy::srs_api
