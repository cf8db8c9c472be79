#include "controlplane/services/page.h"

#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

TEST(PageTest, TheTokenLeadsBackToThePosition) {
  const std::string position("live\0camera \xff/1", 15);
  const auto page = ParsePage(7, MakePageToken(position));
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->size, 7U);
  EXPECT_EQ(page->after, position);
}

struct SizeCase {
  const char* name;
  int32_t requested;
  size_t given;
};

class PageSizeTest : public testing::TestWithParam<SizeCase> {};

TEST_P(PageSizeTest, IsBounded) {
  const auto page = ParsePage(GetParam().requested, "");
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->size, GetParam().given);
  EXPECT_EQ(page->after, "");
}

INSTANTIATE_TEST_SUITE_P(Sizes, PageSizeTest,
                         testing::Values(SizeCase{"Default", 0, 100}, SizeCase{"One", 1, 1},
                                         SizeCase{"Largest", 1000, 1000},
                                         SizeCase{"TooLarge", 1001, 1000},
                                         SizeCase{"Huge", 2147483647, 1000}),
                         [](const auto& test) { return std::string(test.param.name); });

TEST(PageTest, ANegativeSizeIsRefused) {
  const auto page = ParsePage(-1, "");
  EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ErrorInfoOf(page.status()).metadata().at("field"), "page_size");
}

TEST(PageTest, AForeignTokenIsRefused) {
  for (const char* token : {"%%%", "bGl2ZQ", "MjpsaXZl"}) {
    const auto page = ParsePage(0, token);
    EXPECT_EQ(page.status().code(), absl::StatusCode::kInvalidArgument) << token;
    EXPECT_EQ(ErrorInfoOf(page.status()).reason(), "INVALID_PAGE_TOKEN") << token;
  }
}

}  // namespace
}  // namespace srsproxy::control
