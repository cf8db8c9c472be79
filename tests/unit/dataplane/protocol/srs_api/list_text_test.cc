#include "dataplane/protocol/srs_api/list_text.h"

#include <string>
#include <vector>

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gtest/gtest.h>

namespace srsproxy::srs_api {
namespace {

json::array Items(const std::string& text) { return json::parse(text).as_array(); }

TEST(ListTextTest, ItemsAreCutAndMarked) {
  const auto items = Items(R"([{"id":"1"},{"id":"2","origin":"x"},{"id":"3"},{"id":"4"}])");
  EXPECT_EQ(WriteItems("vid-a", items, {1, 2}),
            R"({"id":"2","origin":"vid-a"},{"id":"3","origin":"vid-a"})");
  EXPECT_EQ(WriteItems("vid-a", items, {4, 0}), "");
  EXPECT_EQ(WriteItems("a\"b", items, {3, 1}), R"({"id":"4","origin":"a\"b"})");
}

TEST(ListTextTest, PartsMakeOneList) {
  const json::object head{{"code", 0}};
  const json::object tail{{"more", false}};
  const std::vector<std::string> parts = {"", R"({"id":"1"})", "", R"({"id":"2"},{"id":"3"})"};
  EXPECT_EQ(WriteList(head, Resource::kStreams, parts, tail),
            R"({"code":0,"streams":[{"id":"1"},{"id":"2"},{"id":"3"}],"more":false})");
  EXPECT_EQ(WriteList(head, Resource::kClients, {}, tail),
            R"({"code":0,"clients":[],"more":false})");
}

}  // namespace
}  // namespace srsproxy::srs_api
