#include "dataplane/proxy/rtmp/redirect.h"

#include <gtest/gtest.h>

namespace srsproxy {
namespace {

OriginSnapshot OneOrigin() {
  auto origin = std::make_shared<Origin>();
  origin->registration.ip = "10.0.0.7";
  origin->registration.rtmp = {{Transport::kTcp, "", 1935}, {Transport::kTcp, "", 1940}};
  OriginSnapshot snapshot;
  snapshot.origins.push_back(std::move(origin));
  return snapshot;
}

TEST(RedirectTest, LeadsToWhatIsRegistered) {
  const auto with_port = RedirectTarget("rtmp://10.0.0.7:1940/live/cam", OneOrigin());
  ASSERT_TRUE(with_port.ok()) << with_port.status();
  EXPECT_EQ(with_port->port, 1940);
  const auto without = RedirectTarget("rtmp://10.0.0.7/live/cam", OneOrigin());
  ASSERT_TRUE(without.ok()) << without.status();
  EXPECT_EQ(without->port, 1935);
}

TEST(RedirectTest, LeadsNowhereElse) {
  for (const char* url :
       {"rtmp://10.0.0.8:1935/live/cam", "rtmp://10.0.0.7:22/live/cam", "rtmp://[::1", "", "cam"}) {
    const auto target = RedirectTarget(url, OneOrigin());
    EXPECT_TRUE(absl::IsPermissionDenied(target.status())) << url;
    EXPECT_EQ(SideOf(target.status()), Side::kOrigin) << url;
  }
}

}  // namespace
}  // namespace srsproxy
