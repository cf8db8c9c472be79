#include "controlplane/config/config_docs.h"

#include <fstream>
#include <iterator>
#include <string>

#include <gtest/gtest.h>

namespace srsproxy::control {
namespace {

TEST(ConfigDocsTest, PageInTheTreeIsCurrent) {
  std::ifstream file(SRSPROXY_CONFIGURATION_PAGE);
  const std::string page{std::istreambuf_iterator<char>(file), {}};
  EXPECT_TRUE(page == ConfigurationPage())
      << "docs/configuration.md is not what config.proto says; make it again:\n"
         "  build/dev/bin/srsproxy --print-config-docs > docs/configuration.md";
}

}  // namespace
}  // namespace srsproxy::control
