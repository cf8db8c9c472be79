#include "dataplane/proxy/hls/fingerprint.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

TEST(FingerprintTest, IsTheFirstHalfOfSha256) {
  EXPECT_EQ(Fingerprint(""), "e3b0c44298fc1c149afbf4c8996fb924");
  EXPECT_EQ(Fingerprint("abc"), "ba7816bf8f01cfea414140de5dae2223");
}

}  // namespace
}  // namespace srsproxy
