#include "tools/srsproxyctl/output/text.h"

#include <gtest/gtest.h>

#include "srsproxy/v1/origin.pb.h"
#include "srsproxy/v1/session.pb.h"

namespace srsproxy::ctl {
namespace {

TEST(TextTest, AnEnumReadsWithoutItsPrefix) {
  EXPECT_EQ(EnumText(v1::ORIGIN_HEALTH_DEAD), "dead");
  EXPECT_EQ(EnumText(v1::PROTOCOL_HTTP_FLV), "http_flv");
  EXPECT_EQ(EnumText(v1::ADMIN_STATE_UNSPECIFIED), "unspecified");
  EXPECT_EQ(EnumText(static_cast<v1::AdminState>(99)), "unknown");
}

TEST(TextTest, AnEnumIsFoundByItsText) {
  const auto roles = EnumsByText<v1::Role>();
  EXPECT_EQ(roles, (std::map<std::string, v1::Role>{{"publisher", v1::ROLE_PUBLISHER},
                                                    {"viewer", v1::ROLE_VIEWER}}));
  EXPECT_EQ(EnumsByText<v1::Protocol>().at("webrtc"), v1::PROTOCOL_WEBRTC);
}

}  // namespace
}  // namespace srsproxy::ctl
