#include "controlplane/services/stream_lookup.h"

#include <gtest/gtest.h>

#include "controlplane/call_status.h"

namespace srsproxy::control {
namespace {

std::string ReasonOf(const std::string& text) {
  return ErrorInfoOf(StreamKeyOf(text, VhostPolicy()).status()).reason();
}

TEST(StreamLookupTest, AStreamIsNamedByItsKeyOrItsAddress) {
  for (const char* text : {"live/cam", "__defaultVhost__/live/cam", "rtmp://127.0.0.1/live/cam"}) {
    const auto key = StreamKeyOf(text, VhostPolicy());
    ASSERT_TRUE(key.ok()) << text << ": " << key.status();
    EXPECT_EQ(key->ToString(), "__defaultVhost__/live/cam") << text;
  }
}

TEST(StreamLookupTest, WhatNamesNoStreamIsRefused) {
  EXPECT_EQ(ReasonOf(""), "INVALID_FIELD");
  EXPECT_EQ(ReasonOf("cam"), "INVALID_STREAM_NAME");
}

}  // namespace
}  // namespace srsproxy::control
