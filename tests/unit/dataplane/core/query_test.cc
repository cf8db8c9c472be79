#include "dataplane/core/query.h"

#include <string>

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

// `name>value` of each parameter, with a blank between them.
std::string Parameters(std::string_view query, std::string_view separators = "&") {
  std::string all;
  while (!query.empty()) {
    const QueryParameter parameter = TakeParameter(query, separators);
    ((((all += all.empty() ? "" : " ") += parameter.name) += '>') += parameter.value);
  }
  return all;
}

TEST(QueryTest, ParametersAreTakenOneAfterAnother) {
  EXPECT_EQ(Parameters("a=b&c=d"), "a>b c>d");
  EXPECT_EQ(Parameters("a=b=c"), "a>b=c");
  EXPECT_EQ(Parameters(""), "");
}

TEST(QueryTest, AnyPartMayBeMissing) {
  EXPECT_EQ(Parameters("a&=b&c="), "a> >b c>");
  EXPECT_EQ(Parameters("&&"), "> >");
  EXPECT_EQ(Parameters("a=b&"), "a>b");
}

TEST(QueryTest, WhatRfc3986DoesNotAllowIsReadAllTheSame) {
  EXPECT_EQ(Parameters("a=100%&b=<x>&c=\xff"), "a>100% b><x> c>\xff");
}

TEST(QueryTest, SeparatorsMayBeOthers) {
  EXPECT_EQ(Parameters("a=b;c=d,e", ";,"), "a>b c>d e>");
  EXPECT_EQ(Parameters("a=b&c=d", ";"), "a>b&c=d");
}

}  // namespace
}  // namespace srsproxy
