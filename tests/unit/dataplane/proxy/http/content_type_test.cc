#include "dataplane/proxy/http/content_type.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

TEST(ContentTypeTest, IsByTheExtension) {
  EXPECT_EQ(ContentTypeOf("index.html"), "text/html; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("js/page.JS"), "text/javascript; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("a.b/c.min.css"), "text/css; charset=utf-8");
  EXPECT_EQ(ContentTypeOf("favicon.svg"), "image/svg+xml");
  for (const char* unknown : {"", "README", "a.html/b", "a.unknown", "a."}) {
    EXPECT_EQ(ContentTypeOf(unknown), "application/octet-stream") << unknown;
  }
}

}  // namespace
}  // namespace srsproxy
