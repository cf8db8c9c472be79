#include "dataplane/protocol/http/static_path.h"

#include <gtest/gtest.h>

namespace srsproxy::http {
namespace {

TEST(StaticPathTest, IsThePathBelowTheFolder) {
  struct Row {
    const char* target;
    std::optional<std::string> path;
  };
  const Row rows[] = {
      {"/", ""},
      {"/?a=b", ""},
      {"/index.html", "index.html"},
      {"/js/page.js?v=1", "js/page.js"},
      {"/js/", "js/"},
      {"/a%20b%C3%A9.txt", "a bé.txt"},
      {"/a%2fb", "a/b"},
      {"/a..b/c.", "a..b/c."},
      {"/%25", "%"},
      {"", std::nullopt},
      {"*", std::nullopt},
      {"/..", std::nullopt},
      {"/../etc/passwd", std::nullopt},
      {"/a/../../etc/passwd", std::nullopt},
      {"/%2e%2e/etc/passwd", std::nullopt},
      {"/%2E%2e%2fetc/passwd", std::nullopt},
      {"/a/%2e", std::nullopt},
      {"/.git/config", std::nullopt},
      {"/a/.hidden", std::nullopt},
      {"//etc/passwd", std::nullopt},
      {"/a//b", std::nullopt},
      {"/a%00.html", std::nullopt},
      {"/a%0a", std::nullopt},
      {"/..\\etc", std::nullopt},
      {"/a%5cb", std::nullopt},
      {"/a%", std::nullopt},
      {"/a%2", std::nullopt},
      {"/a%zz", std::nullopt},
  };
  for (const Row& row : rows) EXPECT_EQ(StaticPathOf(row.target), row.path) << row.target;
}

}  // namespace
}  // namespace srsproxy::http
